"""What judges see in a set, with judges that are known: a network that averages colors, towers that know three colors."""

import math

import pytest
import torch

from mvdream_cli.errors import DataError
from mvdream_cli.methods import measuring
from mvdream_cli.methods.measuring import Judges, likeness_figure, look, set_figures, shape_figures, text_figures
from mvdream_cli.metrics.clip import Towers
from mvdream_cli.metrics.networks import FeatureNetwork

COLORS = torch.eye(3)
PROMPTS = ["red", "green", "blue"]


def colors_of(images):
    return torch.nn.functional.normalize((images - 0.5).flatten(1, 2).mean(1), dim=-1)


TOWERS = Towers("three colors", "as they are", colors_of, lambda texts: COLORS[[PROMPTS.index(text) for text in texts]])


def look_at(images):
    return images.flatten(1, 2).mean(1), images.flatten(1)[:, :5]


JUDGES = Judges(TOWERS, [FeatureNetwork("means", "as they are", "distance by means", "score by means", look_at)])


def object_of(color, views=4):
    """A disc of a color over middle gray, from all sides alike."""
    y, x = torch.meshgrid(torch.linspace(-1, 1, 32), torch.linspace(-1, 1, 32), indexing="ij")
    disc = (x**2 + y**2 < 0.5)[..., None]
    return torch.where(disc, color, torch.tensor(0.5)).expand(views, -1, -1, -1)


def test_right_colors_are_found_and_shuffled_ones_are_not():
    true = look((object_of(color) for color in COLORS), JUDGES, 3)
    figures, rows = text_figures(true, PROMPTS, TOWERS, true)
    assert [figure.name for figure in figures] == ["CLIP score", "CLIP R-Precision", "CLIP R-Precision, views averaged"]
    assert figures[1].value == figures[2].value == figures[1].bound == 1 and figures[1].floor == figures[2].floor == 0
    assert "33 % of 3 texts" in figures[1].note and figures[0].network == "three colors"
    assert rows["CLIP R-Precision"] == [1, 1, 1] and figures[0].bound == pytest.approx(figures[0].value)
    half = look((object_of(COLORS[k]) for k in (0, 0, 2)), JUDGES, 3)
    assert text_figures(half, PROMPTS, TOWERS)[0][2].value == pytest.approx(2 / 3)


def test_several_objects_of_one_prompt_share_its_text():
    seen = look((object_of(COLORS[k]) for k in (0, 0, 1)), JUDGES, 3)
    figures, rows = text_figures(seen, ["red", "red", "green"], TOWERS)
    assert figures[1].value == figures[2].value == 1 and "chance 50 % of 2 texts" in figures[1].note
    figures, _ = text_figures(seen, ["red"] * 3, TOWERS)
    assert figures[1].value is None


def test_objects_of_a_set_have_as_many_views():
    with pytest.raises(DataError, match="object 1 of the set has 3 views and object 0 has 4"):
        look([object_of(COLORS[0]), object_of(COLORS[1], 3)], JUDGES, 2)


def test_one_prompt_is_too_few_to_choose_from():
    seen = look([object_of(COLORS[0])], JUDGES, 1)
    figures, _ = text_figures(seen, ["red"], TOWERS)
    assert figures[1].value is None and "needs 2 prompts" in figures[1].note


def test_sets_have_distances_and_what_cannot_be_had_is_said():
    torch.manual_seed(0)
    sets = [look(torch.rand(40, 4, 8, 8, 3) * scale, JUDGES, 40) for scale in (1, 0.5)]
    judges = Judges(None, JUDGES.networks, [("inception", "no weights")])
    near, far = (set_figures(sets[0], judges, other) for other in sets)
    assert [figure.name for figure in far] == ["distance by means", "score by means", "FID", "IS"]
    assert abs(near[0].value) < 1e-6 < far[0].value
    assert far[1].value > 1 and far[1].bound is not None and far[1].floor == 1
    assert far[2].value is None and "no weights" in far[2].note
    assert "--reference" in set_figures(sets[0], judges, None)[0].note


def test_a_network_that_cannot_be_had_does_not_stop_the_others(monkeypatch):
    from mvdream_cli.errors import ModelError

    def none_here(device):
        raise ModelError("no network")

    monkeypatch.setitem(measuring.NETWORKS, "inception", none_here)
    monkeypatch.setitem(measuring.NETWORKS, "efficientnet-lite0", lambda device: JUDGES.networks[0])
    judges = measuring.open_networks(("inception", "efficientnet-lite0"))
    assert [network.name for network in judges.networks] == ["means"] and judges.missing == [("inception", "no network")]


def test_silhouettes_and_fronts_have_floors_of_mixed_and_of_shuffled_views():
    disc = (object_of(COLORS[0], 8) - 0.5).abs().amax(-1, keepdim=True) > 0.1
    half = disc & (torch.arange(32) < 16)[None, :, None, None]  # without its lower half
    wide, narrow = (torch.where(mask, COLORS[0], torch.tensor(0.5)) for mask in (disc, half))
    seen = look([wide, narrow], JUDGES, 2)
    (agreement, _), _ = shape_figures(seen, JUDGES)
    assert agreement.floor == pytest.approx(0.5, abs=0.05) and agreement.value == 1
    (around, again, _), _ = shape_figures(seen, JUDGES, finished=True)
    assert around.floor == pytest.approx(0.5, abs=0.05) and around.value == 1
    turning = torch.stack([object_of(COLORS[0] * k / 8)[0] for k in (8, 7, 5, 3, 1, 3, 5, 7)])
    figure = shape_figures(look([turning] * 9, JUDGES, 9), JUDGES, finished=True)[0][1]
    assert figure.value == 0 < figure.floor
    alone = shape_figures(look([wide], JUDGES, 1), JUDGES)[0][0]
    assert alone.floor is None


def test_shapes_of_samples_and_of_finished_objects():
    seen = look((object_of(color, 8) for color in COLORS), JUDGES, 3)
    (agreement, strength), rows = shape_figures(seen, JUDGES, seen)
    assert strength.value == strength.bound == 1  # pure colors
    assert agreement.value == agreement.bound == 1 and rows[agreement.name] == [1, 1, 1]
    figures, rows = shape_figures(seen, JUDGES, finished=True)
    assert figures[0].value == 1 and figures[1].name == "front seen again" and set(rows) == {f.name for f in figures}
    odd = look([object_of(COLORS[0], 3)], JUDGES, 1)
    assert math.isnan(odd.agreement[0]) and shape_figures(odd, JUDGES)[0][0].value is None


def test_likeness_to_photographs_has_their_own_as_bound():
    seen = look([object_of(COLORS[0])], JUDGES, 1)
    figure = likeness_figure(seen, object_of(COLORS[0], 3), TOWERS)
    assert figure.value == pytest.approx(1) and figure.bound == pytest.approx(1) and "3 photographs" in figure.note
    assert likeness_figure(seen, object_of(COLORS[1], 3), TOWERS).value < 0.1
