import json

import pytest

from mvdream_cli.errors import DataError
from mvdream_cli.methods.compare import agreement, judged, pair_objects, read_choices, wins

from .test_object_set import run_folder


def test_objects_of_the_same_prompts_are_paired_and_their_sides_drawn(tmp_path):
    for side, prompts in (("a", "uvwxyz"), ("b", "zyxwvt")):
        for prompt in prompts:
            run_folder(tmp_path / side / prompt, prompt)
    pairs = pair_objects(tmp_path / "a", tmp_path / "b", seed=1)
    assert [pair.prompt for pair in pairs] == list("vwxyz")
    assert all(pair.a.mesh.parts[-2] == pair.b.mesh.parts[-2] == pair.prompt for pair in pairs)
    assert len({pair.swapped for pair in pairs}) == 2 and pairs == pair_objects(tmp_path / "a", tmp_path / "b", seed=1)
    assert len(pair_objects(tmp_path / "a", tmp_path / "b", most=2)) == 2
    run_folder(tmp_path / "c" / "q", "q")
    with pytest.raises(DataError, match="no prompt in common"):
        pair_objects(tmp_path / "a", tmp_path / "c")


def test_of_several_objects_of_a_prompt_one_is_compared_and_that_is_said(tmp_path, caplog):
    for folder, prompt in (("a/1", "x"), ("a/2", "x"), ("a/3", "y"), ("b/1", "x"), ("b/2", "y")):
        run_folder(tmp_path / folder, prompt)
    pairs = pair_objects(tmp_path / "a", tmp_path / "b")
    assert [(pair.prompt, pair.a.mesh.parts[-2]) for pair in pairs] == [("x", "1"), ("y", "3")]
    assert "a: 1 objects have the prompt of another one" in caplog.text


def test_wins_are_of_the_decided_pairs():
    choices = ["a", "a", "b", "tie", None, "a"]
    won = wins(choices, "ours", "the judge")
    assert (won.value, won.count) == (0.75, 4) and won.low < 0.5 < won.high
    assert "3 to 1, 1 ties" in won.note and won.name == "ours preferred by the judge"
    assert wins(["tie", None], "ours", "nobody").value is None
    assert judged([1.0, 2.0, 3.0], [2.0, 1.0, 3.0]) == ["b", "a", "tie"]
    both = agreement(choices, ["a", "b", "b", "a", "a", "tie"])
    assert (both.value, both.count) == (pytest.approx(2 / 3), 3)
    assert agreement(["tie"], ["a"]).value is None


def test_choices_come_from_the_page_of_these_pairs(tmp_path):
    path = tmp_path / "choices.json"
    path.write_text(json.dumps({"identity": "x", "choices": {"0": "a", "2": "tie"}}))
    assert read_choices(path, "x", 3) == ["a", None, "tie"]
    with pytest.raises(DataError, match="other pairs"):
        read_choices(path, "y", 3)
    for bad in ("[]", "{", '{"identity": "x"}', '{"identity": "x", "choices": {"0": "c"}}'):
        path.write_text(bad)
        with pytest.raises(DataError, match="holds no choices"):
            read_choices(path, "x", 3)
    with pytest.raises(DataError, match="save the choices"):
        read_choices(tmp_path / "none.json", "x", 3)
