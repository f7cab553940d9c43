"""Intervals cover what they should, and a figure says what it is."""

import math

import numpy as np
import pytest

from mvdream_cli.metrics.figures import (
    Figure,
    jackknife_interval,
    left_out,
    mean_figure,
    share_figure,
    wilson_interval,
)  # fmt: skip


def test_wilson_equals_known_values_and_stays_inside():
    assert wilson_interval(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)  # Newcombe 1998, table I's method
    assert wilson_interval(0, 20)[0] == 0 and 0 < wilson_interval(0, 20)[1] < 0.2
    assert wilson_interval(20, 20)[1] == 1
    with pytest.raises(ValueError, match="nothing"):
        wilson_interval(0, 0)


def test_intervals_of_means_cover_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(0)
    inside = 0
    for k in range(200):
        figure = mean_figure("x", rng.normal(3, 1, 40), seed=k)
        inside += figure.low <= 3 <= figure.high
    assert 180 <= inside <= 198


def test_the_jackknife_of_a_mean_is_its_standard_error():
    values = np.random.default_rng(1).normal(0, 1, 1000)
    low, high = jackknife_interval(lambda kept: values[kept].mean(), 1000, values.mean())
    assert (high - low) / 2 == pytest.approx(1.96 * values.std() / math.sqrt(1000), rel=0.6)
    assert all(math.isnan(x) for x in jackknife_interval(lambda kept: 0.0, 19, 0.0))


def test_a_figure_tells_its_value_in_its_unit():
    share = share_figure("right", [True, True, False, True])
    assert (share.value, share.count, share.text()) == (0.75, 4, "75.0 %")
    assert share.interval() == "30.1 % to 95.4 %"
    one = mean_figure("alone", [2.0])
    assert one.interval() == "" and one.as_json()["low"] is None
    assert mean_figure("with gaps", [1.0, math.nan, 3.0]).count == 2
    assert mean_figure("none", [math.nan]).value is None


def test_what_is_left_out_says_why():
    figure = left_out("FID", "no weights")
    assert figure.value is None and figure.text() == "-" and "no weights" in figure.note
    assert isinstance(figure.beside(bound=0.5), Figure) and figure.beside(bound=0.5).bound == 0.5
