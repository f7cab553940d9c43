"""All things, a folder for each family. A family's `KINDS` says which words, builders and colors its things have."""

from mvdream_toybox.kind import Kind
from mvdream_toybox.things import animals, arms, buildings, figures, food, furniture, people, plants, riders, vehicles

# The world draws from them in this order: another one would change every object.
FAMILIES = (animals, people, figures, riders, vehicles, furniture, food, plants, buildings, arms)
KINDS: dict[str, Kind] = {name: kind for family in FAMILIES for name, kind in family.KINDS.items()}

# Variant or kind -> its coat: color when a caption names none, second color, pattern.
NATURAL: dict[str, tuple[str, ...]] = animals.NATURAL | riders.NATURAL
