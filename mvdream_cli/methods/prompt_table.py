"""What a person sees while many prompts are made elsewhere."""

import time
from collections.abc import Sequence

from mvdream_cli.engine.progress import clock, console, say, warn
from mvdream_cli.methods.many_prompts import Job
from mvdream_cli.methods.prompt_queue import running_of


class Table:
    """What is being made, since when and where: a live table on a terminal, a line for each finished prompt elsewhere."""

    def __init__(self, jobs: Sequence[Job]):
        self.jobs, self.count, self.ended, self.failed, self.began, self.live = jobs, len(jobs), 0, 0, time.monotonic(), None

    def __enter__(self):
        if screen := console():
            from rich.live import Live

            self.live = Live(console=screen, refresh_per_second=2, transient=True)
            self.live.start()
        return self

    def __exit__(self, *_) -> None:
        if self.live is not None:
            self.live.stop()

    def end(self, row: dict) -> None:
        self.ended += 1
        self.failed += bool(row["error"])
        if row["error"]:
            warn(f"{row['prompt']}: {row['error']}")
        elif self.live is None:
            say(f"{self.ended} of {self.count}: {row['folder']}")

    def show(self, given: dict, places: int) -> None:
        if self.live is not None:
            self.live.update(self.drawn(running_of(given), places, self.live.console.height))

    def drawn(self, running: list[tuple[int, str, float]], places: int, height: int):
        """The table as Rich draws it, of at most `height` lines."""
        from rich.console import Group
        from rich.table import Table as RichTable
        from rich.text import Text

        seconds = time.monotonic() - self.began
        left = clock(seconds / self.ended * (self.count - self.ended)) if self.ended else "?"
        title = f"{self.ended} of {self.count} done, {self.failed} failed, {len(running)} of {places} places, {left} left"
        drawn = RichTable("prompt", "where", "for", box=None)
        for number, where, since in running[: max(1, height - 5)]:
            drawn.add_row(Text(self.jobs[number].prompt, no_wrap=True), where, clock(time.monotonic() - since))
        return Group(Text(title), drawn)
