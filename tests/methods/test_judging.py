"""The judge's questions, answered from true renders, from wrong ones, and without the judge."""

from dataclasses import replace

import pytest
import torch

from mvdream_cli.commands.toybox_questions import COLORS, examination
from mvdream_cli.commands.toybox_world import find_held_out, held_out_toys
from mvdream_cli.errors import ModelError
from mvdream_cli.methods import judging
from mvdream_cli.methods.judging import NAMES, judge_figures
from mvdream_cli.methods.object_set import picture
from mvdream_cli.methods.reference_set import mesh_of
from mvdream_cli.methods.view_store import ViewStore
from mvdream_cli.metrics.figures import wilson_interval
from mvdream_cli.settings.data import Toybox
from mvdream_toybox.world import Spec

SPECS = [
    Spec("dog", None, "red", worn=(("crown", "golden"),), seed=11),
    Spec("car", None, "blue", seed=12),
    Spec("mushroom", None, "green", seed=13),
]


def colors_and_places(images, device="cpu"):
    """A judge without a network: the picture itself, small, without its background."""
    small = torch.nn.functional.adaptive_avg_pool2d((images - 0.5).permute(0, 3, 1, 2), 12)
    return torch.nn.functional.normalize(small.flatten(1), dim=-1)


@pytest.fixture
def simple_judge(monkeypatch):
    monkeypatch.setattr(judging, "efficientnet_module", lambda device: None)
    monkeypatch.setattr(judging, "efficientnet_maps", colors_and_places)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """What was asked for, in proportions of its own; the last one is wrong: a yellow car in place of a green mushroom."""
    store = ViewStore(tmp_path_factory.mktemp("views"), 3)
    for k, spec in enumerate([*SPECS[:2], replace(SPECS[1], color="yellow")]):
        (toy,) = examination([(k, replace(spec, seed=spec.seed + 40))], 1).asked
        store.write(k, picture(mesh_of(toy.true), 4, 48))
    return store


def exam_of(specs):
    return examination(list(enumerate(specs)), len(specs))


def test_what_is_asked_has_the_right_answer_first_and_others_that_differ_in_one_thing():
    dog, car, mushroom = exam_of(SPECS).asked
    specs = [source.load.args[0] for source in dog.choices["color"]]
    assert [spec.color for spec in specs] == ["red", *(color for color in COLORS if color != "red")]
    assert {replace(spec, color="red") for spec in specs} == {specs[0]} and specs[0].worn == SPECS[0].worn
    worn = [source.load.args[0].worn for source in dog.choices["worn"]]
    assert worn[0] == SPECS[0].worn and worn[1] == () and len(set(worn)) == len(worn) > 4
    assert "worn" not in car.choices and mushroom.kind == "mushroom"
    seeds = {dog.true.load.args[0].seed, dog.twin.load.args[0].seed, specs[0].seed, SPECS[0].seed}
    assert len(seeds) == 3  # the choices and the twin are one object; it is neither the true one nor that of the prompt
    assert sorted(kind for kind, _ in exam_of(SPECS).bank) == sorted(4 * ["dog", "car", "mushroom"])
    assert len(examination(list(enumerate(SPECS)), 2).asked) == 2


def test_right_views_get_right_answers_and_wrong_ones_do_not(simple_judge, drawn, tmp_path):
    figures, rows = judge_figures(exam_of(SPECS), drawn, tmp_path)
    assert [figure.name for figure in figures] == list(NAMES.values())
    by_name = {figure.name: figure for figure in figures}
    kind, color, direction = (by_name[NAMES[name]] for name in ("kind", "color", "direction"))
    assert rows[kind.name] == [1, 1, 0] and rows[color.name] == [1, 1, None]
    assert kind.value == pytest.approx(2 / 3) and color.value == kind.bound == color.bound == 1
    assert kind.floor < 0.5 and direction.floor is not None and "chance 38 % or more" in direction.note
    assert rows[NAMES["worn"]][1:] == [None, None]  # not asked
    assert "of 3 kinds, chance 33 %" in kind.note and "of 10 to 10 choices, chance 10 %" in color.note
    assert (kind.low, kind.high) == wilson_interval(2, 3)
    assert kind.count == 3 and kind.low < kind.value < kind.high and "EfficientNet-Lite0" in kind.network


