"""Every made, grown or cooked kind of toybox: sound meshes, colors that a viewer would agree with."""

import numpy as np

from mvdream_toybox.geometry.parts import Look, merge
from mvdream_toybox.things import KINDS, arms, buildings, food, furniture, plants, vehicles
from toybox.conftest import areas, can_be_colored, each_case

MADE = (arms, buildings, food, furniture, plants, vehicles)
TEAL, CREAM, PLUM = (0.1, 0.55, 0.5), (0.95, 0.9, 0.8), (0.5, 0.15, 0.4)


def build(name, variant, seed=0, paint=TEAL):
    return merge(KINDS[name].build(np.random.default_rng(seed), Look(paint, TEAL, CREAM, PLUM, variant)).parts)


@each_case(*MADE)
def test_builds_are_sound_and_vary(name, variant):
    shapes = []
    for seed in range(3):
        part = build(name, variant, seed)
        vertices, faces, colors = part.vertices, part.faces, part.colors
        assert np.isfinite(vertices).all() and np.isfinite(colors).all()
        assert colors.min() >= 0 and colors.max() <= 1
        assert len(colors) == len(vertices) and faces.min() >= 0 and faces.max() < len(vertices)
        assert len(faces) <= 40_000
        size = np.ptp(vertices, axis=0)
        assert 0.8 < size.max() < 4 and size.min() > 0.03
        shapes.append(size.round(9).tolist() + [len(faces), vertices.sum().round(9)])
    assert shapes[0] != shapes[1]
    assert np.array_equal(build(name, variant, 1).vertices, build(name, variant, 1).vertices)


@each_case(*MADE, when=can_be_colored)
def test_main_color_dominates_what_may_be_colored(name, variant):
    for seed in range(3):
        part = build(name, variant, seed)
        area = areas(part.vertices, part.faces)
        near = np.abs(part.colors[part.faces].mean(1) - TEAL).sum(1) < 0.25
        assert area[near].sum() > 0.25 * area.sum()


@each_case(*MADE, when=lambda kind: kind.patterns)
def test_patterned_kinds_use_the_paint(name, variant):
    """A late paint is NaN until the world knows the final size: enough of the surface must wait for it."""
    part = build(name, variant, paint=lambda p: np.full_like(p, np.nan))
    area = areas(part.vertices, part.faces)
    waiting = np.isnan(part.colors[part.faces]).any((1, 2))
    assert area[waiting].sum() > 0.2 * area.sum()


def test_nouns_name_one_kind_each():
    seen = {}
    for family in MADE:
        for name, kind in family.KINDS.items():
            for word in {*kind.nouns, *(w for words in kind.variants.values() for w in words)}:
                assert seen.setdefault(word, name) == name, word
