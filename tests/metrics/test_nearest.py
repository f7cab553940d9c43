"""Answers by the nearest true render, with features that are known."""

import pytest
import torch

from mvdream_cli.metrics.nearest import best_turn, directions_found, directions_right, nearest, second_front, sides_alike


def test_the_most_like_is_the_nearest():
    views = torch.eye(4)
    assert nearest(views, [views.roll(1, 0), views, -views]) == 1
    assert nearest(views, [views, views]) == 0


def right(which):
    """The share of right directions of views that show these sides of an object that differs on all sides."""
    around = torch.eye(8)
    return directions_right(directions_found(around[which], around), sides_alike(around, around[::2]))


def test_directions_of_an_object_in_turn_are_right_and_reversed_ones_are_not():
    assert right([0, 2, 4, 6]) == 1
    assert right([1, 3, 5, 7]) == 1  # neighbors count
    assert right([4, 6, 0, 2]) == 0  # all backwards
    assert right([0, 2, 4, 5]) == 1
    assert right([7, 4, 4, 6]) == 0.75


def test_sides_are_alike_that_differ_less_than_two_specimens_do():
    around = torch.eye(8)[[0, 2, 2, 2, 0, 6, 6, 6]]  # the back like the front, a left and a right side
    specimen = torch.nn.functional.normalize(around[::2] + 0.1, dim=-1)
    alike = sides_alike(around, specimen)
    assert ["".join("x" if same else "." for same in row) for row in alike.tolist()] == [
        "x...x...",
        ".xxx....",
        "x...x...",
        ".....xxx",
    ]
    near = torch.nn.functional.normalize(torch.eye(8) + 0.05 * torch.eye(8).roll(4, 0), dim=-1)  # front and back hardly differ
    assert not sides_alike(near, near[::2])[0, 4] and sides_alike(near, torch.eye(8).roll(1, 0)[::2])[0, 4]


def test_a_second_front_is_one_that_another_view_shows():
    around = torch.eye(8)
    unlike = sides_alike(around, around[::2])
    assert not second_front(directions_found(around[::2], around), unlike)
    assert second_front(directions_found(around[[0, 2, 0, 6]], around), unlike)
    assert not second_front(directions_found(around[[2, 2, 4, 6]], around), unlike)  # no front at all is another fault


def test_a_back_that_is_like_the_front_is_neither_a_wrong_direction_nor_a_second_front():
    around = torch.eye(8)[[0, 1, 2, 3, 0, 5, 6, 7]]
    alike = sides_alike(around, around[::2])
    found = directions_found(around[[0, 2, 4, 6]], around)
    assert found.tolist() == [0, 2, 0, 6]  # the first of equals
    assert directions_right(found, alike) == 1 and not second_front(found, alike)
    sideways = torch.tensor([0, 0, 4, 6])
    assert directions_right(sideways, alike) == 0.75 and second_front(sideways, alike)


def test_an_object_is_turned_to_where_it_fits_best():
    views = torch.eye(4)
    assert torch.equal(best_turn(views.roll(3, 0), views), views)
    with pytest.raises(ValueError):
        best_turn(views[:0], views)
