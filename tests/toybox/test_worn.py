"""What is worn and carried, and the people who wear it."""

import time

import numpy as np
import pytest

from mvdream_cli.toybox import palette
from mvdream_cli.toybox.people import KINDS
from mvdream_cli.toybox.shapes import Anchor, Look
from mvdream_cli.toybox.sheets import around, polar, sheet
from mvdream_cli.toybox.worn import WORN

ANCHORS = {"head", "eyes", "neck", "back", "hand"}
LOOK = Look((0.8, 0.1, 0.1), (0.8, 0.1, 0.1), (0.1, 0.3, 0.8), (0.9, 0.8, 0.1))
# how far from the anchor a thing may reach, in the anchor's radii
REACH = {"head": 3.5, "eyes": 4.5, "neck": 4.0, "back": 4.5, "hand": 16.0}


def areas(part) -> np.ndarray:
    """The area of each face, (M,)."""
    a, b, c = np.moveaxis(part.vertices[part.faces], 1, 0)
    return np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2


@pytest.mark.parametrize("name", WORN)
def test_a_worn_thing_is_near_its_anchor_and_scales_with_it(name):
    worn, colour = WORN[name], (0.31, 0.57, 0.13)
    assert worn.anchor in ANCHORS and worn.words and set(worn.colours) <= set(palette.COLOURS)
    small, large = (
        np.concatenate([p.vertices for p in worn.build(Anchor((1.0, 2.0, 3.0), radius, 12.0), colour)]) for radius in (0.2, 0.4)
    )
    assert np.isfinite(small).all()
    assert np.linalg.norm(small - (1, 2, 3), axis=1).max() < REACH[worn.anchor] * 0.2
    np.testing.assert_allclose(large - (1, 2, 3), 2 * (small - (1, 2, 3)), atol=1e-9)


@pytest.mark.parametrize("name", WORN)
def test_the_colour_paints_a_main_part_of_a_worn_thing(name):
    red, green = (WORN[name].build(Anchor((0, 0, 0), 1.0), colour) for colour in ((0.8, 0.1, 0.1), (0.1, 0.6, 0.2)))
    size = np.concatenate([areas(p) for p in red])
    before, after = (np.concatenate([p.colours[p.faces].mean(1) for p in parts]) for parts in (red, green))
    assert size[np.abs(before - after).max(1) > 0.2].sum() > 0.08 * size.sum()


def test_things_in_a_hand_lean_to_the_side_of_the_hand():
    for side in (1.0, -1.0):
        parts = WORN["balloon"].build(Anchor((0.0, 0.5 * side, 0.5), 0.1), (0.8, 0.1, 0.1))
        assert side * parts[1].vertices[:, 1].mean() > 0.6


@pytest.mark.parametrize("wrap", [False, True])
def test_a_sheet_is_a_closed_shell_with_its_front_outside(wrap):
    t, angle = around(4, 16, 0, 360 if wrap else 200)
    part = sheet(polar(2.0 - 0.5 * t, angle, t), 0.1, (0.5, 0.2, 0.2), wrap=wrap)
    _, same = np.unique(part.vertices.round(9), axis=0, return_inverse=True)
    edges = same.reshape(-1)[part.faces][:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    assert {tuple(e) for e in edges.tolist()} == {tuple(e[::-1]) for e in edges.tolist()}
    a, b, c = np.moveaxis(part.vertices[part.faces], 1, 0)
    volume = (a * np.cross(b, c)).sum() / 6
    # thickness times the area of the cone's wall
    expected = 0.1 * (angle.max() - angle.min() + (2 * np.pi / 16 if wrap else 0)) * 1.75 * np.hypot(0.5, 1.0)
    assert volume == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("name", KINDS)
def test_a_person_stands_on_the_ground_with_the_anchors_it_offers(name):
    kind, rng = KINDS[name], np.random.default_rng(0)
    assert set(kind.colours or ()) <= set(palette.COLOURS)
    for variant in (None, *kind.variants):
        model = kind.build(rng, Look(LOOK.paint, LOOK.main, LOOK.second, LOOK.accent, variant))
        points = np.concatenate([p.vertices for p in model.parts])
        low, high = points.min(0), points.max(0)
        assert np.isfinite(points).all() and -0.1 < low[2] < 0.25 and 0.9 < high[2] < 2.8
        assert set(kind.wears) <= set(model.anchors)
        for anchor in model.anchors.values():
            assert (np.array(anchor.position) > low).all() and (np.array(anchor.position) < high).all()
        assert sum(len(p.faces) for p in model.parts) <= 40_000


@pytest.mark.parametrize("name", KINDS)
def test_a_person_is_a_function_of_the_generator_and_varies(name):
    builds = [KINDS[name].build(np.random.default_rng(seed), LOOK).parts for seed in (1, 1, 2)]
    first, again, other = (np.concatenate([p.vertices for p in parts]) for parts in builds)
    np.testing.assert_array_equal(first, again)
    assert first.shape != other.shape or np.abs(first - other).max() > 1e-3


@pytest.mark.parametrize("name", KINDS)
def test_the_main_colour_shows(name):
    """At least 4 % of the surface has the colour that a caption names (a rider's horse has its own)."""
    parts = KINDS[name].build(np.random.default_rng(3), LOOK).parts
    area = same = 0.0
    for part in parts:
        size = areas(part)
        area += size.sum()
        same += size[np.abs(part.colours[part.faces].mean(1) - LOOK.main).max(1) < 0.02].sum()
    assert same / area > 0.04


def test_people_build_fast():
    names = list(KINDS)[::6]
    for name in names:
        KINDS[name].build(np.random.default_rng(0), LOOK)
    start = time.process_time()
    for name in names:
        KINDS[name].build(np.random.default_rng(1), LOOK)
    assert (time.process_time() - start) / len(names) < 0.1  # 15 ms on a quiet core; the bound allows for a busy one
