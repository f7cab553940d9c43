"""Who wears what: pairs of worn thing and color take turns, and the kinds that can wear them come as often as they should.

Drawn at random, one pair of ten was never seen among 20,000 objects, and a model cannot draw what it was never shown.
"""

from functools import cache, lru_cache

import numpy as np

from mvdream_toybox.kind import Kind
from mvdream_toybox.palette import canonical
from mvdream_toybox.things import KINDS
from mvdream_toybox.things.worn import WORN

# Breeds and makes by name: each names its kind as well.
VARIANTS: dict[str, str] = {variant: name for name, kind in KINDS.items() for variant in kind.variants}

# How much oftener than once a kind is drawn.
WEIGHTS: dict[str, float] = {"dog": 3, "cat": 2, "dragon": 2, "bear": 1.5, "bird": 1.5, "robot": 2, "car": 2, "knight": 2}

WORN_SHARE = 0.53  # of the objects that can wear something do

Names = tuple[str, ...]
Pair = tuple[str, str | None]  # a worn thing and its color; None: the natural one, which a caption does not name


def kind_of(name: str) -> Kind:
    """By the name of a kind or of a variant."""
    return KINDS[name] if name in KINDS else KINDS[VARIANTS[name]]


def pair_of(seed: int, index: int, kinds: Names, worn: Names) -> Pair | None:
    """What object `index` of world `seed` wears first, or None: in each round of objects, all of `pairs_of` come once."""
    share = _wearing_share(kinds, worn)
    turn = int(index * share)
    if int((index + 1) * share) == turn:
        return None
    pairs = pairs_of(kinds, worn)
    return pairs[_order(seed, turn // len(pairs), len(pairs))[turn % len(pairs)]]


@lru_cache(maxsize=8)
def _order(seed: int, round_: int, count: int) -> np.ndarray:
    return np.random.default_rng((seed, round_, count)).permutation(count)


@cache
def pairs_of(kinds: Names, worn: Names) -> tuple[Pair, ...]:
    """All pairs that these kinds can wear, each as often as it comes in a round.

    Every color once, and the natural one as often as two thirds of them together, half of the time unsaid: crowns are golden
    more often than teal.
    """
    pairs: list[Pair] = []
    for name in worn:
        if _wearers(kinds, name):
            colors = list(dict.fromkeys(map(canonical, WORN[name].colors)))
            natural = round(len(colors) / 3) + 1
            pairs += [(name, color) for color in colors] + [(name, None), (name, colors[0])] * natural
    return tuple(pairs)


@cache
def weights_of(kinds: Names, worn: Names, thing: str | None) -> tuple[Names, tuple[float, ...]]:
    """The kinds that can wear `thing` and how often each is drawn then; for None all, and how often they go bare.

    All together, those that can wear something come as often as their weights say. Among them, those that can wear many things
    come a quarter oftener than those that can wear hats only, in exchange for pairs that come equally often.
    """
    if thing is not None:
        able = _wearers(kinds, thing)
        return able, tuple(WEIGHTS.get(name, 1.0) for name in able)
    can = [_can_wear(name, worn) for name in kinds]
    return kinds, tuple(WEIGHTS.get(name, 1.0) * (1 - WORN_SHARE if able else 1) for name, able in zip(kinds, can))


@cache
def _wearers(kinds: Names, thing: str) -> Names:
    return tuple(name for name in kinds if WORN[thing].anchor in kind_of(name).wears)


def _can_wear(name: str, worn: Names) -> bool:
    return any(WORN[thing].anchor in kind_of(name).wears for thing in worn)


@cache
def _wearing_share(kinds: Names, worn: Names) -> float:
    """Share of all objects that wear something."""
    weights = [WEIGHTS.get(name, 1.0) for name in kinds]
    able = [weight for name, weight in zip(kinds, weights) if _can_wear(name, worn)]
    return WORN_SHARE * sum(able) / sum(weights)
