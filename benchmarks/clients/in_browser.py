"""Clients of node and of a headless Chromium: Khronos' glTF validator, three.js, model-viewer."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from benchmarks.clients.seen import Client, Seen

_HERE, _MINUTES = Path(__file__).parent, 30
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def clients(node: Path) -> list[Client]:
    browser = next((found for name in _BROWSERS if (found := shutil.which(name))), None)

    def client(name: str, package: str, formats: tuple[str, ...], script: str, *page: str) -> Client:
        # model-viewer's page has three.js too, for its Draco decoder
        needs = list(dict.fromkeys([package, "three", "puppeteer-core"])) if page else [package]
        versions = {need: _version(node, need) for need in needs}
        here = all(versions.values()) and shutil.which("node") and (browser or not page)
        install = f"PUPPETEER_SKIP_DOWNLOAD=1 npm install --legacy-peer-deps {' '.join(needs)}, then --node its folder"
        if page and not browser:
            install += "; apt-get install chromium"

        def look(files: list[Path], out: Path) -> Iterator[tuple[Path, Seen]]:
            shown = [*page, browser] if page else []
            return _ask(name, ["node", str(_HERE / script), str(node.resolve()), *shown], files, out)

        return Client(name, formats, versions[package] if here else None, install, look)

    every = ("glb", "gltf", "obj", "ply", "stl", "3mf", "usdz")
    return [
        client("Khronos validator", "gltf-validator", ("glb", "gltf"), "validate.mjs"),
        client("three.js", "three", every, "browser.mjs", "three.html"),
        client("model-viewer", "@google/model-viewer", ("glb", "gltf"), "browser.mjs", "model_viewer.html"),
    ]


def _version(node: Path, package: str) -> str | None:
    path = node / "node_modules" / package / "package.json"
    return json.loads(path.read_text(encoding="utf-8"))["version"] if path.is_file() else None


def _ask(name: str, command: list[str], files: list[Path], out: Path) -> Iterator[tuple[Path, Seen]]:
    """A script takes an output folder and files, and prints a line of JSON for each file."""
    words = [*command, str(out.resolve()), *(str(path.resolve()) for path in files)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60 * _MINUTES, check=False)
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    by_file = {facts.pop("file"): facts for facts in told}
    for path in files:
        facts = by_file.get(str(path.resolve()), {"problems": [f"gave no answer: {done.stderr[-300:]}"]})
        yield path, Seen(name, **facts)
