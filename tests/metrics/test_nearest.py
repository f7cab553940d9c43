"""Answers by the nearest true render, with features that are known."""

import pytest
import torch

from mvdream_cli.metrics.nearest import best_turn, directions_found, directions_right, nearest, second_front


def test_the_most_like_is_the_nearest():
    views = torch.eye(4)
    assert nearest(views, [views.roll(1, 0), views, -views]) == 1
    assert nearest(views, [views, views]) == 0


def test_directions_of_an_object_in_turn_are_right_and_reversed_ones_are_not():
    around = torch.eye(8)
    assert directions_right(directions_found(around[::2], around), 8) == 1
    assert directions_right(directions_found(around[1::2], around), 8) == 1  # neighbors count
    assert directions_right(directions_found(around[::2].roll(2, 0), around), 8) == 0  # all backwards
    assert directions_right(directions_found(around[[0, 2, 4, 5]], around), 8) == 1
    assert directions_right(directions_found(around[[7, 4, 4, 6]], around), 8) == 0.75


def test_a_second_front_is_one_that_another_view_shows():
    around = torch.eye(8)
    assert not second_front(directions_found(around[::2], around))
    assert second_front(directions_found(around[[0, 2, 0, 6]], around))
    assert not second_front(directions_found(around[[2, 2, 4, 6]], around))  # no front at all is another fault


def test_an_object_is_turned_to_where_it_fits_best():
    views = torch.eye(4)
    assert torch.equal(best_turn(views.roll(3, 0), views), views)
    with pytest.raises(ValueError):
        best_turn(views[:0], views)
