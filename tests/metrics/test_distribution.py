"""Statistics of features against torchmetrics' on the same features, where it is installed, and against closed forms."""

import math

import numpy as np
import pytest
import torch

from mvdream_cli.metrics.distribution import distance_figure, frechet_distance, inception_score, moments, score_figure

DIMENSIONS = 12


class Flat(torch.nn.Module):
    """A feature network for torchmetrics: the first numbers of the picture itself."""

    num_features = DIMENSIONS

    def forward(self, images):
        return images.flatten(1)[:, :DIMENSIONS].float()


def pictures(seed, count=300):
    generator = torch.Generator().manual_seed(seed)
    mix = torch.randn(DIMENSIONS, DIMENSIONS, generator=generator)
    values = torch.randn(count, DIMENSIONS, generator=generator) @ mix + seed
    return torch.cat([values, torch.zeros(count, 3 * 16 - DIMENSIONS)], 1).reshape(count, 3, 4, 4)


def test_the_frechet_distance_equals_torchmetrics():
    fid = pytest.importorskip("torchmetrics.image.fid")
    real, fake = pictures(0), pictures(1)
    theirs = fid.FrechetInceptionDistance(feature=Flat(), normalize=False)
    theirs.used_custom_model = True
    theirs.update(real, real=True)
    theirs.update(fake, real=False)
    ours = frechet_distance(moments(Flat()(real)), moments(Flat()(fake)))
    assert ours == pytest.approx(float(theirs.compute()), abs=1e-4, rel=1e-4)


def test_the_inception_score_equals_torchmetrics():
    module = pytest.importorskip("torchmetrics.image.inception")
    images = pictures(2)
    theirs = module.InceptionScore(feature=Flat(), splits=10)
    theirs.update(images)
    torch.manual_seed(3)
    mean, spread = theirs.compute()
    torch.manual_seed(3)
    logits = Flat()(images)[torch.randperm(len(images))]
    assert inception_score(logits, 10) == pytest.approx((float(mean), float(spread)), abs=1e-4)


def test_the_frechet_distance_of_known_normal_distributions():
    mean, covariance = np.zeros(3), np.eye(3)
    assert frechet_distance((mean, covariance), (mean, covariance)) == pytest.approx(0, abs=1e-9)
    assert frechet_distance((mean, covariance), (mean + 2, 4 * covariance)) == pytest.approx(12 + 3 * (2 - 1) ** 2)


def test_the_score_is_one_where_all_are_alike_and_the_classes_where_each_is_its_own():
    assert inception_score(torch.ones(40, 5), 4)[0] == pytest.approx(1)
    assert inception_score(100 * torch.eye(5).repeat(8, 1), 4)[0] == pytest.approx(5)


def test_too_few_pictures_are_refused_with_the_number():
    few, enough = torch.randn(3, 4, DIMENSIONS), torch.randn(40, 4, DIMENSIONS)
    refused = distance_figure("FID", few, enough)
    assert refused.value is None and "needs 13 views" in refused.note and "there are 12 and 160" in refused.note
    refused = score_figure("IS", torch.randn(10, 4, 7))
    assert refused.value is None and "100 views" in refused.note and "there are 40" in refused.note


def test_a_distance_comes_with_interval_and_bound():
    torch.manual_seed(0)
    far = distance_figure("FID", torch.randn(50, 4, DIMENSIONS) + 1, torch.randn(50, 4, DIMENSIONS))
    near = distance_figure("FID", torch.randn(50, 4, DIMENSIONS), torch.randn(50, 4, DIMENSIONS))
    assert far.low < far.value < far.high and far.low > near.high
    assert far.bound < far.value and (far.count, far.of, far.better) == (200, "views", "lower")
    assert not math.isnan(score_figure("IS", torch.randn(50, 4, 7)).low)
