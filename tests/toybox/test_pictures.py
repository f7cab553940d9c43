"""Toys as training shows them: whole, and to be told from the background."""

from functools import partial

import numpy as np
import pytest

from mvdream_cli.data.render_object import pictures_of
from mvdream_cli.data.sources import AssetSource
from mvdream_toybox.world import Spec, build, draw_spec

AROUND = np.array([90, 180, 270, 0], np.float32)
BACKGROUND = 127.5  # middle gray, behind the training pictures of small models
CLOSE = 13  # of 255: closer than that in all channels, a pixel cannot be told from the background


def views(spec, distance=0.6 / np.tan(np.deg2rad(37.5 / 2)), elevation_deg=15.0):
    """(4, 64, 64, 4) uint8 at the distance that to3d asks for."""
    source = AssetSource("toy", partial(build, spec), "a toy")
    return pictures_of(source, np.random.default_rng(0), AROUND, elevation_deg, 37.5, distance, size_px=64, samples=4)[1]


@pytest.mark.parametrize("elevation_deg", [0.0, 15.0, 30.0])
def test_no_toy_is_cut_off(elevation_deg):
    for index in range(12):
        alpha = views(draw_spec(11, index), elevation_deg=elevation_deg)[..., 3]
        assert not (alpha[:, [0, -1]].any() or alpha[:, :, [0, -1]].any()), index


def test_large_toys_are_seen_from_farther_away_not_cut():
    for spec in (Spec("table", size="wide", seed=1), Spec("wardrobe", seed=2), Spec("car", size="long", seed=3)):
        alpha = views(spec, distance=1.2)[..., 3]
        assert alpha.any() and not (alpha[:, [0, -1]].any() or alpha[:, :, [0, -1]].any()), spec


@pytest.mark.parametrize("kind", ["elephant", "mouse", "shark", "castle", "cat"])
def test_gray_toys_are_seen_before_the_gray_background(kind):
    rgba = views(Spec(kind, color="gray", seed=1)).astype(int)
    solid = rgba[rgba[..., 3] > 250][:, :3]
    assert (np.abs(solid - BACKGROUND).max(1) < CLOSE).mean() < 0.1
