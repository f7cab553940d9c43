"""Objects of the toybox as sources of pictures: what `mvdream data` renders, `mvdream train` draws on the way, and
`mvdream evaluate` asks for."""

from functools import partial

import numpy as np

from mvdream_cli.captions import asset_caption
from mvdream_cli.data.sources import AssetSource
from mvdream_cli.errors import UsageError
from mvdream_cli.models.vocabulary import unknown_words
from mvdream_cli.settings.data import Toybox
from mvdream_toybox.captions import caption
from mvdream_toybox.world import build, draw_spec

TRIES_FOR_EACH = 40  # objects drawn for each caption that is wanted


def draw_toy(
    seed: int, index: int, telling: int = 0, *, split: str = "train", kinds: tuple[str, ...] = (), worn: tuple[str, ...] = (),
    suffix: str = "",
) -> AssetSource:  # fmt: skip
    """Object `index` of world `seed`, built when it is rendered; each `telling` is another caption of it, `suffix` behind it.

    Raises:
        UsageError: a kind or a worn thing that the world does not know.
    """
    try:
        spec = draw_spec(seed, index, split, kinds, worn)
    except ValueError as error:  # a name in the settings that the world does not know
        raise UsageError(str(error)) from None
    text = asset_caption(caption(spec, np.random.default_rng((seed, index, 1 + telling))), suffix)
    return AssetSource(f"toy-{index:07d}", partial(build, spec), text, made_from=repr((seed, spec)))


def held_out_toys(options: Toybox, seed: int, count: int, words: set[str] | None) -> list[AssetSource]:
    """`count` objects of which no training had the combination of kind, color, pattern and worn things, each told otherwise.

    Args:
        words: the captions use no others; None: any. A model is asked for what it can know.

    Raises:
        UsageError: the world, narrowed so, does not hold as many.
    """
    found: dict[str, AssetSource] = {}
    for index in range(TRIES_FOR_EACH * count):
        source = draw_toy(seed, index, split="held-out", kinds=options.kinds, worn=options.worn)
        if source.caption.lower() not in found and not (words and unknown_words(source.caption, words)):
            found[source.caption.lower()] = source
        if len(found) == count:
            return list(found.values())
    raise UsageError(
        f"--prompts toybox: only {len(found)} of {count} captions of held-out objects use words that the model knows; "
        f"give --set evaluate.objects={max(len(found), 1)}"
    )


def toybox_sources(options: Toybox, seed: int) -> list[AssetSource]:
    """Objects `first` to `first + objects` of world `seed`."""
    which = range(options.first, options.first + options.objects)
    return [draw_toy(seed, index, split=options.split, kinds=options.kinds, worn=options.worn) for index in which]
