import numpy as np
import pytest
import trimesh

from mvdream_cli.errors import ObjectError
from mvdream_cli.mesh.watertight import close_holes, watertight


def solid_of(mesh: trimesh.Trimesh) -> trimesh.Trimesh:
    """As a reader of STL sees it: corners at the same place are one."""
    vertices, faces = watertight(mesh.vertices, mesh.faces)
    assert vertices.dtype == np.float32 and faces.dtype == np.int32
    solid = trimesh.Trimesh(vertices, faces, process=False)
    assert solid.is_watertight and solid.is_winding_consistent
    solid.merge_vertices()
    assert solid.is_watertight and solid.is_winding_consistent and solid.volume > 0
    return solid


def test_a_ball_with_holes_is_a_ball():
    ball = trimesh.creation.icosphere(4)
    whole = ball.volume
    ball.update_faces((ball.triangles_center[:, 2] < 0.95) & (np.arange(len(ball.faces)) % 97 > 0))
    assert not ball.is_watertight
    assert abs(solid_of(ball).volume / whole - 1) < 0.02


def test_a_shell_inside_goes_and_pieces_that_overlap_become_one():
    inner, second = trimesh.creation.icosphere(3, radius=0.4), trimesh.creation.icosphere(3, radius=0.5)
    inner.invert()
    second.apply_translation((1.2, 0, 0))
    solid = solid_of(trimesh.util.concatenate([trimesh.creation.icosphere(3), inner, second]))
    assert solid.body_count == 1
    ball = trimesh.creation.icosphere(3).volume
    assert ball < solid.volume < ball + second.volume


def test_an_edge_with_four_faces_and_a_corner_with_two_parts_are_taken_apart():
    first, beside, above = (trimesh.creation.box() for _ in range(3))
    beside.apply_translation((1, 1, 0))  # shares an edge with the first
    above.apply_translation((-1, -1, 1))  # and a corner
    boxes = trimesh.util.concatenate([first, beside, above])
    boxes.merge_vertices()
    assert not boxes.is_watertight
    assert abs(solid_of(boxes).volume - 3) < 1e-3


def test_a_face_turned_over_or_written_twice_does_no_harm():
    ball = trimesh.creation.icosphere(3)
    faces = np.concatenate([ball.faces, ball.faces[:5]])
    faces[100] = faces[100][::-1]
    assert abs(solid_of(trimesh.Trimesh(ball.vertices, faces, process=False)).volume / ball.volume - 1) < 0.02


def test_holes_are_closed_around_their_middle():
    box = trimesh.creation.box()
    vertices, faces = close_holes(box.vertices.astype(np.float32), box.faces[box.face_normals[:, 2] < 0.5].astype(np.int32))
    assert len(vertices) == 9 and len(faces) == 14
    np.testing.assert_allclose(vertices[-1], (0, 0, 0.5))
    assert trimesh.Trimesh(vertices, faces, process=False).is_watertight


@pytest.mark.parametrize("broken", ["flat", "inside out", "not finite", "no faces"])
def test_what_encloses_nothing_is_refused(broken):
    ball = trimesh.creation.icosphere(2)
    vertices, faces = ball.vertices.copy(), ball.faces
    if broken == "flat":
        vertices[:, 2] = 0
    elif broken == "inside out":
        faces = faces[:, ::-1]
    elif broken == "not finite":
        vertices[3] = np.nan
    else:
        faces = faces[:0]
    with pytest.raises(ObjectError, match="not finite" if broken == "not finite" else "encloses nothing"):
        watertight(vertices, faces)
