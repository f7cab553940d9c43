"""A surface of quadrilaterals that follow its shape, for people who go on modelling: Instant Meshes (Jakob et al. 2015)."""

import importlib.util

import numpy as np

from mvdream_cli.errors import UsageError
from mvdream_cli.mesh.aside import call_aside

_SPLIT = 4  # Instant Meshes cuts each of its faces into so many to have quadrilaterals only


def quadrangulate(vertices: np.ndarray, faces: np.ndarray, max_faces: int) -> tuple[np.ndarray, np.ndarray]:
    """The surface again, of quadrilaterals only, about `max_faces` triangles of them.

    Returns:
        vertices (N, 3) float32, and triangles (2 Q, 3) int32: those of 2k and 2k + 1 are the halves (a, b, c) and (a, c, d) of
        quadrilateral k.

    Raises:
        UsageError: the library is missing. ObjectError: it failed.
    """
    if importlib.util.find_spec("pynanoinstantmeshes") is None:
        raise UsageError("export: quadrilaterals need pynanoinstantmeshes; install it with pip install 'mvdream-cli[quads]'")
    made = call_aside(instant_meshes, vertices=vertices, faces=faces, corners=max(6, max_faces // (2 * _SPLIT)))
    return made["vertices"], made["quads"][:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3)


def instant_meshes(vertices: np.ndarray, faces: np.ndarray, corners: int) -> dict[str, np.ndarray]:
    """vertices and quads (Q, 4) of about 4 times `corners` vertices."""
    from pynanoinstantmeshes import remesh

    vertices, quads = remesh(
        np.ascontiguousarray(vertices, np.float32),
        np.ascontiguousarray(faces, np.uint32),
        int(corners),
        smooth_iter=2,
        deterministic=True,
    )
    quads = np.asarray(quads, np.int32)
    _, once = np.unique(np.sort(quads, 1), axis=0, return_index=True)  # where the surface is thin some come twice
    return {"vertices": np.asarray(vertices, np.float32), "quads": quads[np.sort(once)]}
