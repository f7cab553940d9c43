"""Counts of a running `render_set.render_dataset`, its forecast, and the lists that it leaves."""

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from mvdream_cli.atomic import written_whole
from mvdream_cli.data.render_forms import Chunk
from mvdream_cli.data.render_pool import Answer
from mvdream_cli.errors import DataError

FORECAST_FROM = 8  # objects rendered before the forecast
_AGAIN_S, _AT_MOST_S = 60.0, 3600.0  # it is told again after a minute, then after twice as long each time, at last every hour
_WRITE_MARGIN = 1.1


@dataclass(frozen=True)
class Forecast:
    """What the rest will need, told from the objects so far: seconds and bytes for so many objects."""

    objects: int
    seconds: float
    bytes: int

    @property
    def seconds_per_object(self) -> float:
        """With all processes of this call at work."""
        return self.seconds / max(self.objects, 1)


@dataclass
class Progress:
    """Who is told what, and how much is done. `total`: objects of this call; chunks: number -> what became of it."""

    total: int
    out: Path
    on_progress: Callable[[int, int, int], None] | None
    on_forecast: Callable[[Forecast], None] | None
    present: int = 0
    rendered: int = 0
    skipped: int = 0
    bytes: int = 0
    started: float = field(default_factory=time.perf_counter)
    first_done: float = 0.0
    told: float = 0.0
    pause_s: float = _AGAIN_S
    tried: int = 0  # rendered or not, those kept left out
    lists: dict[int, tuple[list, set, list]] = field(default_factory=dict)  # of each chunk: skipped, lost, losses
    broken: list[str] = field(default_factory=list)

    def found(self, chunk: Chunk) -> None:
        """A chunk is there whole."""
        self.present += len(chunk.have)
        self.skipped += len(chunk.skipped)
        self.finished(chunk)
        self.tell()

    def answered(self, answer: Answer, again: bool) -> None:
        """An object is rendered, kept or skipped; `again`: for the second time, after it was skipped."""
        if again:
            if answer.files is not None:
                self.rendered, self.skipped = self.rendered + 1, self.skipped - 1
            return
        if answer.kept:
            self.present += 1
        else:
            self.tried += 1
            if self.tried == 1:
                self.first_done = time.perf_counter()
            if answer.files is None:
                self.skipped += 1
            else:
                self.rendered += 1
                self.bytes += sum(map(len, answer.files.values()))
            if self.tried == min(FORECAST_FROM, self.total - self.present):
                self._announce()
            elif self.told and time.perf_counter() - self.told > self.pause_s:
                self.pause_s = min(2 * self.pause_s, _AT_MOST_S)
                self._announce()
        self.tell()

    def finished(self, chunk: Chunk) -> None:
        self.lists[chunk.number] = chunk.skipped, chunk.lost, chunk.losses

    def tell(self) -> None:
        if self.on_progress:
            self.on_progress(self.present + self.rendered + self.skipped, self.total, self.skipped)

    def _announce(self) -> None:
        """Tell the forecast; refuse to fill the disk."""
        self.told = time.perf_counter()
        rest = self.total - self.present - self.tried
        # the first object also paid for starting the workers, so it is not timed if there are others
        seconds = self.told - (self.first_done if self.tried > 1 else self.started)
        forecast = Forecast(
            rest, rest * seconds / max(self.tried - 1, 1), int(rest * self.bytes / max(self.tried, 1) * _WRITE_MARGIN)
        )
        free = shutil.disk_usage(self.out).free
        if forecast.bytes > free:
            raise DataError(
                f"{self.out}: the set needs about {forecast.bytes / 1e9:.1f} GB and {free / 1e9:.1f} GB "
                "are free; choose another disk, fewer views or smaller pictures"
            )
        if self.on_forecast and rest:
            self.on_forecast(forecast)

    def all_skipped(self) -> list[tuple[str, str]]:
        """(id, reason) in the order of the sources."""
        return [item for number in sorted(self.lists) for item in self.lists[number][0]]

    def all_losses(self) -> list[tuple[str, list[str]]]:
        """(id, sentences) by id."""
        return sorted(item for _, _, losses in self.lists.values() for item in losses)

    def write_lists(self, suffix: str) -> None:
        """skipped.jsonl and losses.jsonl, with `suffix` in their names."""
        lost = set().union(*(lost for _, lost, _ in self.lists.values()))
        skipped = [{"id": k, "reason": why} | ({"lost": True} if k in lost else {}) for k, why in self.all_skipped()]
        _write_rows(self.out / f"skipped{suffix}.jsonl", skipped)
        _write_rows(self.out / f"losses{suffix}.jsonl", [{"id": key, "losses": what} for key, what in self.all_losses()])


def _write_rows(path: Path, rows: list[dict]) -> None:
    with written_whole(path) as listed:
        listed.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
