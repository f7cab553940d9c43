"""What toybox knows about one kind of thing: its words, its builder, what it may look like and wear."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from mvdream_toybox.geometry.parts import Look, Model

ANYWHERE = ("head", "eyes", "neck", "back", "hand")  # the anchors of what can wear and carry all things


@dataclass(frozen=True)
class Kind:
    """One kind of thing.

    nouns: words for it, the most common first ("dog", "puppy", "hound").
    build: (rng, look) -> Model; must use every field of `look` that a caption may name.
    colors: palette names that it may have in a caption; None allows all. The first is drawn when a caption names none.
    patterns: whether stripes and spots may be named.
    wears: anchor names that builder's models offer to worn and carried things ("head", "eyes", "neck", "back", "hand").
    variants: breed or make -> words for it, each replacing the noun ("bulldog": ("bulldog",)).
    poses: words that follow the noun ("sitting", "flying").
    extras: true phrases that may precede or follow ("with maple syrup and butter", "majestic royal"): (position, phrase),
        position "before" or "after". They must be true of every build.
    """

    nouns: tuple[str, ...]
    build: Callable[[np.random.Generator, Look], Model]
    colors: tuple[str, ...] | None = None
    patterns: bool = False
    wears: tuple[str, ...] = ()
    variants: dict[str, tuple[str, ...]] = field(default_factory=dict)
    poses: tuple[str, ...] = ()
    extras: tuple[tuple[str, str], ...] = ()
