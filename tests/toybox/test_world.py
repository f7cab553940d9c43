"""The world is a function of (seed, index), its splits are disjoint, and everything in it builds and fits its box."""

import dataclasses

import numpy as np
import pytest

from mvdream_toybox import world
from mvdream_toybox.geometry.parts import merge
from mvdream_toybox.palette import COLORS, canonical
from mvdream_toybox.things import KINDS, NATURAL
from mvdream_toybox.things.riders.in_cars import BLUE
from mvdream_toybox.things.worn import WORN
from mvdream_toybox.things.worn.hats import RED
from mvdream_toybox.world import Spec, build, draw_spec, split_of
from toybox.conftest import areas, can_be_colored, each_case, each_kind

TRIANGLES = 40_000


def _combination(spec: Spec):
    return spec.kind, spec.color, spec.pattern, tuple(sorted(spec.worn, key=repr))


def test_every_color_of_every_table_is_in_the_palette():
    for table in (KINDS, WORN):
        for name, thing in table.items():
            for word in thing.colors or ():
                assert canonical(word) in COLORS, (name, word)
    for coat in NATURAL.values():
        assert set(coat[:2]) <= set(COLORS)


def test_draws_are_a_function_of_seed_and_index():
    assert [draw_spec(3, i) for i in range(40)] == [draw_spec(3, i) for i in range(40)]
    assert draw_spec(3, 5) != draw_spec(4, 5)
    assert len({draw_spec(3, i) for i in range(200)}) == 200


def test_splits_are_disjoint_and_about_a_twentieth_is_held_out():
    held = {_combination(draw_spec(0, i, "held-out")) for i in range(150)}
    train = {_combination(draw_spec(0, i, "train")) for i in range(2000)}
    assert not held & train
    everything = [draw_spec(1, i, "all") for i in range(4000)]
    assert np.mean([split_of(s) == "held-out" for s in everything]) == pytest.approx(0.05, abs=0.02)
    spec = draw_spec(0, 0, "held-out")
    assert split_of(dataclasses.replace(spec, seed=99, size="tall", variant=None)) == "held-out"
    with pytest.raises(ValueError, match="held-out"):
        draw_spec(0, 0, "test")


def test_worn_things_are_drawn_as_often_as_promised_and_never_share_a_place():
    specs = [s for i in range(4000) if len({WORN[w].anchor for w in WORN} & set(KINDS[(s := draw_spec(2, i)).kind].wears)) > 1]
    counts = np.array([len(s.worn) for s in specs])
    assert np.mean(counts == 1) == pytest.approx(0.45, abs=0.05)
    assert np.mean(counts == 2) == pytest.approx(0.08, abs=0.03)
    assert all(len({WORN[name].anchor for name, _ in s.worn}) == len(s.worn) for s in specs)


def test_a_narrowed_world_takes_breeds_and_repeats_as_weights():
    specs = [
        draw_spec(0, i, kinds=("bulldog", "bulldog", "axe"), worn=("pirate hat", "pirate hat", "scarf")) for i in range(900)
    ]
    assert {(s.kind, s.variant) for s in specs if s.kind == "dog"} == {("dog", "bulldog")}
    assert np.mean([s.kind == "dog" for s in specs]) == pytest.approx(2 / 3, abs=0.05)
    firsts = [s.worn[0][0] for s in specs if s.worn]
    assert np.mean([name == "pirate hat" for name in firsts]) == pytest.approx(2 / 3, abs=0.08)
    with pytest.raises(ValueError, match="unknown kind 'buldog'; did you mean bulldog"):
        draw_spec(0, 0, kinds=("buldog",))


@pytest.mark.parametrize("natural", [0.0, world.NATURAL_SHARE, 0.6])
def test_as_many_objects_as_asked_for_keep_the_color_of_their_kind(natural):
    able = [name for name in KINDS if len(KINDS[name].colors or COLORS) > 1]
    specs = [draw_spec(0, i, "all", tuple(able), natural=natural) for i in range(600)]
    assert abs(sum(spec.color is None for spec in specs) / 600 - natural) < 0.07


def test_a_split_that_holds_nothing_of_a_kind_is_told():
    with pytest.raises(ValueError, match="none of these kinds has a held-out object"):
        draw_spec(0, 0, "held-out", ("apple",))
    with pytest.raises(ValueError, match="name more kinds"):
        draw_spec(0, 0, "held-out", ("chair",), natural=1.0)


def test_build_is_deterministic_and_the_seed_changes_proportions():
    spec = draw_spec(0, 7)
    one, two = build(spec), build(spec)
    np.testing.assert_array_equal(one.vertices, two.vertices)
    np.testing.assert_array_equal(one.colors, two.colors)
    other = build(dataclasses.replace(spec, seed=spec.seed + 1))
    assert one.vertices.shape != other.vertices.shape or np.abs(one.vertices - other.vertices).max() > 1e-3


