"""True views of an object are explained by one field; views of two are not."""

import math

import torch

from mvdream_cli.methods.object_set import picture
from mvdream_cli.methods.view_consistency import other_object, view_consistency
from mvdream_cli.raycast.mesh import Mesh
from mvdream_cli.settings.resolve import resolve
from mvdream_toybox.world import build, draw_spec

FEW = ["to3d.field.resolutions=[16]", "to3d.fit.rays=1024", "to3d.rendering.samples_per_ray=24", "to3d.fit.rim_px=0"]


def test_one_object_is_more_consistent_than_two():
    options = resolve("cpu", FEW).to3d
    views = []
    for kind in ("robot", "cupcake"):
        part = build(draw_spec(0, 0, kinds=(kind,)))
        views.append(picture(Mesh.from_part(part.vertices, part.faces, part.colors), 4, 32))
    mixed = torch.stack([views[0][0], views[1][1], views[0][2], views[1][3]])
    one, two = (view_consistency(images, options, steps=40, device="cpu") for images in (views[0], mixed))
    assert one.reprojected > two.reprojected + 0.5 and one.held_out > two.held_out, (one, two)
    assert math.isnan(one.distance)  # no network was given
    floor = other_object(views[0], views[1])
    assert one.reprojected > floor.reprojected and math.isnan(floor.distance)
    assert other_object(views[0], views[0]).held_out == 100  # the PSNR of no error at all
    again = view_consistency(views[0], options, steps=40, device="cpu")
    assert again[:2] == one[:2]  # a function of the seed
