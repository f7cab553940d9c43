"""Riders, each one kind: "an astronaut riding a horse", "a dog riding a car"."""

from mvdream_toybox.kind import Kind
from mvdream_toybox.things.riders import in_cars, on_horses

KINDS: dict[str, Kind] = in_cars.KINDS | on_horses.KINDS
NATURAL: dict[str, tuple[str, ...]] = in_cars.NATURAL
