"""Objects of the toybox as sources of pictures: what `mvdream data` renders, `mvdream train` draws on the way, and
`mvdream evaluate` asks for."""

from functools import partial
from typing import NamedTuple

import numpy as np

from mvdream_cli.captions import asset_caption
from mvdream_cli.data.sources import AssetSource
from mvdream_cli.errors import UsageError
from mvdream_cli.models.vocabulary import unknown_words
from mvdream_cli.settings.data import Toybox
from mvdream_toybox.captions import caption
from mvdream_toybox.world import NATURAL_SHARE, Spec, build, draw_spec

TRIES_FOR_EACH = 40  # objects drawn for each caption that is wanted


def draw_toy(
    seed: int, index: int, telling: int = 0, *, split: str = "train", kinds: tuple[str, ...] = (), worn: tuple[str, ...] = (),
    natural: float = NATURAL_SHARE, suffix: str = "",
) -> AssetSource:  # fmt: skip
    """Object `index` of world `seed`, built when it is rendered; each `telling` is another caption of it, `suffix` behind it.

    Raises:
        UsageError: a kind or a worn thing that the world does not know, or a split that holds nothing of the kinds.
    """
    try:
        spec = draw_spec(seed, index, split, kinds, worn, natural)
    except ValueError as error:  # of the settings
        raise UsageError(str(error)) from None
    text = asset_caption(caption(spec, np.random.default_rng((seed, index, 1 + telling))), suffix)
    return AssetSource(f"toy-{index:07d}", partial(build, spec), text, made_from=repr((seed, spec)))


class HeldOut(NamedTuple):
    """An object that no training had: to be rendered and asked for, and what it is."""

    source: AssetSource
    spec: Spec


def held_out_toys(options: Toybox, seed: int, count: int, words: set[str] | None) -> list[HeldOut]:
    """`count` objects of which no training had the combination of kind, color, pattern and worn things, each told otherwise.

    Args:
        words: the captions use no others; None: any. A model is asked for what it can know.

    Raises:
        UsageError: the world, narrowed so, does not hold as many.
    """
    found: dict[str, HeldOut] = {}
    for index in range(TRIES_FOR_EACH * count):
        toy = _held_out(options, seed, index)
        if toy.source.caption.lower() not in found and not (words and unknown_words(toy.source.caption, words)):
            found[toy.source.caption.lower()] = toy
        if len(found) == count:
            return list(found.values())
    raise UsageError(
        f"--prompts toybox: only {len(found)} of {count} captions of held-out objects use words that the model knows; "
        f"give --set evaluate.objects={max(len(found), 1)}"
    )


def find_held_out(options: Toybox, seed: int, prompts: list[str]) -> list[tuple[int, Spec]]:
    """Which of some prompts are captions of held-out objects: (index of the prompt, what the object is), in their order."""
    wanted = {prompt.lower(): index for index, prompt in enumerate(prompts)}
    found: dict[int, Spec] = {}
    for number in range(TRIES_FOR_EACH * len(prompts)):
        toy = _held_out(options, seed, number)
        index = wanted.get(toy.source.caption.lower())
        if index is not None:
            found.setdefault(index, toy.spec)
    return sorted(found.items())


def _held_out(options: Toybox, seed: int, index: int) -> HeldOut:
    world = options.world() | {"split": "held-out"}
    return HeldOut(draw_toy(seed, index, **world), draw_spec(seed, index, **world))


def toybox_sources(options: Toybox, seed: int) -> list[AssetSource]:
    """Objects `first` to `first + objects` of world `seed`."""
    return [draw_toy(seed, index, **options.world()) for index in range(options.first, options.first + options.objects)]
