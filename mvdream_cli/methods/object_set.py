"""Finished objects and their pictures: runs of `mvdream to3d`, or files of any tool beside a list of their prompts."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mvdream_cli.cameras import orbit_views
from mvdream_cli.engine.progress import warn
from mvdream_cli.engine.records import read_run
from mvdream_cli.errors import CheckpointError, DataError, UsageError
from mvdream_cli.images import composite
from mvdream_cli.methods.view_store import ViewStore
from mvdream_cli.raycast.assets import EXTENSIONS, load_asset
from mvdream_cli.raycast.embree import render_views
from mvdream_cli.raycast.light import Light
from mvdream_cli.raycast.mesh import Mesh

FOVY_DEG, ELEVATION_DEG, GRAY = 37.5, 15.0, 0.5  # the middle of the training cameras of `mini`, and its background
RELATIVE_DISTANCE = 1.2
AS_PAINTED = Light(ground=1.0, sky=0.0, lamp=0.0)  # a texture holds the light that its field has learnt


class Made(NamedTuple):
    """An object that somebody made: what was asked for, and the file."""

    prompt: str
    mesh: Path


def find_objects(folder: Path) -> list[Made]:
    """The objects in a folder, by name.

    Either the finished to3d runs in it (or the folder is one itself), or .glb, .gltf or .obj files, with prompts.txt beside
    them, which holds their prompts in the order of the names, one a line.

    Raises:
        DataError: nothing of the kind in it, or prompts and files do not fit together.
        UsageError: runs of several commands.
    """
    runs = [path.parent for path in sorted([*folder.glob("run.json"), *folder.glob("*/run.json")])]
    if runs:
        return _of_runs(folder, runs)
    files = sorted(path for path in folder.glob("*") if path.suffix.lower() in EXTENSIONS)
    if not files:
        raise DataError(
            f"{folder}: holds neither runs of `mvdream to3d` nor {', '.join(EXTENSIONS)} files with prompts.txt beside them"
        )
    try:
        prompts = [line.strip() for line in (folder / "prompts.txt").read_text(encoding="utf-8").splitlines() if line.strip()]
    except OSError:
        raise DataError(f"{folder}: prompts.txt is missing; write the prompts of its files into it, one a line") from None
    if len(prompts) != len(files):
        raise DataError(f"{folder}: holds {len(files)} files, and prompts.txt {len(prompts)} prompts; they must be as many")
    return [Made(*pair) for pair in zip(prompts, files)]


def _of_runs(folder: Path, runs: list[Path]) -> list[Made]:
    records = []
    for run in runs:
        try:
            records.append((run, read_run(run)))
        except CheckpointError as error:
            warn(f"passed over: {error}")
    commands = Counter(record.get("command") for _, record in records)
    if set(commands) != {"to3d"}:
        listed = ", ".join(f"{count} of {command}" for command, count in commands.items())
        raise UsageError(f"{folder}: holds runs of other commands ({listed}); give a folder with runs of to3d alone")
    made = []
    for run, record in records:
        mesh = run / record.get("results", {}).get("mesh", "mesh.glb")
        if record.get("status") == "finished" and mesh.is_file():
            made.append(Made(record.get("text", ""), mesh))
        else:
            warn(f"passed over: {run} is {record.get('status')}")
    if not made:
        raise DataError(f"{folder}: none of its {len(runs)} runs is finished")
    return made


def picture(mesh: Mesh, num_views: int, size_px: int, light: Light | None = None) -> Tensor:
    """A mesh from evenly spaced directions, the front first, over middle gray; (V, S, S, 3) in [0, 1].

    Args:
        light: none: the soft one of the training pictures.
    """
    distance = 0.5 * RELATIVE_DISTANCE / np.tan(np.deg2rad(FOVY_DEG / 2))
    c2w = orbit_views(num_views, ELEVATION_DEG, distance=distance).numpy()
    rgba = render_views(mesh.normalise(), c2w, FOVY_DEG, size_px, light=light, threads=torch.get_num_threads())
    return torch.from_numpy(composite(rgba, GRAY)).float()


def picture_objects(objects: list[Made], store: ViewStore, num_views: int, size_px: int) -> None:
    """Picture files as they are painted, from all around."""
    store.fill(
        lambda some: torch.stack([picture(load_asset(objects[k].mesh), num_views, size_px, AS_PAINTED) for k in some]),
        1,
        "rendering",
    )
