"""What moves the vertices of a glTF 2 mesh: morph targets at their default weights, skins at rest, the matrices of nodes."""

import numpy as np

from mvdream_cli.raycast.gltf import Gltf


def morphed(gltf: Gltf, targets: list, weights: list, vertices: np.ndarray, normals: np.ndarray | None) -> tuple:
    """Vertices and normals with the default weights of the morph targets."""
    for target, weight in zip(targets, weights):
        if not weight:
            continue
        for name in ("POSITION", "NORMAL"):
            if target.get(name) is None or (name == "NORMAL" and normals is None):
                continue
            shift = gltf.array(target[name], "VEC3").astype(np.float64)
            if len(shift) != len(vertices):
                gltf.lost(f"a morph target has {len(shift)} values for {len(vertices)} vertices")
            elif name == "POSITION":
                vertices = vertices + float(weight) * shift
            else:
                normals = normals + float(weight) * shift
    return vertices, normals


def skin_matrices(gltf: Gltf, index, world: dict[int, np.ndarray], part: dict) -> np.ndarray | None:
    """(N, 4, 4) that take the vertices of a skinned part to where its joints stand at rest; None if it has no weights.

    The transform of the skinned node itself does not count (glTF 2.0, 3.7.3.3).
    """
    pairs = [(j, s) for j, s in zip(part["joints"], part["shares"]) if j is not None and s is not None]
    if not pairs:
        gltf.lost("a skinned part of the mesh has no weights")
        return None
    skin = gltf.item("skins", index)
    joints = list(skin.get("joints") or [])
    lacking = [joint for joint in joints if joint not in world]
    if lacking or not joints:  # then they stand nowhere
        gltf.lost("a skin has joints that are not in the scene")
        return None
    matrices = np.stack([world[joint] for joint in joints])  # (J, 4, 4)
    if skin.get("inverseBindMatrices") is not None:
        inverse = gltf.array(skin["inverseBindMatrices"], "MAT4").astype(np.float64)
        if len(inverse) < len(joints):
            raise gltf.broken("a skin has fewer inverse bind matrices than joints")
        matrices = matrices @ inverse[: len(joints)].reshape(-1, 4, 4).transpose(0, 2, 1)
    which = np.concatenate([j for j, _ in pairs], 1).astype(np.int64)  # (N, 4 or 8)
    shares = np.concatenate([_shares(s) for _, s in pairs], 1)
    shares = np.where(np.isfinite(shares), np.maximum(shares, 0.0), 0.0)
    if which[shares > 0].size and which[shares > 0].max() >= len(joints):
        raise gltf.broken("a vertex names a joint that its skin does not have")
    which = np.where(shares > 0, which, 0)
    total = shares.sum(1, keepdims=True)
    shares = np.where(total > 0, shares / np.maximum(total, 1e-12), np.eye(1, which.shape[1]))  # nobody's: the first joint's
    result = np.zeros((len(which), 4, 4))
    for column in range(which.shape[1]):
        result += shares[:, column, None, None] * matrices[which[:, column]]
    return result


def _shares(weights: np.ndarray) -> np.ndarray:
    top = np.iinfo(weights.dtype).max if weights.dtype.kind in "ui" else 1.0
    return weights.astype(np.float64) / top


def moved(vertices: np.ndarray, normals: np.ndarray | None, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Vertices and normals (N, 3) by one matrix (4, 4) or by one for each vertex (N, 4, 4)."""
    turn = matrix[..., :3, :3]
    with np.errstate(over="ignore", invalid="ignore"):
        placed = np.einsum("...ij,nj->ni" if matrix.ndim == 2 else "nij,nj->ni", turn, vertices) + matrix[..., :3, 3]
        if normals is None:
            return placed, None
        a, b, c = np.moveaxis(turn, -1, 0)  # columns; normals go with the matrix of cofactors, which singular ones have too
        cofactors = np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)], -1)
        sign = np.sign(np.linalg.det(turn))[..., None]
        turned = np.einsum("...ij,nj->ni" if matrix.ndim == 2 else "nij,nj->ni", cofactors, normals.astype(np.float64))
        scale = np.abs(cofactors).max(axis=(-2, -1))[..., None]
        return placed, turned * np.where(sign == 0, 1.0, sign) / np.where(scale > 0, scale, 1.0)
