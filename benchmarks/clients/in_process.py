"""Clients that are Python packages: OpenUSD, lib3mf (the 3MF Consortium's), trimesh."""

import importlib.metadata
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from benchmarks.clients.seen import Client, Seen


def clients() -> list[Client]:
    return [
        _client("usd-core", ("usdz",), _usd),
        _client("lib3mf", ("3mf",), _lib3mf),
        _client("trimesh", ("glb", "gltf", "obj", "ply", "stl"), _trimesh),
    ]


def _client(package: str, formats: tuple[str, ...], see: Callable[[Path, Seen], None]) -> Client:
    def look(files: list[Path], out: Path) -> Iterator[tuple[Path, Seen]]:
        for path in files:
            seen = Seen(package)
            try:
                see(path, seen)
            except Exception as error:  # whatever a reader raises is what is asked for here
                seen.problems.append(f"{type(error).__name__}: {error}")
            yield path, seen

    try:
        version = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        version = None
    return Client(package, formats, version, f"pip install {package}", look)


def _usd(path: Path, seen: Seen) -> None:
    from pxr import Usd, UsdGeom, UsdUtils, UsdValidation

    stage = Usd.Stage.Open(str(path))
    every = UsdValidation.ValidationRegistry().GetOrLoadAllValidators()
    seen.problems += [error.GetMessage() for error in UsdValidation.ValidationContext(every).Validate(stage)]
    if UsdGeom.GetStageUpAxis(stage) != "Y":
        seen.problems.append("the up axis is not y")
    _, assets, missing = UsdUtils.ComputeAllDependencies(str(path))
    seen.problems += [f"{name} is missing" for name in missing]
    seen.pictures = len(assets)
    shapes = [UsdGeom.Mesh(prim) for prim in stage.Traverse() if prim.IsA(UsdGeom.Mesh)]
    seen.triangles = sum(int((np.array(shape.GetFaceVertexCountsAttr().Get()) - 2).sum()) for shape in shapes)
    box = UsdGeom.BBoxCache(Usd.TimeCode.Default(), ["default"]).ComputeWorldBound(stage.GetPseudoRoot())
    seen.size = list(box.ComputeAlignedRange().GetSize())


def _lib3mf(path: Path, seen: Seen) -> None:
    import lib3mf

    model = lib3mf.Wrapper().CreateModel()
    reader = model.QueryReader("3mf")
    reader.SetStrictModeActive(True)
    reader.ReadFromFile(str(path))
    seen.problems += [str(reader.GetWarning(index)) for index in range(reader.GetWarningCount())]
    if model.GetUnit() != lib3mf.ModelUnit.MilliMeter:
        seen.problems.append("the unit is not the millimeter")
    solids, seen.triangles, corners = model.GetMeshObjects(), 0, []
    while solids.MoveNext():
        solid = solids.GetCurrentMeshObject()
        seen.triangles += solid.GetTriangleCount()
        corners += [vertex.Coordinates[:] for vertex in solid.GetVertices()]
        if not solid.IsManifoldAndOriented():
            seen.problems.append("is no oriented manifold")
    seen.size = np.ptp(corners, axis=0).tolist()
    seen.colors = model.GetColorGroups().MoveNext()


def _trimesh(path: Path, seen: Seen) -> None:
    import trimesh

    mesh = trimesh.load(path, force="mesh", process=False)
    seen.triangles, seen.size = len(mesh.faces), mesh.extents.tolist()
    material = getattr(mesh.visual, "material", None)
    names = ("image", "baseColorTexture", "normalTexture", "occlusionTexture", "metallicRoughnessTexture")
    seen.pictures = len([name for name in names if getattr(material, name, None) is not None])
    seen.colors = mesh.visual.kind == "vertex"
    if path.suffix == ".stl":
        mesh.merge_vertices()
        if not mesh.is_watertight:
            seen.problems.append("is not watertight")
