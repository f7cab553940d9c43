"""All people: of every day and of courts, fighters, trades, the stage, tales and graves."""

from mvdream_toybox.kind import Kind
from mvdream_toybox.things.people import everyday, fairyfolk, fantasy, performers, trades, undead, warriors

MODULES = (everyday, warriors, trades, performers, fantasy, undead, fairyfolk)
KINDS: dict[str, Kind] = {name: kind for module in MODULES for name, kind in module.KINDS.items()}
