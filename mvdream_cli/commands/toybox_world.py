"""Objects of the toybox as sources of pictures: what `mvdream data` renders and what `mvdream train` draws on the way."""

from functools import partial

import numpy as np

from mvdream_cli.captions import asset_caption
from mvdream_cli.data.sources import AssetSource
from mvdream_cli.errors import UsageError
from mvdream_cli.settings.data import Toybox
from mvdream_toybox.captions import caption
from mvdream_toybox.world import build, draw_spec


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


def toybox_sources(options: Toybox, seed: int) -> list[AssetSource]:
    """Objects `first` to `first + objects` of world `seed`."""
    which = range(options.first, options.first + options.objects)
    return [draw_toy(seed, index, split=options.split, kinds=options.kinds, worn=options.worn) for index in which]
