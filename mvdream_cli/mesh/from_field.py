"""From a field to a colored mesh, all steps in order."""

from functools import partial

from mvdream_cli.mesh.finish import finish
from mvdream_cli.mesh.level import choose_level
from mvdream_cli.mesh.likeness import agreeing, likeness, pictures_of_field
from mvdream_cli.mesh.projection import Pictures
from mvdream_cli.mesh.surface import extract_surface
from mvdream_cli.mesh.texture import TexturedMesh, visible_color
from mvdream_cli.scene.occupancy import Occupancy

FEWEST_PX, MOST_PX = 24, 128  # side of the views that the surface is compared with, two cells of the lattice a pixel


def field_to_mesh(
    field,
    *,
    occupancy: Occupancy | None = None,
    pictures: Pictures | None = None,
    resolution: int = 128,
    level: float | str = "auto",
    smooth_cells: float = 0.0,
    **finishing,
) -> TexturedMesh:
    """Level, surface, and what `finish` does; the mesh's `facts` say how like the field it is.

    Args:
        occupancy: where the field was rendered, if it was not everywhere.
        pictures: those that the field was fitted to; None: all colors are the field's.
        resolution: lattice cells along the longest side of the object.
        level: density of the surface, or "auto" to match the rendered silhouettes and depths.
        smooth_cells: see `extract_surface`.
        finishing: arguments of `finish`.

    Raises:
        ObjectError: the object is empty, fills the box, or is not finite.
    """
    facts, size_px = {}, min(MOST_PX, max(FEWEST_PX, resolution // 2))
    if level == "auto":
        chosen = choose_level(field, occupancy, size_px=size_px)
        level, facts["level_curve"] = chosen.density, [[float(f"{x:.4g}") for x in row] for row in chosen.curve]
    surface = extract_surface(field, resolution, level, smooth_cells)
    shown = pictures_of_field(field, occupancy, size_px=size_px)
    if pictures is not None:
        pictures = agreeing(pictures, field, occupancy)
    mesh = finish(surface, partial(visible_color, field), pictures, **finishing)
    mesh.facts |= {"level": float(f"{level:.4g}")} | likeness(mesh, shown) | facts
    return mesh
