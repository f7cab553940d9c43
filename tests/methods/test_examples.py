import pytest
import torch

from mvdream_cli.methods.examples import examples, judge_score
from mvdream_cli.methods.judging import NAMES
from mvdream_cli.methods.view_store import ViewStore

PROMPTS = list("abcd")


@pytest.fixture
def drawn(tmp_path):
    store = ViewStore(tmp_path / "drawn", 4)
    for k in range(4):
        store.write(k, torch.full((4, 8, 8, 3), k / 4))
    return store


def test_the_judge_goes_before_clip_and_true_views_stand_beside(drawn):
    rows = {
        "CLIP score": [1.0, 2.0, 3.0, 4.0],
        NAMES["kind"]: [1.0, 0.0, None, 0.0],
        NAMES["second front"]: [0.0, 1.0, None, 1.0],
    }
    assert [judge_score(rows, k) for k in range(4)] == [1, 0, None, 0]
    (best, first), (worst, last) = examples(PROMPTS, rows, drawn, drawn, 6)
    assert best == "Best by the judge: drawn, and true" and worst.startswith("Worst by the judge")
    assert [caption for caption, _ in first + last] == ["a (judge 100 %, CLIP score 1.0)", "b (judge 0 %, CLIP score 2.0)"]
    assert first[0][1].shape == (8, 64, 3)


def test_without_the_judge_clip_says_which(drawn):
    (best, first), (_, last) = examples(PROMPTS, {"CLIP score": [1.0, 4.0, 3.0, 2.0]}, drawn, None, 2)
    assert best == "Best by the CLIP score"
    assert [caption[0] for caption, _ in first + last] == ["b", "c", "a", "d"] and first[0][1].shape == (8, 32, 3)
    ((headline, some),) = examples(PROMPTS, {}, drawn, None, 2)
    assert headline == "Examples" and [caption for caption, _ in some] == ["a", "b"]
