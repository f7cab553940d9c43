"""Objects of the same prompts by two methods, side by side: MVDream's user study (section 4.2), at the size of a desk.

A person chooses on a page and does not see whose object is left and whose is right; a judge, CLIP, chooses by the likeness to
the prompt. Ties are told apart: a share of wins is of the pairs that were decided.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mvdream_cli.doors import read_json
from mvdream_cli.engine.progress import warn
from mvdream_cli.errors import DataError
from mvdream_cli.methods.object_set import Made, find_objects
from mvdream_cli.metrics.figures import Figure, left_out, share_figure

CHOICES = ("a", "b", "tie")


class Pair(NamedTuple):
    """Two objects of one prompt. swapped: that of B stands left on the page."""

    prompt: str
    a: Made
    b: Made
    swapped: bool


def pair_objects(first: Path, second: Path, seed: int = 0, most: int | None = None) -> list[Pair]:
    """Objects of the same prompts in two folders of `find_objects`; which one stands left is drawn from the seed.

    Raises:
        DataError: no prompt is in both.
    """
    a, b = _by_prompt(first), _by_prompt(second)
    prompts = [prompt for prompt in a if prompt in b][:most]
    if not prompts:
        raise DataError(f"{first} and {second}: have no prompt in common; compare objects of the same prompts")
    alone = len(a.keys() ^ b.keys())
    if alone:
        warn(f"{alone} objects have no partner of the same prompt and are left out")
    swapped = np.random.default_rng(seed).random(len(prompts)) < 0.5
    return [Pair(prompt, a[prompt], b[prompt], bool(left)) for prompt, left in zip(prompts, swapped)]


def _by_prompt(folder: Path) -> dict[str, Made]:
    found: dict[str, Made] = {}
    objects = find_objects(folder)
    for made in objects:
        found.setdefault(made.prompt, made)
    if more := len(objects) - len(found):
        warn(f"{folder}: {more} objects have the prompt of another one; of each prompt the first by name is compared")
    return found


def judged(scores_a: Sequence[float], scores_b: Sequence[float]) -> list[str]:
    """What the judge chooses of each pair: "a", "b", or "tie" where its scores are equal."""
    return ["a" if a > b else "b" if b > a else "tie" for a, b in zip(scores_a, scores_b, strict=True)]


def wins(choices: Sequence[str | None], name: str, who: str) -> Figure:
    """The share of decided pairs that A won, with its 95 % interval; 50 % is no difference.

    Args:
        choices: of each pair, "a", "b", "tie" or None (not chosen).
        name: of A. who: chose.
    """
    decided = [choice == "a" for choice in choices if choice in ("a", "b")]
    ties = sum(choice == "tie" for choice in choices)
    title = f"{name} preferred by {who}"
    if not decided:
        return left_out(title, f"no pair was decided, {ties} are ties", unit="%", of="pairs")
    note = f"{sum(decided)} to {len(decided) - sum(decided)}, {ties} ties; 50 % is no difference"
    return share_figure(title, decided, note=note, of="pairs", better="")


def agreement(choices: Sequence[str | None], others: Sequence[str]) -> Figure:
    """How often a person and the judge chose alike, of the pairs that both decided; 50 % is chance."""
    both = [one == other for one, other in zip(choices, others, strict=True) if {one, other} <= {"a", "b"}]
    if not both:
        return left_out("person and judge agree", "no pair was decided by both", unit="%", of="pairs")
    return share_figure("person and judge agree", both, of="pairs", floor=0.5)


def read_choices(path: Path, identity: str, count: int) -> list[str | None]:
    """What a person chose of each pair, from the file that the page saves.

    Raises:
        DataError: no such file, no choices, or those of other pairs.
    """
    try:
        content = read_json(path)
        found: Mapping[str, str] = content["choices"]
        if content["identity"] != identity:
            raise DataError(f"{path}: holds choices of other pairs; open the page of this comparison and save them again")
        choices = [found.get(str(k)) for k in range(count)]
        if any(choice not in (*CHOICES, None) for choice in choices):
            raise ValueError("a choice is none of a, b, tie")
    except OSError as error:
        raise DataError(f"--choices: {path}: {error.strerror}; save the choices on the page first") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"--choices: {path}: holds no choices ({error}); save them on the page again") from error
    return choices
