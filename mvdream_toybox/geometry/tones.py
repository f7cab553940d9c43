"""The colors of materials that no caption names, and the choice of one that is seen on another."""

import numpy as np

from mvdream_toybox.geometry.parts import Color

TYRE = (0.09, 0.09, 0.10)
METAL = (0.76, 0.78, 0.81)
STEEL = (0.50, 0.53, 0.57)
DARK = (0.17, 0.17, 0.19)
WHITE = (0.95, 0.95, 0.93)
WOOD = (0.55, 0.35, 0.18)
DARK_WOOD = (0.36, 0.21, 0.11)
GOLD = (0.93, 0.72, 0.20)
LAMP = (1.0, 0.95, 0.68)
TAIL_LAMP = (0.82, 0.06, 0.05)


def glass_for(main: Color) -> Color:
    """Window color that stands out from a body color: pale on dark bodies, dark on light ones."""
    brightness = 0.3 * main[0] + 0.6 * main[1] + 0.1 * main[2]
    return (0.62, 0.76, 0.84) if brightness < 0.3 else (0.16, 0.22, 0.29)


def contrast(main: Color, first: Color, second: Color) -> Color:
    """`first`, or `second` when `first` is too near `main` to be seen on it; black or white when both are."""
    for color in (first, second, WHITE):
        if np.abs(np.subtract(main, color)).sum() > 0.45:
            return color
    return DARK
