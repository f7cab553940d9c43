"""Things worn and carried: what is put on a model's anchors, and the words for it.

A builder's frame, before the anchor's tilt: origin at the anchor, front +x, up +z, lengths in anchor radii.
Anchors: head (centre of the circle where a brim rests, radius of the head there); eyes (between the eyes on the face,
half of their distance); neck (its centre and radius); back (on the back's surface, half of its width; the outside is -x
before tilt, so a four-legged animal's back has tilt_deg=90); hand (its centre and radius).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from mvdream_toybox.geometry.parts import Anchor, Color, Part, move
from mvdream_toybox.palette import natural


@dataclass(frozen=True)
class Worn:
    """One worn or carried thing.

    words: words for it without article, the most common first.
    anchor: the anchor name it needs.
    build: (anchor, color) -> parts in place; the color paints its main part.
    colors: palette names that a caption may give it; it has the first when the caption names none.
    verb: the word before it, "wearing", "carrying", "holding" or "with".
    plural: whether it goes without "a" ("glasses").
    """

    words: tuple[str, ...]
    anchor: str
    build: Callable[[Anchor, Color], list[Part]]
    colors: tuple[str, ...]
    verb: str = "wearing"
    plural: bool = False


def put(build: Callable, anchor: Anchor, color: Color, sided: bool = False) -> list[Part]:
    """Build in radii and move to the anchor; a sided thing leans to the anchor's own side of the x-z plane."""
    parts = build(color, 1.0 if anchor.position[1] >= 0 else -1.0) if sided else build(color)
    return move(parts, anchor.position, anchor.radius, (0, anchor.tilt_deg, 0))


def on(anchor: str, build: Callable, color: str, *words: str, sided: bool = False, only: tuple[str, ...] = (), **more) -> Worn:
    """A worn thing that has any color, `color` by nature, unless it may have `only` some."""
    return Worn(words, anchor, partial(put, build, sided=sided), only or natural(color), **more)
