"""The gallery and the pages of runs that go on, on the loopback only: other machines cannot reach it.

What can be asked for is listed before it is looked up: a run by its folder's name among those in the gallery, a file by its
name among the pictures of that run. No path is put together of what a request says.
"""

import json
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from mvdream_cli.doors import read_bytes
from mvdream_cli.errors import MVDreamError, UsageError
from mvdream_cli.pages.page import gallery_of, page_of
from mvdream_cli.pages.story import pictures, read_stats, runs_in, state, story

HOST, USUAL_PORT = "127.0.0.1", 8642
NAMES_OF_THIS_MACHINE = ("127.0.0.1", "localhost")
HTML, JSON, PNG = "text/html; charset=utf-8", "application/json", "image/png"


class Answer(NamedTuple):
    """status: of HTTP. kind: the content's type. place: where to go instead."""

    status: int
    content: bytes = b""
    kind: str = "text/plain; charset=utf-8"
    place: str = ""


NOTHING = Answer(404, b"not found\n")


class Gallery:
    """What the server shows: the runs in a folder, or one run."""

    def __init__(self, folder: Path, one_run: bool = False):
        self.folder, self.one_run = folder, one_run

    def runs(self) -> list[tuple[Path, Mapping]]:
        """(folder, record) of each, the newest first; those whose record cannot be read are left out."""
        listed = runs_in(self.folder.resolve().parent if self.one_run else self.folder)
        own = self.folder.resolve().name
        return [(path, record) for path, record in listed if record is not None and (not self.one_run or path.name == own)]

    def answer(self, target: str) -> Answer:
        """To a GET of `target`, the path and query of a URL."""
        parts = [unquote(part) for part in urlsplit(target).path.split("/")[1:]]
        if parts == [""]:
            if self.one_run:
                return Answer(302, place=f"/{quote(self.folder.resolve().name, safe='')}/")
            return Answer(200, gallery_of(self.told()).encode(), HTML)
        if parts == ["gallery.json"]:
            return Answer(200, json.dumps(self.told()).encode(), JSON)
        found = {path.name: (path, record) for path, record in self.runs()}.get(parts[0])
        if found is None:
            return NOTHING
        folder, record = found
        match parts[1:]:
            case []:
                return Answer(302, place=f"/{quote(folder.name, safe='')}/")
            case [""] if page_is_whole(folder, record):
                return Answer(200, read_bytes(folder / "index.html"), HTML)
            case [""]:
                return Answer(200, page_of(self.told_of(folder, record), live=True).encode(), HTML)
            case ["state.json"]:
                return Answer(200, json.dumps(self.told_of(folder, record), default=str).encode(), JSON)
        known = {name: folder / name for _, _, name in pictures(folder)}
        path = known.get("/".join(parts[1:]))
        return Answer(200, read_bytes(path), PNG) if path is not None else NOTHING

    def told(self) -> dict:
        """Of all runs, as JSON values."""
        return {"title": self.folder.resolve().name, "runs": [card(folder, record) for folder, record in self.runs()]}

    def told_of(self, folder: Path, record: Mapping) -> dict:
        """Of one run; its `mesh` is true when there is a page with an object to turn."""
        told = story(folder, record)
        told["pictures"] = [[kind, caption, address(folder, name)] for kind, caption, name in told["pictures"]]
        return told | {"mesh": page_is_whole(folder, record) or None}


def page_is_whole(folder: Path, record: Mapping) -> bool:
    page = folder / "index.html"
    return record.get("status") == "finished" and page.is_file() and not page.is_symlink()


def address(folder: Path, name: str) -> str:
    """Of a picture, seen from its run's page; another one when the file changes."""
    return f"{quote(name)}?{(folder / name).stat().st_mtime_ns}"


def card(folder: Path, record: Mapping) -> dict:
    """What the gallery tells of a run."""
    shown = pictures(folder)
    cover = next((item for item in shown if item[0] == "sheet"), shown[-1] if shown else None)
    link, status = f"{quote(folder.name, safe='')}/", state(folder, record)
    stats = read_stats(folder / "stats.jsonl") if status == "running" else []
    last = stats[-1] if stats else {}
    return {
        "link": link, "title": str(record.get("text") or folder.name), "command": record.get("command"), "status": status,
        "step": last.get("step"), "steps": last.get("steps"),
        "cover": link + address(folder, cover[2]) if cover else None, "cover_kind": cover[0] if cover else None,
    }  # fmt: skip


class Server(ThreadingHTTPServer):
    """Serves a gallery until it is shut down."""

    daemon_threads = True

    def __init__(self, gallery: Gallery, port: int | None = None):
        """
        Args:
            port: 0 for any that is free; None: the usual one, or any if that is taken.

        Raises:
            UsageError: the port cannot be had.
        """
        self.gallery = gallery
        try:
            super().__init__((HOST, USUAL_PORT if port is None else port), _Handler)
        except (OSError, OverflowError) as error:
            if port is not None:
                why = getattr(error, "strerror", None) or "no such port"
                raise UsageError(f"--port {port}: cannot be had ({why}); give another, or 0 for any that is free") from error
            super().__init__((HOST, 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_address[1]}/"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        host = self.headers.get("Host", "").rpartition(":")[0] or self.headers.get("Host", "")
        if host not in NAMES_OF_THIS_MACHINE:  # a page of elsewhere whose name was made to point here
            return self._send(Answer(403, b"only for this machine\n"))
        try:
            self._send(self.server.gallery.answer(self.path))
        except (ConnectionError, TimeoutError):  # the browser went on
            return
        except (OSError, ValueError, MVDreamError):  # deleted meanwhile
            self._send(NOTHING)

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        if answer.place:
            self.send_header("Location", answer.place)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.content)))
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *_) -> None:
        """Nothing: the terminal is for the person."""
