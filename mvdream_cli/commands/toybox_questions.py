"""What an independent judge is asked about toys (`methods.judging`): the same toy in other colors, with other things worn."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from mvdream_cli.data.sources import AssetSource
from mvdream_cli.methods.judging import Asked, Examination
from mvdream_toybox.turns import kind_of
from mvdream_toybox.world import WORN, Spec, build, draw_spec

COLORS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white")
OF_A_KIND = 4
OTHER_WORN = 6
BANK_SEED = 101


def examination(specs: Sequence[tuple[int, Spec]], most: int) -> Examination:
    """What is asked about the first `most` of some toys, (their index in a set, what they should be)."""
    asked = [_ask(index, spec) for index, spec in specs[:most]]
    bank = [
        (kind, _source(draw_spec(BANK_SEED + k, 0, "all", (kind,))))
        for kind in dict.fromkeys(one.kind for one in asked)
        for k in range(OF_A_KIND)
    ]
    return Examination(asked, bank)


def _ask(index: int, spec: Spec) -> Asked:
    kind, like = kind_of(spec.kind), replace(spec, seed=spec.seed + 2)
    choices = {}
    if spec.worn:
        (name, color), *rest = spec.worn
        wearable = [thing for thing in WORN if WORN[thing].anchor in kind.wears and thing != name]
        others = wearable[:: max(1, len(wearable) // OTHER_WORN)][:OTHER_WORN]
        dressed = [spec.worn, tuple(rest), *(((other, color), *rest) for other in others)]
        choices["worn"] = [_source(replace(like, worn=worn)) for worn in dressed]
    if spec.color in COLORS and (kind.colors is None or set(COLORS) <= set(kind.colors)):
        colors = [spec.color, *(color for color in COLORS if color != spec.color)]
        choices["color"] = [_source(replace(like, color=color)) for color in colors]
    return Asked(index, spec.kind, _source(replace(spec, seed=spec.seed + 1)), _source(like), choices)


def _source(spec: Spec) -> AssetSource:
    return AssetSource("choice", partial(build, spec), "", made_from=repr(spec))
