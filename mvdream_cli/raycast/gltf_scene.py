"""Meshes of glTF 2 files as they stand in the default scene: node transforms, skins at rest, default morphs, instances."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mvdream_cli.errors import DataError
from mvdream_cli.raycast.gltf import DRACO, Gltf
from mvdream_cli.raycast.gltf_deform import morphed, moved, skin_matrices
from mvdream_cli.raycast.gltf_paint import Materials
from mvdream_cli.raycast.mesh import Mesh
from mvdream_cli.raycast.paint import Texture, join, linear_to_srgb, painted

MOST_NODES = 100_000  # placed in a scene, instances counted
MOST_TRIANGLES = 30_000_000


def mesh_of_gltf(path: Path) -> Mesh:
    """One mesh of a .glb or .gltf file, in world axes.

    Raises:
        DataError: broken, no triangles, or in need of an extension that is not understood.
    """
    gltf = Gltf(path)
    try:
        pieces = list(_pieces(gltf))
    except (TypeError, ValueError, KeyError, AttributeError, IndexError, OverflowError, RecursionError) as error:
        raise gltf.broken(f"its contents do not fit together ({' '.join(str(error).split())[:80]})") from error
    if not pieces:
        reason = f" ({gltf.losses[0]})" if gltf.losses else ""
        raise DataError(f"{path}: no triangles in this file{reason}; nothing to render")
    return join(pieces, gltf.losses)


def _pieces(gltf: Gltf) -> Iterator[Mesh]:
    """Each primitive of each node of the scene, where it stands."""
    world, nodes, triangles = {}, [], 0
    for index, matrix in _placed(gltf):
        world.setdefault(index, matrix)
        nodes.append((index, matrix))
    materials, parts = Materials(gltf), {}
    for index, matrix in nodes:
        node = gltf.item("nodes", index)
        if node.get("mesh") is None:
            continue
        weights = node.get("weights")
        key = (node["mesh"], repr(weights))
        if key not in parts:
            parts[key] = _primitives(gltf, node["mesh"], weights, materials)
        matrices = [matrix @ instance for instance in _instances(gltf, node)]
        for part in parts[key]:
            triangles += len(part["faces"]) * len(matrices)
            if triangles > MOST_TRIANGLES or len(matrices) > MOST_NODES:
                raise DataError(f"{gltf.path}: more than {MOST_TRIANGLES // 10**6} million triangles; simplify the model")
            skin = None if node.get("skin") is None else skin_matrices(gltf, node["skin"], world, part)
            for placed in [skin] if skin is not None else matrices:
                vertices, normals = moved(part["vertices"], part["normals"], placed)
                yield painted(vertices, part["faces"], normals, part["paint"], **part["looks"])


def _placed(gltf: Gltf) -> Iterator[tuple[int, np.ndarray]]:
    """(node, its matrix in the scene) of all visible nodes of the default scene.

    Raises:
        DataError: a circle of nodes, or too many.
    """
    roots, known = _roots(gltf), {}
    if sum(_times_placed(gltf, root, known) for root in roots) > MOST_NODES:  # before any of them is placed
        raise DataError(f"{gltf.path}: more than {MOST_NODES} nodes in its scene, or one in itself; simplify the model")
    stack = [(root, np.eye(4)) for root in reversed(roots)]
    while stack:
        index, parent = stack.pop()
        node = gltf.item("nodes", index)
        visible = ((node.get("extensions") or {}).get("KHR_node_visibility") or {}).get("visible", True)
        if visible is False:
            continue
        matrix = parent @ _local(node)
        yield index, matrix
        stack += [(child, matrix) for child in reversed(node.get("children") or [])]


def _times_placed(gltf: Gltf, index, known: dict[int, int]) -> int:
    """How many places a node and those below it take in a scene; more than `MOST_NODES` for one that stands in itself."""
    if index not in known:
        known[index] = MOST_NODES  # until it is counted
        known[index] = 1 + sum(_times_placed(gltf, child, known) for child in gltf.item("nodes", index).get("children") or [])
    return known[index]


def _roots(gltf: Gltf) -> list:
    """The nodes of the default scene, else of the first; of a file without scenes, all that are nobody's child."""
    if gltf.tree.get("scenes"):
        return list(gltf.item("scenes", gltf.tree.get("scene", 0)).get("nodes") or [])
    nodes = gltf.tree.get("nodes") or []
    children = {child for node in nodes for child in node.get("children") or []}
    return [index for index in range(len(nodes)) if index not in children]


def _local(node: dict) -> np.ndarray:
    """(4, 4) of a node: its matrix, or translation x rotation x scale."""
    if node.get("matrix") is not None:
        return np.array(node["matrix"], np.float64).reshape(4, 4).T
    return _matrices(*(np.array(node.get(key, d), np.float64)[None] for key, d in _REST.items()))[0]


_REST = {"translation": (0.0, 0.0, 0.0), "rotation": (0.0, 0.0, 0.0, 1.0), "scale": (1.0, 1.0, 1.0)}


def _matrices(translation: np.ndarray, rotation: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """(K, 4, 4) from translations (K, 3), quaternions (K, 4) x y z w of any length, and scales (K, 3)."""
    x, y, z, w = (rotation / np.maximum(np.linalg.norm(rotation, axis=1, keepdims=True), 1e-12)).T
    turn = np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ])  # fmt: skip
    result = np.tile(np.eye(4), (len(x), 1, 1))
    result[:, :3, :3] = np.moveaxis(turn, -1, 0) * scale[:, None, :]
    result[:, :3, 3] = translation
    return result


