"""Settings of `mvdream export`, and of the files that `mvdream to3d` leaves."""

from typing import Annotated, Literal

from pydantic import Field

from mvdream_cli.settings.fields import Fraction, MeshFormat, Positive, Section


class Files(Section):
    formats: list[MeshFormat] = Field(["glb"], min_length=1, description="a file of each")
    size_mm: Positive | None = Field(
        None,
        description="longest side, in formats with a unit of length; none: 100 in stl and 3mf, the box as meters in others",
    )
    draco: bool = Field(False, description="compress the geometry of glb and gltf; needs DracoPy")


class Export(Section):
    faces: int = Field(50_000, ge=4, description="triangles at most, after simplification")
    texture_size: Annotated[int, Field(ge=0, le=8192)] = Field(
        1024, description="side of the texture, pixels; 0: vertex colors"
    )
    normal_map: bool = Field(True, description="maps of the normals that simplification has lost, and of roughness")
    occlusion: bool = Field(True, description="a map of how much of the sky the surface sees")
    roughness: Fraction = Field(0.9, description="of smooth places; 1: dull")
    watertight: bool = Field(False, description="a closed 2-manifold, or an error; stl and 3mf are it always")
    quads: bool = Field(False, description="quadrilaterals that follow the shape; needs the extra quads")
    resolution: Annotated[int, Field(ge=16, le=512)] = Field(256, description="cells along a side of the marching-cubes grid")
    smooth_cells: float = Field(0.0, ge=0, le=8, description="Gaussian over the density before, in cells; closes a torn skin")
    level: Positive | Literal["auto"] = Field("auto", description="density of the surface; auto: the one that renders alike")
    files: Files = Files()
