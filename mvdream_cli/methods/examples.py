"""The best and the worst of a set, pictured: by the judge's answers where it was asked, else by the CLIP score."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from mvdream_cli.images import grid
from mvdream_cli.methods.judging import NAMES
from mvdream_cli.methods.view_store import ViewStore

Example = tuple[str, np.ndarray]
CLIP = "CLIP score"
COLUMNS = 8


def examples(
    prompts: Sequence[str], rows: Mapping[str, Sequence[float | None]], drawn: ViewStore, true: ViewStore | None, count: int
) -> list[tuple[str, list[Example]]]:
    """(headline, [(caption, picture)]), the best first and then the worst; without any score some of the set.

    Args:
        rows: figure -> its value for each object, None where it has none.
        true: true views of the same, which are shown beside the drawn ones.
        count: of the best, and of the worst; at most half of the set.
    """
    judged = {k: score for k in range(len(prompts)) if (score := judge_score(rows, k)) is not None}
    clip = rows.get(CLIP)
    among = list(judged or range(len(prompts)))
    shown = min(count, len(among) // 2 or 1)

    def pictured(which: Sequence[int]) -> list[Example]:
        told = []
        for k in which:
            scores = [f"judge {100 * judged[k]:.0f} %"] if k in judged else []
            scores += [f"{CLIP} {clip[k]:.1f}"] if clip is not None else []
            views = drawn.read(k)
            if true is not None:
                views = torch.cat([views, true.read(k)])
            told.append(
                (f"{prompts[k]} ({', '.join(scores)})" if scores else prompts[k], grid(views, min(COLUMNS, len(views))))
            )
        return told

    beside = ": drawn, and true" if true is not None else ""
    if not judged and clip is None:
        return [(f"Examples{beside}", pictured(among[:shown]))]
    order = sorted(among, key=lambda k: (judged.get(k, 0.0), clip[k] if clip is not None else 0.0))
    by = "the judge" if judged else f"the {CLIP}"
    return [(f"Best by {by}{beside}", pictured(order[::-1][:shown])), (f"Worst by {by}{beside}", pictured(order[:shown]))]


def judge_score(rows: Mapping[str, Sequence[float | None]], k: int) -> float | None:
    """Mean of the judge's answers about object k, in [0, 1], a second front counted against it; None where it was not asked."""
    answers = {question: rows[name][k] for question, name in NAMES.items() if name in rows and rows[name][k] is not None}
    if not answers:
        return None
    return float(np.mean([1 - value if question == "second front" else value for question, value in answers.items()]))