def _instances(gltf: Gltf, node: dict) -> np.ndarray:
    """(K, 4, 4) of EXT_mesh_gpu_instancing; the identity alone for a node that is there once."""
    attributes = ((node.get("extensions") or {}).get("EXT_mesh_gpu_instancing") or {}).get("attributes") or {}
    given = {name.lower(): gltf.array(index, ("VEC3", "VEC4")) for name, index in attributes.items() if name.lower() in _REST}
    if not given:
        return np.eye(4)[None]
    count = min(map(len, given.values()))
    return _matrices(
        *(given[key][:count].astype(np.float64) if key in given else np.tile(rest, (count, 1)) for key, rest in _REST.items())
    )


def _primitives(gltf: Gltf, index, node_weights, materials: Materials) -> list[dict]:
    """The primitives of a mesh that have triangles, before they are placed."""
    mesh = gltf.item("meshes", index)
    weights = node_weights if node_weights is not None else mesh.get("weights") or []
    parts = []
    for primitive in mesh.get("primitives") or []:
        if primitive.get("mode", 4) in (4, 5, 6):
            part = _primitive(gltf, primitive, weights, materials)
            if len(part["faces"]):
                parts.append(part)
    return parts


def _primitive(gltf: Gltf, primitive: dict, weights: list, materials: Materials) -> dict:
    accessors = dict(primitive.get("attributes") or {})
    compressed = (primitive.get("extensions") or {}).get(DRACO)
    attributes, faces = gltf.draco(compressed) if compressed else ({}, None)

    def array(name: str, widths: tuple[str, ...]) -> np.ndarray | None:
        """An attribute with a row a vertex; None, and a loss, if it has none."""
        if name in attributes:
            return attributes[name]
        if accessors.get(name) is None:
            return None
        if name == "POSITION":
            return gltf.array(accessors[name], widths)
        try:
            values = gltf.array(accessors[name], widths)
        except DataError:  # the mesh is there without it
            gltf.lost(f"{name} of a part of the mesh is broken")
            return None
        if len(values) != len(vertices):
            gltf.lost(f"{name} has {len(values)} values for {len(vertices)} vertices")
            return None
        return values

    vertices = array("POSITION", ("VEC3",))
    if vertices is None:
        return {"faces": ()}
    vertices = vertices.astype(np.float64)
    normals = array("NORMAL", ("VEC3",))
    if faces is None:
        faces = _faces(gltf, primitive, len(vertices))
    if len(faces) and (faces.min() < 0 or faces.max() >= len(vertices)):
        raise gltf.broken(f"a triangle names vertex {int(faces.max())} of {len(vertices)}")
    vertices, normals = morphed(gltf, primitive.get("targets") or [], weights, vertices, normals)
    paint = materials[primitive.get("material")]
    colors, alpha = array("COLOR_0", ("VEC3", "VEC4")), None
    if colors is not None:
        top = np.iinfo(colors.dtype).max if colors.dtype.kind in "ui" else 1.0  # some forget to say that they are normalised
        colors = np.nan_to_num(colors.astype(np.float64) / top)
        alpha = colors[:, 3] if colors.shape[1] == 4 else None
        colors = linear_to_srgb(colors[:, :3])
    looks = {"colors": colors, "alpha": alpha}
    for name, texture in (("uv", paint.texture), ("emission_uv", paint.emission_texture)):
        if texture is not None:
            looks[name] = _places(array(f"TEXCOORD_{texture.uv_set}", ("VEC2",)), texture)
            if looks[name] is None:
                gltf.lost(f"a texture lies on TEXCOORD_{texture.uv_set}, which a part of the mesh does not have")
    sets = range(4)
    joints = [array(f"JOINTS_{k}", ("VEC4",)) for k in sets if accessors.get(f"JOINTS_{k}") is not None]
    shares = [array(f"WEIGHTS_{k}", ("VEC4",)) for k in sets if accessors.get(f"WEIGHTS_{k}") is not None]
    return {
        "vertices": vertices, "normals": normals, "faces": faces, "paint": paint, "looks": looks, "joints": joints,
        "shares": shares,
    }  # fmt: skip


def _faces(gltf: Gltf, primitive: dict, vertices: int) -> np.ndarray:
    """(M, 3) int64 of triangles, a strip or a fan, indexed or not."""
    if primitive.get("indices") is None:
        order = np.arange(vertices)
    else:
        order = gltf.array(primitive["indices"], "SCALAR")[:, 0]
        if order.dtype.kind not in "ui":
            raise gltf.broken("the indices of a mesh are no whole numbers")
        order = order.astype(np.int64)
    mode, count = primitive.get("mode", 4), len(order)
    if mode == 4 or count < 3:
        return order[: count // 3 * 3].reshape(-1, 3)
    if mode == 5:
        odd = np.arange(count - 2) % 2 == 1
        second, third = np.where(odd, order[2:], order[1:-1]), np.where(odd, order[1:-1], order[2:])
        return np.stack([order[:-2], second, third], 1)
    return np.stack([np.full(count - 2, order[0]), order[1:-1], order[2:]], 1)


def _places(uv: np.ndarray | None, texture: Texture) -> np.ndarray | None:
    """(N, 2), v up as everywhere here, of a file's places (v down), moved as the texture says."""
    if uv is None:
        return None
    uv = uv.astype(np.float64)
    if texture.transform is not None:
        uv = uv @ texture.transform[:, :2].T + texture.transform[:, 2]
    return np.stack([uv[:, 0], 1.0 - uv[:, 1]], 1)