def test_a_stopped_examination_goes_on_and_answers_carry_what_was_asked(simple_judge, drawn, tmp_path, monkeypatch):
    asked = []

    def counted(images, device):
        asked.append(len(images))
        if len(asked) == 40:
            raise KeyboardInterrupt
        return colors_and_places(images)

    monkeypatch.setattr(judging, "efficientnet_maps", counted)
    with pytest.raises(KeyboardInterrupt):
        judge_figures(exam_of(SPECS), drawn, tmp_path)
    assert 0 < len(list(tmp_path.glob("*.json"))) < 3
    whole = judge_figures(exam_of(SPECS), drawn, tmp_path)
    asked.clear()
    assert judge_figures(exam_of(SPECS), drawn, tmp_path) == whole and not asked  # the judge is not troubled again
    (tmp_path / "0001.json").write_text("{")
    assert judge_figures(exam_of(SPECS), drawn, tmp_path) == whole and asked
    asked.clear()
    judge_figures(exam_of([SPECS[0], replace(SPECS[1], seed=99), SPECS[2]]), drawn, tmp_path)
    assert asked


def test_toys_that_are_the_same_all_around_have_no_wrong_side(simple_judge, tmp_path):
    eggs, cars = (examination([(0, Spec(kind, None, "red", seed=5))], 1) for kind in ("egg", "car"))
    for exam, right, second in ((eggs, 1, 0), (cars, 0.25, 1)):
        store = ViewStore(tmp_path / exam.asked[0].kind, 1)
        store.write(0, picture(mesh_of(exam.asked[0].true), 4, 48)[[0, 0, 0, 0]])  # four times the front
        figures, _ = judge_figures(exam, store, store.folder)
        assert [figure.value for figure in figures if "direction" in figure.name or "front" in figure.name] == [right, second]


def test_objects_that_stand_turned_are_turned_back(simple_judge, drawn, tmp_path):
    turned = ViewStore(tmp_path / "turned", 2)
    for k in range(2):
        turned.write(k, drawn.read(k).roll(1, 0))
    exam = exam_of(SPECS[:2])
    names = [NAMES["direction"], NAMES["kind"]]
    straight, stays, found = (
        {figure.name: figure.value for figure in judge_figures(exam, store, tmp_path / str(k), may_turn=may)[0]}
        for k, (store, may) in enumerate([(ViewStore(drawn.folder, 2), False), (turned, False), (turned, True)])
    )
    assert all(found[name] == straight[name] for name in names) and stays[names[0]] < straight[names[0]]


def test_without_the_judge_each_of_its_figures_is_left_out_with_the_reason(drawn, monkeypatch, tmp_path):
    def none_here(device):
        raise ModelError("EfficientNet-Lite0 is not installed")

    monkeypatch.setattr(judging, "efficientnet_module", none_here)
    figures, rows = judge_figures(exam_of(SPECS), drawn, tmp_path)
    assert [figure.name for figure in figures] == list(NAMES.values()) and not rows
    assert all(figure.value is None and "EfficientNet-Lite0 is not installed" in figure.note for figure in figures)


def test_the_network_itself_tells_a_dog_with_a_crown_from_a_car(drawn, tmp_path):
    pytest.importorskip("efficientnet_lite_pytorch")
    plain = [replace(SPECS[0], color=None), replace(SPECS[1], color=None)]  # nothing to choose from but what is worn
    figures, rows = judge_figures(exam_of(plain), ViewStore(drawn.folder, 2), tmp_path)
    assert rows[NAMES["kind"]] == [1, 1] and rows[NAMES["worn"]] == [1, None]
    assert figures[3].bound > figures[3].floor


def test_prompts_of_held_out_objects_are_recognised():
    options = Toybox(kinds=("dog", "car"))
    toys = held_out_toys(options, 3, 4, None)
    prompts = ["a thing of nowhere", *(toy.source.caption.upper() for toy in toys)]
    found = find_held_out(options, 3, prompts)
    assert [index for index, _ in found] == [1, 2, 3, 4] and [spec for _, spec in found] == [toy.spec for toy in toys]
    assert find_held_out(options, 3, ["a thing of nowhere"]) == []
