"""All animals, family by family, and the coats that some have by nature."""

from mvdream_cli.toybox import (
    bears,
    birds,
    crawlers,
    dinosaurs,
    dogs,
    dragons,
    hoofed,
    horses,
    quadrupeds,
    reptiles,
    sea,
)
from mvdream_cli.toybox.kind import Kind

FAMILIES = (dogs, quadrupeds, bears, hoofed, horses, birds, sea, crawlers, reptiles, dragons, dinosaurs)
KINDS: dict[str, Kind] = {name: kind for family in FAMILIES for name, kind in family.KINDS.items()}

# Variant or kind -> its colour when a caption names none, its second colour, and the pattern of its coat if it has one.
NATURAL: dict[str, tuple[str, ...]] = dogs.NATURAL | quadrupeds.NATURAL | bears.NATURAL | hoofed.NATURAL | horses.NATURAL
