"""From a field to a colored mesh, all steps in order."""

from functools import partial

from mvdream_cli.mesh.simplify import drop_floaters, simplify, smooth
from mvdream_cli.mesh.surface import extract_surface, outward
from mvdream_cli.mesh.texture import TexturedMesh, paint, visible_color
from mvdream_cli.scene.occupancy import Occupancy


def field_to_mesh(
    field,
    *,
    occupancy: Occupancy | None = None,
    resolution: int = 128,
    level: float | str = "auto",
    faces: int = 20_000,
    texture_size: int = 1024,
    smooth_cells: float = 0.0,
    smooth_rounds: int = 5,
) -> TexturedMesh:
    """Surface, floaters away, smoothing, simplification, layout, colors.

    Args:
        occupancy: where the field was rendered, if it was not everywhere.
        resolution: lattice cells along the longest side of the object.
        level: density of the surface, or "auto" to match the rendered silhouettes.
        faces: triangles at most, about.
        smooth_cells: see `extract_surface`.
        texture_size: side of the texture in pixels, 0 for vertex colors.

    Raises:
        ObjectError: the object is empty, fills the box, or is not finite.
    """
    vertices, triangles = extract_surface(field, resolution, level, occupancy, smooth_cells)
    vertices, triangles = drop_floaters(vertices, triangles)
    vertices, triangles = smooth(vertices, triangles, smooth_rounds)
    vertices, triangles = simplify(vertices, triangles, faces)
    color_of = partial(visible_color, field)
    return paint(color_of, vertices, outward(vertices, triangles), texture_size)
