"""Do views show the kind, the worn thing, the color and the side that were asked for? Five questions to a judge of its own.

The judge has seen neither the model nor its world. It answers by the nearest of true renders (`metrics.nearest`), so each
question needs true objects to choose from: those of a procedural world, where the same thing can be made in another color.
Beside the share of right answers stand its bound, true renders with proportions of their own, and its floor, views of another
object.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor

from mvdream_cli.data.sources import AssetSource
from mvdream_cli.engine.progress import Bar
from mvdream_cli.methods.object_set import picture
from mvdream_cli.methods.reference_set import mesh_of
from mvdream_cli.methods.view_store import ViewStore
from mvdream_cli.metrics.figures import Figure, left_out, mean_figure
from mvdream_cli.metrics.nearest import best_turn, directions_found, directions_right, nearest, second_front
from mvdream_cli.metrics.networks import MAPS_NAME, MAPS_RESIZE, efficientnet_maps, efficientnet_module

DIRECTIONS = 8
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
    exam: Examination, drawn: ViewStore, device: str = "cpu", may_turn: bool = False
) -> tuple[list[Figure], dict]:
    """The share of right answers to each question, with its floor and its bound.

    Args:
        drawn: the views of the set, four of each object or a multiple of it.
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

    tables = {"seen": [], "floor": [], "bound": []}
    with Bar("asking the judge", len(exam.bank) + len(exam.asked)) as bar:
        bank = []
        for kind, source in exam.bank:
            bank.append((kind, true_views(source)))
            bar.update(len(bank))
        seen = [seen_views(asked.index) for asked in exam.asked]
        for k, asked in enumerate(exam.asked):
            choices = {name: [true_views(source) for source in sources] for name, sources in asked.choices.items()}
            around, true = true_views(asked.twin, DIRECTIONS), true_views(asked.true)
            answer = partial(_answers, kind=asked.kind, bank=bank, choices=choices, around=around)
            own, other = seen[k], seen[k - 1]
            if may_turn:
                own, other = (best_turn(views, around[:: DIRECTIONS // 4]) for views in (own, other))
            for name, views in (("seen", own), ("floor", other), ("bound", true)):
                tables[name].append(answer(views))
            bar.update(len(bank) + k + 1)
    rows = {name: [None] * drawn.count for name in NAMES.values()}
    for asked, answers in zip(exam.asked, tables["seen"], strict=True):
        for question, right in answers.items():
            rows[NAMES[question]][asked.index] = right
    return list(_figures(exam, tables)), rows


def _answers(
    views: Tensor, kind: str, bank: list[tuple[str, Tensor]], choices: dict[str, list[Tensor]], around: Tensor
) -> dict[str, float]:
    found = directions_found(views, around)
    right = {"kind": float(bank[nearest(views, [features for _, features in bank])][0] == kind)}
    right |= {question: float(nearest(views, some) == 0) for question, some in choices.items()}
    return right | {"direction": directions_right(found, len(around)), "second front": float(second_front(found))}


def _figures(exam: Examination, tables: dict[str, list[dict[str, float]]]) -> Iterator[Figure]:
    kinds = len({kind for kind, _ in exam.bank})
    for question, name in NAMES.items():
        values = {of: [answers[question] for answers in rows if question in answers] for of, rows in tables.items()}
        about = {"unit": "%", "network": MAPS_NAME, "resize": MAPS_RESIZE}
        if question == "second front":
            about |= {"better": "lower", "note": "a view other than the front looks most like the front"}
        else:
            about["note"] = _chance(question, kinds, [asked.choices.get(question, ()) for asked in exam.asked])
        if not values["seen"]:
            yield left_out(name, "no object of the set can be asked", **about | {"note": ""})
            continue
        figure = mean_figure(name, values["seen"], **about)
        floor, bound = (float(torch.tensor(values[of]).mean()) for of in ("floor", "bound"))
        yield figure.beside(floor if len(exam.asked) > 1 else None, bound)


def _chance(question: str, kinds: int, choices: Sequence[Sequence]) -> str:
    if question == "kind":
        return f"of {kinds} kinds, chance {100 / kinds:.2g} %"
    if question == "direction":
        return f"its own of {DIRECTIONS} or a neighbor, chance {100 * 3 / DIRECTIONS:.2g} %"
    counts = [len(some) for some in choices if some]
    mean = sum(100 / count for count in counts) / max(len(counts), 1)
    return f"of {min(counts, default=0)} to {max(counts, default=0)} choices, chance {mean:.2g} %"
