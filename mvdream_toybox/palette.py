"""The colors, materials and patterns that captions name, and the paints that they stand for."""

import numpy as np

from mvdream_toybox.geometry.paints import darker, lighter, spots, stripes
from mvdream_toybox.geometry.parts import Color, Paint

# Canonical name -> sRGB in [0, 1]. Far enough from each other that a 64 px picture tells them apart.
PLAIN: dict[str, Color] = {
    "red": (0.84, 0.11, 0.11),
    "orange": (0.96, 0.50, 0.08),
    "yellow": (0.98, 0.84, 0.14),
    "lime": (0.62, 0.87, 0.20),
    "green": (0.16, 0.56, 0.22),
    "teal": (0.04, 0.50, 0.50),
    "cyan": (0.12, 0.86, 0.88),
    "light blue": (0.50, 0.76, 0.96),
    "blue": (0.15, 0.34, 0.86),
    "navy": (0.08, 0.12, 0.38),
    "purple": (0.50, 0.20, 0.70),
    "lavender": (0.76, 0.66, 0.93),
    "pink": (0.98, 0.54, 0.73),
    "magenta": (0.86, 0.10, 0.55),
    "maroon": (0.46, 0.06, 0.13),
    "brown": (0.46, 0.27, 0.13),
    "tan": (0.83, 0.65, 0.43),
    "beige": (0.95, 0.88, 0.72),
    "white": (0.95, 0.95, 0.94),
    "gray": (0.39, 0.40, 0.42),  # darker than the background of the pictures (0.5) even where the lamp shines on it
    "black": (0.09, 0.09, 0.10),
}
MATERIALS: dict[str, Color] = {
    "golden": (0.91, 0.69, 0.17),
    "silver": (0.76, 0.78, 0.82),
    "bronze": (0.62, 0.41, 0.20),
    "wooden": (0.68, 0.45, 0.24),
    "stone": (0.60, 0.58, 0.54),
}
COLORS: dict[str, Color] = {**PLAIN, **MATERIALS}

# Words for a color, the canonical one first.
COLOR_WORDS: dict[str, tuple[str, ...]] = {name: (name,) for name in COLORS} | {
    "red": ("red", "crimson", "scarlet", "bright red"),
    "orange": ("orange", "tangerine"),
    "yellow": ("yellow", "lemon yellow"),
    "lime": ("lime", "lime green", "light green"),
    "green": ("green", "emerald", "dark green"),
    "cyan": ("cyan", "turquoise", "aqua"),
    "magenta": ("magenta", "hot pink", "fuchsia"),
    "light blue": ("light blue", "sky blue"),
    "blue": ("blue", "royal blue", "cobalt"),
    "navy": ("navy", "navy blue", "dark blue"),
    "purple": ("purple", "violet"),
    "lavender": ("lavender", "lilac"),
    "pink": ("pink", "rose"),
    "maroon": ("maroon", "burgundy", "dark red"),
    "brown": ("brown", "chocolate brown"),
    "tan": ("tan", "light brown"),
    "beige": ("beige", "cream", "ivory"),
    "white": ("white", "snow white"),
    "gray": ("gray", "grey"),
    "black": ("black", "jet black"),
    "golden": ("golden", "gold"),
}
# How a material may follow the noun.
MADE_OF = {
    "golden": ("made of gold",),
    "silver": ("made of silver",),
    "bronze": ("made of bronze",),
    "wooden": ("made of wood", "carved out of wood"),
    "stone": ("made of stone", "carved out of stone"),
}
PATTERN_WORDS = {"striped": ("striped", "stripes"), "spotted": ("spotted", "spots", "dotted", "dots")}


def canonical(word: str) -> str:
    """The name in `COLORS` of any color word: "grey" is "gray", "crimson" is "red". Raises KeyError for no color."""
    return word if word in COLORS else _CANONICAL[word]


_CANONICAL = {word: name for name, words in reversed(COLOR_WORDS.items()) for word in words}


def natural(*words: str) -> tuple[str, ...]:
    """All colors, with those of `words` first: for what may have any color but whose natural one is `words[0]`."""
    names = tuple(canonical(word) for word in words)
    return (*names, *(name for name in COLORS if name not in names))


def material_paint(name: str) -> Paint:
    """The paint of a color or material in the normalised [-0.5, 0.5]^3 box; wood has a grain, stone has grains."""
    color = COLORS[name]
    if name == "wooden":

        def grain(p: np.ndarray) -> np.ndarray:
            rings = np.sin(42 * (p[:, 2] + 0.35 * p[:, 1]) + 3 * np.sin(5 * p[:, 0] + 4 * p[:, 1]))[:, None]
            return np.where(rings > 0.35, darker(color, 0.74), color)

        return grain
    if name == "stone":
        return spots(color, lighter(color, 0.3), period=0.07, radius=0.35)
    return color


def pattern_paint(pattern: str, first: Color, second: Color, axis: tuple[float, float, float], seed: int) -> Paint:
    """Stripes across `axis`, or spots, in the normalised [-0.5, 0.5]^3 box; both read at 64 px."""
    if pattern == "striped":
        return stripes(first, second, period=0.125, axis=axis, share=0.45)
    return spots(first, second, period=0.14, radius=0.44, seed=seed)
