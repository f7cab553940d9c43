"""People, figures and riders: they stand on the ground, vary, and have the color that a caption names."""

import numpy as np

from mvdream_toybox import palette
from mvdream_toybox.geometry.parts import Look
from mvdream_toybox.things import KINDS, figures, people, riders
from toybox.conftest import areas, each_kind

LOOK = Look((0.8, 0.1, 0.1), (0.8, 0.1, 0.1), (0.1, 0.3, 0.8), (0.9, 0.8, 0.1))


@each_kind(people, figures, riders)
def test_a_person_stands_on_the_ground_with_the_anchors_it_offers(name):
    kind, rng = KINDS[name], np.random.default_rng(0)
    assert set(kind.colors or ()) <= set(palette.COLORS)
    for variant in (None, *kind.variants):
        model = kind.build(rng, Look(LOOK.paint, LOOK.main, LOOK.second, LOOK.accent, variant))
        points = np.concatenate([p.vertices for p in model.parts])
        low, high = points.min(0), points.max(0)
        assert np.isfinite(points).all() and -0.1 < low[2] < 0.25 and 0.9 < high[2] < 2.8
        assert set(kind.wears) <= set(model.anchors)
        for anchor in model.anchors.values():
            assert (np.array(anchor.position) > low).all() and (np.array(anchor.position) < high).all()
        assert sum(len(p.faces) for p in model.parts) <= 40_000


@each_kind(people, figures, riders)
def test_a_person_is_a_function_of_the_generator_and_varies(name):
    builds = [KINDS[name].build(np.random.default_rng(seed), LOOK).parts for seed in (1, 1, 2)]
    first, again, other = (np.concatenate([p.vertices for p in parts]) for parts in builds)
    np.testing.assert_array_equal(first, again)
    assert first.shape != other.shape or np.abs(first - other).max() > 1e-3


@each_kind(people, figures, riders)
def test_the_main_color_shows(name):
    """At least 4 % of the surface has the color that a caption names (a rider's horse has its own)."""
    parts = KINDS[name].build(np.random.default_rng(3), LOOK).parts
    area = same = 0.0
    for part in parts:
        size = areas(part.vertices, part.faces)
        area += size.sum()
        same += size[np.abs(part.colors[part.faces].mean(1) - LOOK.main).max(1) < 0.02].sum()
    assert same / area > 0.04
