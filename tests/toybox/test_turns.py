"""Pairs of worn thing and color take turns; what wears them comes as often as its weight says."""

from collections import Counter

import pytest

from mvdream_toybox.palette import canonical
from mvdream_toybox.things import KINDS
from mvdream_toybox.things.worn import WORN
from mvdream_toybox.turns import WEIGHTS, pair_of, pairs_of
from mvdream_toybox.world import draw_spec

KIND_NAMES, WORN_NAMES = tuple(KINDS), tuple(WORN)


def test_every_pair_of_worn_thing_and_color_comes_once_before_any_comes_again():
    pairs = pairs_of(KIND_NAMES, WORN_NAMES)
    asked = {(name, canonical(color)) for name, worn in WORN.items() for color in worn.colors}
    assert asked <= set(pairs) and {(name, None) for name in WORN} <= set(pairs)
    drawn = [pair for index in range(20_000) if (pair := pair_of(3, index, KIND_NAMES, WORN_NAMES))]
    assert len(drawn) > 2 * len(pairs)
    for start in (0, len(pairs)):
        assert Counter(drawn[start : start + len(pairs)]) == Counter(pairs)
    assert drawn[: len(pairs)] != drawn[len(pairs) : 2 * len(pairs)]  # each round in another order


def test_a_large_sample_of_the_world_shows_all_of_them():
    seen = Counter(pair for index in range(12_000) for pair in draw_spec(0, index).worn)
    asked = {(name, canonical(color)) for name, worn in WORN.items() for color in worn.colors}
    assert min(seen[pair] for pair in asked) >= 1


def test_kinds_keep_their_weights():
    kinds = Counter(draw_spec(0, index).kind for index in range(12_000))
    total = sum(WEIGHTS.get(name, 1.0) for name in KINDS)
    able = sum(WEIGHTS.get(name, 1.0) for name, kind in KINDS.items() if kind.wears) / total
    assert sum(kinds[name] for name, kind in KINDS.items() if kind.wears) / 12_000 == pytest.approx(able, abs=0.02)
    assert kinds["dog"] / 12_000 == pytest.approx(3 / total, rel=0.25)


def test_a_held_out_object_is_found_where_its_pair_allows_none():
    """A skeleton is always white: a pair that puts it among those to train with is given up for another."""
    found = {draw_spec(0, index, "held-out", kinds=("skeleton",), worn=("crown", "scarf")).worn for index in range(40)}
    assert found and () not in found
