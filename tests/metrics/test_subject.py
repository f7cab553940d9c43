import pytest
import torch

from mvdream_cli.metrics.subject import SubjectGauge, likeness_to_photographs


def test_the_gauge_is_one_where_nothing_differs(tiny):
    torch.manual_seed(0)
    photographs, class_views, others = torch.rand(3, 5, 32, 32, 3)
    gauge = SubjectGauge(tiny, photographs, class_views)
    same = gauge.measure(photographs.flip(0), class_views)
    assert same == {"likeness": pytest.approx(1, abs=1e-5), "class_kept": pytest.approx(1, abs=1e-5)}
    differs = gauge.measure(others * 0.1, 1 - class_views)
    assert differs["likeness"] < 1 - 1e-4 and differs["class_kept"] < 1 - 1e-4


def test_likeness_is_the_mean_of_all_pairs():
    views, photographs = torch.randn(2, 3, 4), torch.randn(5, 4)
    likeness = likeness_to_photographs(views, photographs)
    by_hand = [sum(float(v @ p) for v in views[i] for p in photographs) / 15 for i in range(2)]
    assert likeness.tolist() == pytest.approx(by_hand, abs=1e-5)
