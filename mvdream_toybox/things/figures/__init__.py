"""Figures that are no people, but stand and wear things as people do."""

from mvdream_toybox.kind import Kind
from mvdream_toybox.things.figures import creatures, playthings, robots

MODULES = (robots, creatures, playthings)
KINDS: dict[str, Kind] = {name: kind for module in MODULES for name, kind in module.KINDS.items()}
