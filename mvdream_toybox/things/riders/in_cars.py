"""Animals riding cars, each one kind: "a dog riding a car"."""

from dataclasses import replace
from functools import partial

import numpy as np

from mvdream_toybox.geometry.parts import Look, Model, move
from mvdream_toybox.kind import Kind
from mvdream_toybox.things.animals import dogs, furry
from mvdream_toybox.things.vehicles import cars
from mvdream_toybox.things.worn.hats import RED

BLUE = (0.15, 0.35, 0.85)
IN_CAR = " riding a car"


def ride_car(build, rng: np.random.Generator, look: Look) -> Model:
    """The animal of `build` standing in an open car, belly at the belt; look and breed are the animal's."""
    breed = look.variant.removesuffix(IN_CAR) if look.variant else None
    animal = build(rng, replace(look, variant=breed)).parts
    paint = RED if np.abs(np.subtract(look.main, RED)).sum() > 0.6 else BLUE
    car = cars.car(rng, Look(paint, paint, look.second, look.accent, "convertible")).parts
    low, high = (f(f(p.vertices[:, 2]) for p in animal) for f in (min, max))
    size = 1.35 / (high - low)  # large beside the car: seen from afar
    return Model(car + move(animal, (-0.2, 0, 0.2 - low * size), size))


def _in_car(kind: Kind) -> Kind:
    """The kind and its breeds, each riding a car."""
    nouns = (kind.nouns[0] + IN_CAR, f"{kind.nouns[0]} in a car", kind.nouns[1] + IN_CAR)
    variants = {name + IN_CAR: (words[0] + IN_CAR, f"{words[0]} in a car") for name, words in kind.variants.items()}
    return Kind(nouns, partial(ride_car, kind.build), kind.colors, kind.patterns, variants=variants)


KINDS: dict[str, Kind] = {"dog riding a car": _in_car(dogs.KINDS["dog"]), "cat riding a car": _in_car(furry.KINDS["cat"])}
NATURAL: dict[str, tuple[str, ...]] = {breed + IN_CAR: coat for breed, coat in dogs.NATURAL.items()}
