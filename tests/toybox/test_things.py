"""Every made, grown or cooked kind of toybox: sound meshes, quick builds, colours that a viewer would agree with."""

import time

import numpy as np
import pytest

from mvdream_cli.toybox import arms, buildings, food, furniture, plants, vehicles
from mvdream_cli.toybox.shapes import Look
from mvdream_cli.toybox.solids import block, brick, contrast, copies, loft

TABLES = (arms.KINDS, buildings.KINDS, food.KINDS, furniture.KINDS, plants.KINDS, vehicles.KINDS)
CASES = [(kind, variant) for table in TABLES for kind in table.values() for variant in (None, *kind.variants)]
IDS = [f"{kind.nouns[0]}-{variant or 'plain'}" for kind, variant in CASES]
TEAL, CREAM, PLUM = (0.1, 0.55, 0.5), (0.95, 0.9, 0.8), (0.5, 0.15, 0.4)


def build(kind, variant, seed=0, paint=TEAL):
    parts = kind.build(np.random.default_rng(seed), Look(paint, TEAL, CREAM, PLUM, variant)).parts
    starts = np.cumsum([0] + [len(p.vertices) for p in parts])
    faces = np.concatenate([p.faces + start for p, start in zip(parts, starts)])
    return np.concatenate([p.vertices for p in parts]), faces, np.concatenate([p.colours for p in parts])


def areas(vertices, faces):
    a, b, c = np.moveaxis(vertices[faces], 1, 0)
    return np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2


def named_colours(kind):
    return kind.colours is None or len(kind.colours) > 1


@pytest.mark.parametrize(("kind", "variant"), CASES, ids=IDS)
def test_builds_are_sound_and_vary(kind, variant):
    shapes = []
    for seed in range(3):
        vertices, faces, colours = build(kind, variant, seed)
        assert np.isfinite(vertices).all() and np.isfinite(colours).all()
        assert colours.min() >= 0 and colours.max() <= 1
        assert len(colours) == len(vertices) and faces.min() >= 0 and faces.max() < len(vertices)
        assert len(faces) <= 40_000
        size = np.ptp(vertices, axis=0)
        assert 0.8 < size.max() < 4 and size.min() > 0.03
        shapes.append(size.round(9).tolist() + [len(faces), vertices.sum().round(9)])
    assert shapes[0] != shapes[1]
    assert np.array_equal(build(kind, variant, 1)[0], build(kind, variant, 1)[0])


@pytest.mark.parametrize(("kind", "variant"), CASES, ids=IDS)
def test_main_colour_dominates_what_may_be_coloured(kind, variant):
    if not named_colours(kind):
        pytest.skip("its captions name no colour")
    for seed in range(3):
        vertices, faces, colours = build(kind, variant, seed)
        area = areas(vertices, faces)
        near = np.abs(colours[faces].mean(1) - TEAL).sum(1) < 0.25
        assert area[near].sum() > 0.25 * area.sum()


@pytest.mark.parametrize(
    ("kind", "variant"), [c for c in CASES if c[0].patterns], ids=[i for i, c in zip(IDS, CASES) if c[0].patterns]
)
def test_patterned_kinds_use_the_paint(kind, variant):
    """A late paint is NaN until the world knows the final size: enough of the surface must wait for it."""
    vertices, faces, colours = build(kind, variant, paint=lambda p: np.full_like(p, np.nan))
    area = areas(vertices, faces)
    waiting = np.isnan(colours[faces]).any((1, 2))
    assert area[waiting].sum() > 0.2 * area.sum()


def test_builds_are_quick():
    slow = {}
    for (kind, variant), name in zip(CASES, IDS):
        took = []
        for seed in range(3):
            start = time.thread_time()
            build(kind, variant, seed)
            took.append(time.thread_time() - start)
        slow[name] = min(took)
    assert max(slow.values()) < 0.03, max(slow, key=slow.get)
    assert np.median(list(slow.values())) < 0.015


def test_nouns_name_one_kind_each():
    seen = {}
    for table in TABLES:
        for name, kind in table.items():
            for word in {*kind.nouns, *(w for words in kind.variants.values() for w in words)}:
                assert seen.setdefault(word, name) == name, word


def test_solids_face_outwards_and_measure_what_they_say():
    square = [(s, 0.0, 0.0, 1.0, 2.0, 40) for s in (0.0, 3.0)]
    for axis, size in (("x", (3, 2, 4)), ("y", (4, 3, 2)), ("z", (2, 4, 3))):
        part = loft(square, TEAL, axis)
        assert np.ptp(part.vertices, axis=0) == pytest.approx(size)
        a, b, c = np.moveaxis(part.vertices[part.faces], 1, 0)
        volume = (a * np.cross(b, c)).sum() / 6
        assert 0.85 * 24 < volume <= 24.01
    for part in (block((0, 0, 0), (1, 2, 3), TEAL), brick((0, 0, 0), (1, 2, 3), TEAL)):
        a, b, c = np.moveaxis(part.vertices[part.faces], 1, 0)
        assert 5 < (a * np.cross(b, c)).sum() / 6 <= 6.01


def test_copies_are_shifted_and_spun():
    part = copies(brick((1, 0, 0), (0.2, 0.2, 0.2), TEAL), [(0, 0, 0), (0, 0, 5)], [0, 90])
    assert part.vertices[:24].mean(0) == pytest.approx([1, 0, 0])
    assert part.vertices[24:].mean(0) == pytest.approx([0, 1, 5])


def test_contrast_falls_back_until_it_is_seen():
    white = (0.95, 0.95, 0.93)
    assert contrast(TEAL, CREAM, PLUM) == CREAM
    assert contrast(CREAM, CREAM, PLUM) == PLUM
    assert sum(contrast(white, white, white)) < 1
