"""The laws of the toybox hold for every kind. A fixed sample of kinds is tried each time, the others with `-m every_kind`."""

import itertools
import random

import numpy as np
import pytest

from mvdream_toybox.kind import ANYWHERE
from mvdream_toybox.things import FAMILIES
from mvdream_toybox.things.worn import WORN

SEED = 1  # any that passes test_sample.py


def _sample(groups: list[list], count: int, seed: int) -> set:
    """`count` members, one of each group in turn until there are enough: the same ones in every run."""
    shuffled = [random.Random(seed).sample(group, len(group)) for group in groups]
    rounds = itertools.zip_longest(*shuffled)
    return set([member for row in rounds for member in row if member is not None][:count])


def _cases(table) -> list[tuple]:
    return [(name, variant) for name, kind in table.items() for variant in (None, *kind.variants)]


def _halves(cases: list[tuple]) -> list[list[tuple]]:
    """Those without a variant, and those with one."""
    return [[c for c in cases if c[1] is None], [c for c in cases if c[1]]]


SAMPLE = _sample([half for family in FAMILIES for half in _halves(_cases(family.KINDS))], 24, SEED)
WORN_SAMPLE = _sample([[w for w in WORN if WORN[w].anchor == a] for a in ANYWHERE], 10, SEED)


def _parametrise(names, cases, is_sampled):
    """Each case is (id, values); those outside the sample wait for `-m every_kind`."""
    marks = {True: (), False: (pytest.mark.every_kind,)}
    return pytest.mark.parametrize(names, [pytest.param(*c, id=i, marks=marks[is_sampled(c)]) for i, c in cases])


def _table(families, when) -> dict:
    return {name: kind for family in families or FAMILIES for name, kind in family.KINDS.items() if when(kind)}


def each_case(*families, when=lambda kind: True):
    """Run a test with every (name, variant) of the families, all if none is named, whose kind is as `when` wants it."""
    cases = [(f"{name}-{variant or 'plain'}", (name, variant)) for name, variant in _cases(_table(families, when))]
    return _parametrise(("name", "variant"), cases, SAMPLE.__contains__)


def each_kind(*families, when=lambda kind: True):
    """As `each_case`, once for a kind."""
    names = {name for name, _ in SAMPLE}
    return _parametrise("name", [(name, (name,)) for name in _table(families, when)], lambda case: case[0] in names)


def each_worn():
    """Run a test with the name of every worn thing."""
    return _parametrise("name", [(name, (name,)) for name in WORN], lambda case: case[0] in WORN_SAMPLE)


def can_be_colored(kind) -> bool:
    """What has but one color is never called by it."""
    return kind.colors is None or len(kind.colors) > 1


def areas(vertices, faces) -> np.ndarray:
    """The area of each face, (M,)."""
    a, b, c = np.moveaxis(vertices[faces], 1, 0)
    return np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2


def volume(part) -> float:
    """What a closed mesh encloses; negative if its faces look inwards."""
    a, b, c = np.moveaxis(part.vertices[part.faces], 1, 0)
    return float((a * np.cross(b, c)).sum() / 6)
