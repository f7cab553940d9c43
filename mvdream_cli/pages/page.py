"""The page of a run or of an export: one file."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mvdream_cli.atomic import written_whole
from mvdream_cli.images import load_image
from mvdream_cli.pages.story import story
from mvdream_cli.pages.viewer_mesh import picture_url

if TYPE_CHECKING:  # it brings torch, which the server does not need
    from mvdream_cli.engine.run import Run

PARTS = Path(__file__).with_name("parts")
MOST_PX = {"views": 1024, "sheet": 1024, "preview": 512}


def write_page(path: Path, told: dict, folder: Path, mesh: dict | None = None) -> Path:
    """Write a page with everything in it.

    Args:
        told: of `story.story`, or more. folder: where its pictures lie. mesh: of `viewer_mesh`; None: no object to turn.
    """
    shown = [[kind, caption, picture_url(_rgb(folder / name), MOST_PX[kind])] for kind, caption, name in told["pictures"]]
    with written_whole(path) as partial:
        partial.write_text(page_of({**told, "pictures": shown, "log": [], "mesh": mesh}), encoding="utf-8")
    return path


def write_run_page(run: Run, mesh: dict | None = None) -> Path:
    """Write index.html of an open run that has done its work; on ranks that write nothing, only tell where it is."""
    path = run.folder / "index.html"
    if run.writes:
        record = run.record | {"status": "finished", "seconds": run.seconds()}
        write_page(path, story(run.folder, record), run.folder, mesh)
    return path


def page_of(told: dict, live: bool = False) -> str:
    """The HTML of a story, with pictures as URLs.

    Args:
        live: it asks the server it came from for the story, again and again; else it asks nobody for anything.
    """
    script = [_part("viewer.js"), _part("page.js")]
    return document(str(told["title"]), _part("page.html"), script, {**told, "live": live}, live)


def document(title: str, body: str, scripts: list[str], data: dict, live: bool) -> str:
    """A whole HTML page that may load nothing, or if it is live, only from where it came from."""
    own = "'self'" if live else "'none'"
    policy = (
        "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
        f"img-src data: blob: {own if live else ''}; connect-src {own}"
    )
    text = json.dumps(data, ensure_ascii=False, default=str).replace("<", "\\u003c")  # no prompt ends the script
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<link rel="icon" href="data:,">\n'  # else a browser asks the server for one
        f"<title>{html.escape(title)}</title>\n<style>\n{_part('page.css')}</style>\n</head>\n<body>\n{body}"
        f'<script id="told" type="application/json">{text}</script>\n'
        + "".join(f"<script>\n{script}</script>\n" for script in scripts)
        + "</body>\n</html>\n"
    )


def gallery_of(told: dict) -> str:
    """The HTML of a gallery that keeps itself current; `told` is what its server hands out as gallery.json."""
    return document(str(told["title"]), _part("gallery.html"), [_part("gallery.js")], told, live=True)


def _part(name: str) -> str:
    return (PARTS / name).read_text(encoding="utf-8")


def _rgb(path: Path) -> np.ndarray:
    return np.ascontiguousarray(load_image(path)[..., :3])
