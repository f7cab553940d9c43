"""What is worn and carried."""

import numpy as np

from mvdream_toybox import palette
from mvdream_toybox.geometry.parts import Anchor
from mvdream_toybox.kind import ANYWHERE
from mvdream_toybox.things.worn import WORN
from toybox.conftest import areas, each_worn

# how far from the anchor a thing may reach, in the anchor's radii
REACH = {"head": 3.5, "eyes": 4.5, "neck": 4.0, "back": 4.5, "hand": 16.0}


@each_worn()
def test_a_worn_thing_is_near_its_anchor_and_scales_with_it(name):
    worn, color = WORN[name], (0.31, 0.57, 0.13)
    assert worn.anchor in ANYWHERE and worn.words and set(worn.colors) <= set(palette.COLORS)
    small, large = (
        np.concatenate([p.vertices for p in worn.build(Anchor((1.0, 2.0, 3.0), radius, 12.0), color)]) for radius in (0.2, 0.4)
    )
    assert np.isfinite(small).all()
    assert np.linalg.norm(small - (1, 2, 3), axis=1).max() < REACH[worn.anchor] * 0.2
    np.testing.assert_allclose(large - (1, 2, 3), 2 * (small - (1, 2, 3)), atol=1e-9)


@each_worn()
def test_the_color_paints_a_main_part_of_a_worn_thing(name):
    red, green = (WORN[name].build(Anchor((0, 0, 0), 1.0), color) for color in ((0.8, 0.1, 0.1), (0.1, 0.6, 0.2)))
    size = np.concatenate([areas(p.vertices, p.faces) for p in red])
    before, after = (np.concatenate([p.colors[p.faces].mean(1) for p in parts]) for parts in (red, green))
    assert size[np.abs(before - after).max(1) > 0.2].sum() > 0.08 * size.sum()


def test_things_in_a_hand_lean_to_the_side_of_the_hand():
    for side in (1.0, -1.0):
        parts = WORN["balloon"].build(Anchor((0.0, 0.5 * side, 0.5), 0.1), (0.8, 0.1, 0.1))
        assert side * parts[1].vertices[:, 1].mean() > 0.6
