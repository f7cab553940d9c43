"""`mvdream view`: a run's page in the browser, or a server of many pages."""

import os
import signal
import sys
import webbrowser
from collections.abc import Callable
from pathlib import Path

from mvdream_cli.engine.progress import say
from mvdream_cli.engine.records import read_run
from mvdream_cli.engine.signals import Stopped
from mvdream_cli.errors import CheckpointError
from mvdream_cli.pages.server import Gallery, Server, page_is_whole
from mvdream_cli.pages.story import runs_in


def run(target: Path | None, port: int | None, browser: bool, tell: Callable[[str], None]) -> None:
    """Show the page of a finished run; else serve a run that goes on, or a folder of runs, until Ctrl-C.

    Args:
        target: a run folder or a folder of runs; None: runs/. port: of the server, which is then started in any case.
        browser: open one. tell: is given the address once it can be opened.

    Raises:
        CheckpointError: there is no run. UsageError: the port cannot be had.
    """
    folder = target or Path("runs")
    one_run = (folder / "run.json").is_file()
    if one_run:
        record = read_run(folder)
        if port is None and page_is_whole(folder, record):
            page = folder / "index.html"
            tell(str(page))
            if browser:
                open_browser(page.resolve().as_uri())
            return
    elif not folder.is_dir():
        raise CheckpointError(f"{folder}: there is no such folder; name a run, or a folder of runs")
    elif not runs_in(folder):
        raise CheckpointError(f"{folder}: holds no run; name a run, or a folder of runs such as runs/")
    with Server(Gallery(folder, one_run), port) as server:
        try:
            tell(server.url)
            say("only this machine can see it; Ctrl-C ends it")
            if browser:
                open_browser(server.url)
            server.serve_forever()
        except Stopped as stop:
            if stop.signum != signal.SIGINT:
                raise
            say("ended")


def open_browser(url: str) -> None:
    """In a window; a browser inside of this terminal would be in the way."""
    windows = sys.platform in ("darwin", "win32") or any(os.environ.get(k) for k in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
    if windows:
        webbrowser.open(url)
