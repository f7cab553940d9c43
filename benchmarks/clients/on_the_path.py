"""Clients that are programs of their own: Blender, Assimp, ADMesh."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from benchmarks.clients.seen import Client, Seen, file_axes

_MINUTES = 30


def clients(blender_python: str) -> list[Client]:
    return [
        Client(
            "Blender",
            ("glb", "gltf", "obj", "ply", "stl", "usdz"),
            _version([blender_python, "-c", "import bpy; print(bpy.app.version_string)"], r"(\d\S*)"),
            "python -m venv blender && blender/bin/pip install bpy (370 MB), then --blender blender/bin/python",
            lambda files, out: _blender(blender_python, files, out),
        ),
        Client(
            "Assimp",
            ("glb", "gltf", "obj", "ply", "stl", "3mf"),
            _version(["assimp", "version"], r"[Vv]ersion (\S+)"),
            "apt-get install assimp-utils",
            _assimp,
        ),
        Client("ADMesh", ("stl",), _version(["admesh", "--version"], r"version (\S+)"), "apt-get install admesh", _admesh),
    ]


def _version(command: list[str], pattern: str) -> str | None:
    """What a program says of itself; None if it is not here or does not start."""
    if shutil.which(command[0]) is None:
        return None
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    found = re.search(pattern, done.stdout + done.stderr)
    return found[1] if found and done.returncode == 0 else None


def _blender(python: str, files: list[Path], out: Path) -> Iterator[tuple[Path, Seen]]:
    """One process for all files; it prints a line of JSON for each."""
    command = [python, str(Path(__file__).with_name("blender.py")), str(out), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60 * _MINUTES, check=False)
    told = [json.loads(line.removeprefix("SEEN ")) for line in done.stdout.splitlines() if line.startswith("SEEN ")]
    by_file = {facts.pop("file"): facts for facts in told}
    for path in files:
        facts = by_file.get(str(path), {"problems": [f"gave no answer: {done.stderr[-200:]}"]})
        if facts.get("size"):
            facts["size"] = file_axes(facts["size"], path, up="z")
        yield path, Seen("Blender", **facts)


def _assimp(files: list[Path], out: Path) -> Iterator[tuple[Path, Seen]]:
    for path in files:
        done = subprocess.run(["assimp", "info", str(path)], capture_output=True, text=True, timeout=300, check=False)
        seen, text = Seen("Assimp"), done.stdout + done.stderr
        faces, low, high = (
            re.search(rf"^{name}:?\s+(.*)$", text, re.MULTILINE) for name in ("Faces", "Minimum point", "Maximum point")
        )
        if done.returncode or not faces:
            seen.problems.append(f"cannot read it: {text.strip()[-120:]}")
        else:
            seen.triangles = int(faces[1])
            corners = [[float(x) for x in re.findall(r"-?[\d.]+(?:e[-+]?\d+)?", point[1])] for point in (low, high)]
            seen.size = [b - a for a, b in zip(*corners)]
        yield path, seen


def _admesh(files: list[Path], out: Path) -> Iterator[tuple[Path, Seen]]:
    for path in files:
        done = subprocess.run(["admesh", "--exact", str(path)], capture_output=True, text=True, timeout=300, check=False)
        seen, text = Seen("ADMesh"), done.stdout
        if done.returncode or "Number of facets" not in text:
            seen.problems.append(f"cannot read it: {(text + done.stderr).strip()[-120:]}")
            yield path, seen
            continue
        seen.triangles = int(re.search(r"Number of facets\s*:\s*(\d+)", text)[1])
        ranges = [re.search(rf"Min {a}\s*=\s*([-\d.]+), Max {a}\s*=\s*([-\d.]+)", text) for a in "XYZ"]
        seen.size = [float(found[2]) - float(found[1]) for found in ranges]
        for fault in ("Facets with 1 disconnected edge", "Facets with 2 disconnected edges", "Facets with 3 disconnected edges",
                      "Degenerate facets", "Backwards edges", "Normals fixed"):  # fmt: skip
            count = re.search(rf"{fault}\s*:\s*(\d+)", text)
            if count and int(count[1]):
                seen.problems.append(f"{fault}: {count[1]}")
        yield path, seen