@each_case()
def test_every_kind_variant_and_pose_builds_centred_in_its_box(name, variant):
    for pose in (None, *KINDS[name].poses):
        mesh = build(Spec(name, variant, pose=pose, seed=5))
        assert np.isfinite(mesh.vertices).all() and np.isfinite(mesh.colors).all()
        assert mesh.colors.min() >= 0 and mesh.colors.max() <= 1
        assert len(mesh.faces) <= TRIANGLES and mesh.faces.max() < len(mesh.vertices)
        low, high = mesh.vertices.min(0), mesh.vertices.max(0)
        np.testing.assert_allclose(low + high, 0, atol=1e-9)
        assert (high - low).max() == pytest.approx(1.0)


@each_case(when=lambda kind: kind.wears)
def test_every_place_to_wear_something_is_an_anchor_of_every_model(name, variant):
    kind = KINDS[name]
    for pose in (None, *kind.poses):
        look = world.look_of(Spec(name, variant, "red", pose=pose))
        assert set(kind.wears) <= set(kind.build(np.random.default_rng(0), look).anchors), pose


@each_kind(when=can_be_colored)
def test_a_named_color_and_pattern_are_seen(name):
    kind = KINDS[name]
    color = canonical((kind.colors or ("green",))[-1])
    if color in ("wooden", "stone"):
        color = next(c for c in map(canonical, kind.colors) if c not in ("wooden", "stone"))
    area = _share_of_color(build(Spec(name, color=color, seed=1)), COLORS[color])
    assert area > 0.03, f"{color} {name}: {area:.3f} of its surface"
    if kind.patterns:
        striped = build(Spec(name, color="blue", pattern="striped", second="yellow", seed=1))
        assert min(_share_of_color(striped, COLORS[c]) for c in ("blue", "yellow")) > 0.03


@each_kind(when=lambda kind: kind.colors is None or "stone" in kind.colors)
def test_grained_materials_are_painted(name):
    mesh = build(Spec(name, color="stone", seed=1))
    assert np.isfinite(mesh.colors).all()


def _share_of_color(mesh, color) -> float:
    """Share of the surface whose color is `color`, or a shade of it."""
    area = areas(mesh.vertices, mesh.faces)
    found = (np.abs(mesh.colors[mesh.faces] - np.array(color)).max(2) < 0.1).mean(1)
    return float((area * found).sum() / area.sum())


def test_fronts_face_x_and_heads_are_up():
    for name in ("dog", "cat", "horse", "duck", "dragon", "owl", "shark", "bee"):
        look = world.look_of(Spec(name, color="red", seed=2))
        model = KINDS[name].build(np.random.default_rng(2), look)
        vertices = merge(model.parts).vertices
        middle = (vertices.min(0) + vertices.max(0)) / 2
        x, y, z = model.anchors["head"].position
        assert x > middle[0] - 0.1 and abs(y) < 0.05 and z > middle[2], name


def test_size_words_change_proportions():
    def extents(size):
        return np.ptp(build(Spec("dog", seed=4, size=size)).vertices, axis=0)

    plain = extents(None)
    assert extents("tall")[2] / extents("tall")[0] > 1.2 * plain[2] / plain[0]
    assert extents("chubby")[1] / extents("chubby")[2] > 1.2 * plain[1] / plain[2]


def test_two_worn_things_are_on_the_model():
    bare = build(Spec("dog", seed=1))
    dressed = build(Spec("dog", worn=(("crown", "purple"), ("scarf", "green")), seed=1))
    for color in ("purple", "green"):
        assert _share_of_color(dressed, COLORS[color]) > 0.01 > _share_of_color(bare, COLORS[color])
    crown = np.abs(dressed.colors - np.array(COLORS["purple"])).max(1) < 0.1
    assert dressed.vertices[crown, 2].min() > 0.0


def test_an_animal_in_a_car_keeps_its_coat():
    dalmatian = build(Spec("dog riding a car", "dalmatian riding a car", seed=1))
    white_poodle = build(Spec("dog riding a car", "poodle riding a car", seed=1))
    red_cat = build(Spec("cat riding a car", None, "red", seed=1))
    assert _share_of_color(dalmatian, COLORS["white"]) > 0.05 and _share_of_color(dalmatian, COLORS["black"]) > 0.05
    assert _share_of_color(white_poodle, COLORS["white"]) > 0.1 and _share_of_color(white_poodle, RED) > 0.05
    assert _share_of_color(red_cat, COLORS["red"]) > 0.1 and _share_of_color(red_cat, BLUE) > 0.05  # its car is blue


def test_worn_things_have_their_own_color_oftener_than_any_other():
    crowns = [c for i in range(400) for name, c in draw_spec(0, i, kinds=("dog",), worn=("crown",)).worn]
    named = [c for c in crowns if c]
    assert 0.1 < 1 - len(named) / len(crowns) < 0.3
    assert named.count("golden") > 3 * max(named.count(c) for c in set(named) - {"golden"})
