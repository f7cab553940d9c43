"""All animals, and the coats that some have by nature."""

from mvdream_toybox.kind import Kind
from mvdream_toybox.things.animals import bears, birds, crawlers, dinosaurs, dogs, dragons, furry, hoofed, horses, reptiles, sea

MODULES = (dogs, furry, bears, hoofed, horses, birds, sea, crawlers, reptiles, dragons, dinosaurs)
KINDS: dict[str, Kind] = {name: kind for module in MODULES for name, kind in module.KINDS.items()}

# Variant or kind -> its color when a caption names none, its second color, and the pattern of its coat if it has one.
NATURAL: dict[str, tuple[str, ...]] = dogs.NATURAL | furry.NATURAL | bears.NATURAL | hoofed.NATURAL | horses.NATURAL
