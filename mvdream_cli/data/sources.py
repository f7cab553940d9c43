"""What is to be rendered: an id, a mesh or the file of one, a caption; and how a folder of assets gets its captions."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mvdream_cli.errors import DataError
from mvdream_cli.raycast.assets import EXTENSIONS

_ABOUT = ("source", "licence", "license")


@dataclass(frozen=True)
class AssetSource:
    """One object to render.

    id: letters, digits, "-" and "_" only; it names files and seeds the cameras and the light.
    load: the path of an asset, or a picklable callable that returns a `Mesh` or anything with vertices, faces, colours.
    about: further entries of the meta file (source, licence).
    """

    id: str
    load: Path | str | Callable[[], Any]
    caption: str
    about: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,90}", self.id):
            raise DataError(f"{self.id!r}: not usable as an object id; use at most 90 letters, digits, '-' and '_'")


def sources_from_folder(root: Path | str) -> list[AssetSource]:
    """All .glb, .gltf and .obj files below a folder, by name.

    A caption comes from `captions.jsonl` in the folder (rows with "file", "caption", optional "source" and "licence"),
    else from a text file beside the asset (FILE.txt, with the asset's stem), else from the file's name: "RedCar_02.glb"
    gives "red car".
    """
    root = Path(root)
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; give a folder of {', '.join(EXTENSIONS)} files")
    rows = _caption_rows(root / "captions.jsonl")
    sources, taken = [], set()
    for path in sorted(root.rglob("*")):
        if path.suffix.lower() not in EXTENSIONS or not path.is_file():
            continue
        name = path.relative_to(root).as_posix()
        row = rows.get(name, {})
        object_id = base = re.sub(r"[^A-Za-z0-9_-]+", "-", name.rsplit(".", 1)[0]).strip("-")[-80:] or "object"
        count = 1
        while object_id in taken:
            count += 1
            object_id = f"{base}-{count}"
        taken.add(object_id)
        caption = str(row.get("caption") or _beside(path) or caption_from_name(path.stem))
        about = {"licence" if key == "license" else key: str(row[key]) for key in _ABOUT if row.get(key)}
        sources.append(AssetSource(object_id, path, caption, about))
    if not sources:
        raise DataError(f"{root}: no {', '.join(EXTENSIONS)} files in it; give a folder of 3D models")
    return sources


def caption_from_name(stem: str) -> str:
    """ "RedCar_02" -> "red car"; the stem itself if nothing is left."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", stem)
    words = re.sub(r"[^A-Za-z]+", " ", words).strip().lower()
    return words or stem


def _beside(path: Path) -> str:
    text = path.with_suffix(".txt")
    return " ".join(text.read_text(encoding="utf-8", errors="replace").split()) if text.is_file() else ""


def _caption_rows(path: Path) -> dict[str, dict]:
    if not path.is_file():
        return {}
    rows = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            rows[row["file"]] = row
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f'{path}:{number}: not a JSON object with a "file" ({error}); mend the line') from error
    return rows
