"""Faces are counted on features that are known: V directions, each its own axis."""

import pytest
import torch

from mvdream_cli.metrics.janus import centered, front_seen_again, fronts_seen, in_turn, overlap, patches_seen

TRUE = torch.eye(8)
JANUS = TRUE[[0, 1, 2, 3, 0, 5, 6, 7]]  # the front is seen from behind too


def around(*values):
    """Features on a circle: neighbors are alike."""
    angle = torch.tensor(values) * torch.pi / 180
    return torch.stack([angle.cos(), angle.sin()], 1)


def test_a_true_object_is_seen_in_turn_however_it_stands():
    assert in_turn(TRUE, TRUE) == in_turn(TRUE.roll(3, 0), TRUE) == 1
    torch.manual_seed(0)
    shuffled = torch.tensor([in_turn(TRUE[torch.randperm(8)], TRUE) for _ in range(200)])
    assert 0.4 < shuffled.mean() < 0.75
    assert in_turn(TRUE[[0, 1, 0, 1, 0, 1, 0, 1]], TRUE) < 0.75


def test_fronts_are_counted_in_runs():
    assert (fronts_seen(TRUE, TRUE), fronts_seen(JANUS, TRUE), fronts_seen(TRUE[[1] * 8], TRUE)) == (1, 2, 0)
    assert fronts_seen(TRUE[[0, 0, 3, 3, 3, 3, 3, 0]], TRUE) == 1  # one run, over the seam
    assert fronts_seen(TRUE[[0] * 8], TRUE) == 1


def test_a_front_that_is_seen_again():
    assert not front_seen_again(around(0, 45, 90, 135, 180, 225, 270, 315))
    assert front_seen_again(around(0, 45, 90, 45, 5, 45, 90, 45))
    near = around(0, 30, 5, *range(60, 310, 20))  # what is less than a quarter turn away does not count
    assert len(near) == 16 and not front_seen_again(near)
    with pytest.raises(ValueError, match="4 directions are too few"):
        front_seen_again(TRUE[:4])


def test_overlap_of_silhouettes():
    disc = torch.ones(8, 4, 4, dtype=torch.bool)
    assert overlap(disc) == 1
    flat = disc.clone()
    flat[[2, 6]] = False
    flat[[2, 6], :, 0] = True  # thin from the sides
    assert overlap(flat) < 0.8


def test_patches_tell_views_apart(tiny):
    torch.manual_seed(0)
    seen = patches_seen(tiny, torch.rand(8, 32, 32, 3))
    torch.testing.assert_close(seen.norm(dim=1), torch.ones(8))
    assert centered(torch.rand(8, 5)).sum(0).abs().max() < 4
