"""From a full-resolution surface to the mesh of a file: clean, small, laid out, painted."""

import numpy as np

from mvdream_cli.errors import UsageError
from mvdream_cli.mesh.lattice import outward
from mvdream_cli.mesh.maps import in_tangent_space, onto_surface, roughened, sky_seen, tangents_of
from mvdream_cli.mesh.projection import Overlay, Pictures
from mvdream_cli.mesh.quads import quadrangulate
from mvdream_cli.mesh.simplify import drop_floaters, simplify, smooth
from mvdream_cli.mesh.texture import ColorOf, Texels, TexturedMesh, fill_gaps, paint, to_uint8
from mvdream_cli.mesh.unwrap import unwrap
from mvdream_cli.mesh.watertight import watertight as solid_of
from mvdream_cli.raycast.mesh import vertex_normals

FEWEST_TEXELS = 4  # of a face: with fewer, vertices hold the colors as finely


def finish(
    surface: tuple[np.ndarray, np.ndarray],
    color_of: ColorOf,
    pictures: Pictures | None = None,
    *,
    faces: int = 50_000,
    texture_size: int = 1024,
    smooth_rounds: int = 5,
    watertight: bool = False,
    quads: bool = False,
    normal_map: bool = True,
    occlusion: bool = True,
    roughness: float = 0.9,
) -> TexturedMesh:
    """Floaters away, smoothing, simplification, layout, colors, maps.

    Args:
        surface: vertices (N, 3) and faces (M, 3) at full resolution, closed.
        color_of: the color at points with normals.
        pictures: of the object, laid over these colors where they see it; None: none.
        faces: triangles at most, about.
        texture_size: side of the texture in pixels, 0 for colors of the vertices alone; as where it has fewer than
            `FEWEST_TEXELS` texels for a face.
        watertight: a closed 2-manifold. quads: quadrilaterals, by the extra of that name.
        normal_map: of the full-resolution surface, with a map of roughness. roughness: of smooth places, 0 to 1.
        occlusion: a map of the share of the sky that is seen.

    Raises:
        ObjectError: there is no solid. UsageError: quads and watertight together, or quads without its library.
    """
    if watertight and quads:
        raise UsageError("export: a solid is made of triangles; ask for --watertight or for --quads")
    full = smooth(*drop_floaters(*surface), smooth_rounds)
    vertices, triangles = quadrangulate(*full, faces) if quads else simplify(*full, faces)
    if watertight:
        vertices, triangles = solid_of(vertices, triangles)
    triangles = outward(vertices, triangles)
    texels = layout = None
    if len(triangles) * FEWEST_TEXELS <= texture_size**2:
        layout = unwrap(vertices, triangles, texture_size)
        texels = Texels.of(layout, texture_size)
    overlay = Overlay(pictures, vertices, triangles) if pictures is not None else None
    colors, texture = paint(color_of, vertices, triangles, texels, overlay)
    mesh = TexturedMesh(vertices, triangles, vertex_normals(vertices, triangles), colors, layout, texture)
    mesh.quads = len(triangles) // 2 if quads else 0
    mesh.facts |= {"faces": len(triangles), "faces_before_simplification": len(full[1])}
    if texels is None and texture_size:
        mesh.facts["texture"] = f"none: {len(triangles)} faces are too many for one of {texture_size} pixels"
    if texels is not None and normal_map:
        _add_normal_map(mesh, texels, full, roughness)
    if texels is not None and occlusion:
        seen = sky_seen(vertices, mesh.normals, full)
        at_texels = np.einsum("pk,pk->p", texels.weights, seen[triangles[texels.face]])
        mesh.occlusion = fill_gaps(*texels.picture(to_uint8(at_texels)))
    return mesh


def _add_normal_map(mesh: TexturedMesh, texels: Texels, full: tuple[np.ndarray, np.ndarray], roughness: float) -> None:
    def between(values: np.ndarray, corners: np.ndarray) -> np.ndarray:
        return np.einsum("pk,pkc->pc", texels.weights, values[corners])

    corners = mesh.faces[texels.face]
    mesh.tangents = tangents_of(mesh.vertices, mesh.normals, mesh.layout)
    normals = between(mesh.normals, corners)
    unit = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    _, detailed = onto_surface(between(mesh.vertices, corners), unit, full)
    local = in_tangent_space(detailed, unit, between(mesh.tangents, mesh.layout.faces[texels.face]))
    picture, covered = texels.picture(to_uint8(0.5 + 0.5 * local))
    mesh.normal_map = fill_gaps(picture, covered)
    mesh.roughness = fill_gaps(to_uint8(roughened(texels.picture(detailed)[0], covered, roughness)), covered)
