"""Do views show the kind, the worn thing, the color and the side that were asked for? Five questions to a judge of its own.

The judge has seen neither the model nor its world. It answers by the nearest of true renders (`metrics.nearest`), so each
question needs true objects to choose from: those of a procedural world, where the same thing can be made in another color.
Beside the share of right answers stand its bound, true renders with proportions of their own, and its floor, views of another
object.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path

import torch
from torch import Tensor

from mvdream_cli.atomic import written_whole
from mvdream_cli.data.sources import AssetSource
from mvdream_cli.doors import read_json
from mvdream_cli.engine.progress import Bar
from mvdream_cli.methods.object_set import picture
from mvdream_cli.methods.reference_set import mesh_of
from mvdream_cli.methods.view_store import ViewStore
from mvdream_cli.metrics.figures import Figure, left_out, mean_figure, share_figure
from mvdream_cli.metrics.nearest import best_turn, directions_found, directions_right, nearest, second_front, sides_alike
from mvdream_cli.metrics.networks import MAPS_NAME, MAPS_RESIZE, efficientnet_maps, efficientnet_module

DIRECTIONS = 8
LAW = 2  # of the answers, which kept ones carry: 2 since sides that look alike are not told apart
NAMES = {
    "kind": "kind, by the judge",
    "worn": "worn thing, by the judge",
    "color": "color, by the judge",
    "direction": "direction, by the judge",
    "second front": "second front, by the judge",
}


@dataclass(frozen=True)
class Asked:
    """What is asked about object `index` of a set.

    kind: of which it should be. true, twin: the same in words, with other proportions each. choices: question -> objects to
    choose from, the right one first.
    """

    index: int
    kind: str
    true: AssetSource
    twin: AssetSource
    choices: dict[str, list[AssetSource]] = field(default_factory=dict)


@dataclass(frozen=True)
class Examination:
    """All that is asked about a set. bank: (kind, object), some of each kind."""

    asked: list[Asked]
    bank: list[tuple[str, AssetSource]]


def judge_figures(
    exam: Examination, drawn: ViewStore, kept: Path, device: str = "cpu", may_turn: bool = False
) -> tuple[list[Figure], dict[str, list[float | None]]]:
    """The share of right answers to each question, with its floor and its bound.

    Args:
        drawn: the views of the set, four of each object or a multiple of it.
        kept: a folder for answers, so that a stopped examination goes on; they carry what was asked, and belong to these views.
        may_turn: objects may stand turned by quarters.

    Returns:
        Figures; and for each object of the set its answers by the figures' names, lists of `drawn.count`, None where not asked.
    """
    try:
        efficientnet_module(device)
    except Exception as error:
        return [left_out(name, str(error), unit="%") for name in NAMES.values()], {}
    size, judge = drawn.read(0).shape[1], partial(efficientnet_maps, device=device)

    def true_views(source: AssetSource, views: int = 4) -> Tensor:
        return judge(picture(mesh_of(source), views, size))

    def seen_views(index: int) -> Tensor:
        views = drawn.read(index)
        return judge(views[:: len(views) // 4])

    @cache
    def bank() -> list[tuple[str, Tensor]]:
        return [(kind, true_views(source)) for kind, source in exam.bank]

    def answers_of(k: int) -> dict[str, dict[str, float]]:
        asked, other = exam.asked[k], exam.asked[k - 1]
        choices = {name: [true_views(source) for source in sources] for name, sources in asked.choices.items()}
        true, around = true_views(asked.true), true_views(asked.twin, DIRECTIONS)
        alike = sides_alike(around, true)
        answer = partial(_answers, kind=asked.kind, bank=bank(), choices=choices, around=around, alike=alike)
        views = {"seen": seen_views(asked.index), "floor": seen_views(other.index)}
        if may_turn:
            views = {name: best_turn(some, around[:: DIRECTIONS // 4]) for name, some in views.items()}
        return {name: answer(some) for name, some in (views | {"bound": true}).items()}

    found = []
    with Bar("asking the judge", len(exam.asked)) as bar:
        for k, asked in enumerate(exam.asked):
            path, identity = kept / f"{asked.index:04d}.json", _identity(exam, k, may_turn)
            found.append(_read(path, identity) or answers_of(k))
            _write(path, identity, found[-1])
            bar.update(k + 1)
    tables = {name: [answers[name] for answers in found] for name in ("seen", "floor", "bound")}
    rows = {name: [None] * drawn.count for name in NAMES.values()}
    for asked, answers in zip(exam.asked, tables["seen"], strict=True):
        for question, right in answers.items():
            rows[NAMES[question]][asked.index] = right
    return list(_figures(exam, tables)), rows


def _identity(exam: Examination, k: int, may_turn: bool) -> str:
    """A short hash of all that the answers about object k depend on, but for the views themselves."""
    asked = exam.asked[k]
    told = [asked.true, asked.twin, *(source for some in asked.choices.values() for source in some)]
    told += [source for _, source in exam.bank]
    words = LAW, [source.made_from for source in told], list(asked.choices), exam.asked[k - 1].index, may_turn
    return hashlib.sha256(repr(words).encode()).hexdigest()[:16]


def _read(path: Path, identity: str) -> dict | None:
    try:
        content = read_json(path)
        return content["answers"] if content["identity"] == identity else None
    except (OSError, ValueError, KeyError, TypeError):
        return None  # to be asked again


def _write(path: Path, identity: str, answers: dict) -> None:
    with written_whole(path) as whole:
        whole.write_text(json.dumps({"identity": identity, "answers": answers}), encoding="utf-8")


def _answers(
    views: Tensor, kind: str, bank: list[tuple[str, Tensor]], choices: dict[str, list[Tensor]], around: Tensor, alike: Tensor
) -> dict[str, float]:
    found = directions_found(views, around)
    right = {"kind": float(bank[nearest(views, [features for _, features in bank])][0] == kind)}
    right |= {question: float(nearest(views, some) == 0) for question, some in choices.items()}
    return right | {"direction": directions_right(found, alike), "second front": float(second_front(found, alike))}


def _figures(exam: Examination, tables: dict[str, list[dict[str, float]]]) -> Iterator[Figure]:
    kinds = len({kind for kind, _ in exam.bank})
    for question, name in NAMES.items():
        values = {of: [answers[question] for answers in rows if question in answers] for of, rows in tables.items()}
        about = {"unit": "%", "network": MAPS_NAME, "resize": MAPS_RESIZE}
        if question == "second front":
            about |= {"better": "lower", "note": "a view other than the front looks most like the front, and should not"}
        else:
            about["note"] = _chance(question, kinds, [asked.choices.get(question, ()) for asked in exam.asked])
        if not values["seen"]:
            yield left_out(name, "no object of the set can be asked", **about | {"note": ""})
            continue
        share = question != "direction"  # of which an object has four answers
        figure = (share_figure if share else mean_figure)(name, values["seen"], **about)
        floor, bound = (float(torch.tensor(values[of]).mean()) for of in ("floor", "bound"))
        yield figure.beside(floor if len(exam.asked) > 1 else None, bound)


def _chance(question: str, kinds: int, choices: Sequence[Sequence]) -> str:
    if question == "kind":
        return f"of {kinds} kinds, chance {100 / kinds:.2g} %"
    if question == "direction":
        return f"its own of {DIRECTIONS}, a neighbor or a side that looks the same, chance {100 * 3 / DIRECTIONS:.2g} % or more"
    counts = [len(some) for some in choices if some]
    mean = sum(100 / count for count in counts) / max(len(counts), 1)
    return f"of {min(counts, default=0)} to {max(counts, default=0)} choices, chance {mean:.2g} %"
