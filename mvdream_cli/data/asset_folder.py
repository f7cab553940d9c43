"""A folder of GLB files with captions, and the record of the world that they belong to."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import trimesh

from mvdream_cli.atomic import written_whole
from mvdream_cli.data.agreed import agree
from mvdream_cli.data.sources import AssetSource, caption_rows
from mvdream_cli.errors import ConfigError
from mvdream_cli.raycast.gltf import gltf_tree
from mvdream_cli.raycast.paint import srgb_to_linear

WORLD = "toybox.json"


def write_assets(
    sources: Iterable[AssetSource], out: Path, world: dict, *, on_progress: Callable[[int], None] | None = None
) -> Path:
    """Write the meshes of `sources` as GLB files beside captions.jsonl, which keeps the rows of objects from earlier calls.

    A file that is there is kept if it is of the same object: each carries the identity of its own.

    Args:
        sources: loaded, they give `vertices`, `faces` and `colors` (sRGB in [0, 1]).
        world: what all objects of the folder have in common; kept in the folder.

    Returns:
        The path of captions.jsonl.

    Raises:
        ConfigError: the folder holds another world, or models of which no record says what they are.
    """
    sources = list(sources)
    if not (out / WORLD).exists() and any(out.glob("*.glb")):
        raise ConfigError(
            f"{out}: holds models, and no {WORLD} that says of which world; choose another folder, or delete them"
        )
    agree(out / WORLD, world)
    captions = out / "captions.jsonl"
    rows = caption_rows(captions) | {f"{s.id}.glb": {"file": f"{s.id}.glb", "caption": s.caption} for s in sources}
    with written_whole(captions) as partial:  # first, so that no model is ever without its caption
        partial.write_text("".join(json.dumps(rows[name]) + "\n" for name in sorted(rows)), encoding="utf-8")
    for done, source in enumerate(sources, start=1):
        path = out / f"{source.id}.glb"
        identity = source.identity()
        if _identity_there(path) != identity:
            with written_whole(path) as partial:
                partial.write_bytes(_glb(source.load(), identity))
        if on_progress:
            on_progress(done)
    return captions


def _glb(part, identity: str) -> bytes:
    colors = np.concatenate([srgb_to_linear(part.colors), np.ones((len(part.colors), 1))], 1)
    mesh = trimesh.Trimesh(
        part.vertices[:, [1, 2, 0]],  # z up to glTF's y up
        part.faces,
        process=False,
        vertex_colors=(colors * 255 + 0.5).astype(np.uint8),
    )
    return mesh.export(file_type="glb", tree_postprocessor=lambda tree: tree["asset"].update(extras={"identity": identity}))


def _identity_there(path: Path) -> str | None:
    try:
        return gltf_tree(path)["asset"]["extras"]["identity"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
