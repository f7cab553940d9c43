"""The world: which things there are, which one is number `index`, and its mesh. A function of (seed, index)."""

import difflib
import hashlib
from dataclasses import dataclass, replace

import numpy as np

from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Look, Part, merge
from mvdream_toybox.kind import Kind
from mvdream_toybox.palette import COLORS, MATERIALS, PLAIN, canonical, material_paint, pattern_paint
from mvdream_toybox.things import KINDS, NATURAL
from mvdream_toybox.things.worn import WORN
from mvdream_toybox.turns import VARIANTS, Pair, pair_of, pairs_of, weights_of

# Objects are normalised, so a size word is a change of proportions: scale of x (length), y (width), z (height).
SIZES: dict[str, tuple[float, float, float]] = {
    "tall": (1.0, 1.0, 1.32),
    "short": (1.05, 1.05, 0.74),
    "long": (1.36, 0.95, 0.95),
    "wide": (1.0, 1.36, 1.0),
    "chubby": (1.12, 1.32, 0.95),
    "thin": (0.86, 0.68, 1.06),
}
OF_BODIES = ("chubby", "thin")  # said of what can wear things, not of chairs
HELD_OUT_SHARE = 0.05
NATURAL_SHARE = 0.15  # of the objects have the color of their kind
SECOND_SHARE = 0.15  # of the objects that wear something wear a second thing, at another place
TRIES_WITH_ONE_PAIR = 30  # then the pair may be what keeps an object out of the split
TRIES = 5000  # then nothing of these kinds is in the split


@dataclass(frozen=True)
class Spec:
    """One object in words; `captions.caption` says it and `build` makes it.

    color None: the natural one, which a caption does not name. second: the pattern's second color.
    worn: (worn name, color or None) pairs. size: a word of `SIZES`. seed: proportions and all else.
    """

    kind: str
    variant: str | None = None
    color: str | None = None
    pattern: str | None = None
    second: str | None = None
    worn: tuple[tuple[str, str | None], ...] = ()
    size: str | None = None
    pose: str | None = None
    seed: int = 0


def split_of(spec: Spec) -> str:
    """ "held-out" for about 5 % of the combinations of kind, color, pattern and worn things, else "train".

    What names nothing but its kind is always "train". A combination is in the same split for every seed.
    """
    if spec.color is None and not spec.pattern and not spec.worn:
        return "train"
    combination = repr((spec.kind, spec.color, spec.pattern, sorted(spec.worn, key=repr)))
    draw = int.from_bytes(hashlib.sha256(combination.encode()).digest()[:8], "big") / 2**64
    return "held-out" if draw < HELD_OUT_SHARE else "train"


def draw_spec(
    seed: int, index: int, split: str = "train", kinds: tuple[str, ...] = (), worn: tuple[str, ...] = (),
    natural: float = NATURAL_SHARE,
) -> Spec:  # fmt: skip
    """Object number `index` of world `seed`.

    Args:
        split: "train", "held-out" or "all".
        kinds, worn: names in `KINDS` (or `VARIANTS`) and `WORN` to which the world is narrowed; empty for all. A name that
            stands n times is drawn n times as often.
        natural: share of objects in the color of their kind, which a caption does not name.

    Raises:
        ValueError: an unknown split or name, or a split that holds nothing of these kinds, as those of few colors may.
    """
    if split not in ("train", "held-out", "all"):
        raise ValueError(f"draw_spec: unknown split {split!r}; take 'train', 'held-out' or 'all'.")
    for names, known, what in ((kinds, KINDS | VARIANTS, "kind"), (worn, WORN, "worn thing")):
        for name in names:
            if name not in known:
                near = difflib.get_close_matches(name, known, 3)
                raise ValueError(f"toybox: unknown {what} {name!r}" + (f"; did you mean {' or '.join(near)}?" if near else "."))
    rng = np.random.default_rng((seed, index))
    kinds, worn = tuple(kinds) or tuple(KINDS), tuple(worn) or tuple(WORN)
    pair = pair_of(seed, index, kinds, worn)
    for tries in range(TRIES):
        if tries and tries % TRIES_WITH_ONE_PAIR == 0 and pairs_of(kinds, worn):
            pair = _pick(rng, pairs_of(kinds, worn))
        spec = _draw(rng, kinds, worn, pair, natural)
        if split in ("all", split_of(spec)):
            return spec
    raise ValueError(f"toybox: none of these kinds has a {split} object; name more kinds, or things that they can wear.")


def _pick(rng: np.random.Generator, choices, weights=None):
    choices = list(choices)
    if weights is None:
        return choices[int(rng.integers(len(choices)))]
    cumulative = np.cumsum(weights)
    return choices[int(np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right"))]


def _draw(rng: np.random.Generator, kinds: tuple[str, ...], worn: tuple[str, ...], pair: Pair | None, natural: float) -> Spec:
    name = _pick(rng, *weights_of(kinds, worn, pair and pair[0]))
    if name in KINDS:
        kind = KINDS[name]
        variant = _pick(rng, kind.variants) if kind.variants and rng.random() < 0.5 else None
    else:
        name, variant = VARIANTS[name], name
        kind = KINDS[name]
    pose = _pick(rng, kind.poses) if kind.poses and rng.random() < 0.5 else None
    color = second = pattern = None
    if rng.random() >= natural and len(kind.colors or COLORS) > 1:  # what has but one color is never called by it
        color = _draw_color(rng, kind.colors or tuple(COLORS))
        if kind.patterns and color not in MATERIALS and rng.random() < 0.18:
            pattern = _pick(rng, ("striped", "spotted"))
            second = _pick(rng, [c for c in PLAIN if _contrast(c, color) > 0.45])
    size = _pick(rng, [s for s in SIZES if kind.wears or s not in OF_BODIES]) if rng.random() < 0.08 else None
    dressed = _draw_worn(rng, kind, pair, pairs_of(kinds, worn))
    return Spec(name, variant, color, pattern, second, dressed, size, pose, int(rng.integers(2**31)))


def _draw_color(rng: np.random.Generator, names: tuple[str, ...]) -> str:
    return canonical(_pick(rng, names, [0.5 if n in MATERIALS else 1.0 for n in names]))


def _contrast(a: str, b: str) -> float:
    return float(np.linalg.norm(np.subtract(COLORS[a], COLORS[b])))


def _draw_worn(rng: np.random.Generator, kind: Kind, pair: Pair | None, pairs: tuple[Pair, ...]) -> tuple[Pair, ...]:
    """Nothing, the pair, or the pair and one more of `pairs` at another place."""
    if pair is None or rng.random() >= SECOND_SHARE:
        return () if pair is None else (pair,)
    places = set(kind.wears) - {WORN[pair[0]].anchor}
    free = [other for other in pairs if WORN[other[0]].anchor in places]
    return (pair, _pick(rng, free)) if free else (pair,)


def own_coat(spec: Spec) -> tuple[str | None, str | None, str | None]:
    """Natural (color, second color, pattern) of the variant or kind, each None where nature leaves it open."""
    return (*NATURAL.get(spec.variant or spec.kind, ()), None, None, None)[:3]


def pattern_of(spec: Spec) -> str | None:
    """The pattern that is named, or the coat's own."""
    return spec.pattern or own_coat(spec)[2]


def look_of(spec: Spec) -> Look:
    """The paints of a spec. What no caption names follows from `spec.seed`.

    Patterns and grained materials are painted by `build` once the object has its final size: NaN until then.
    """
    rng = np.random.default_rng((spec.seed, 1))
    kind = KINDS[spec.kind]
    own_main, own_second, _ = own_coat(spec)
    name = spec.color or own_main or canonical((kind.colors or (_pick(rng, PLAIN),))[0])
    main = COLORS[name]
    harmonious = [COLORS["white"], COLORS["black"], lighter(main, 0.5), darker(main, 0.5), COLORS[_pick(rng, PLAIN)]]
    unnamed = _pick(rng, harmonious)
    if own_second and _contrast(own_second, name) > 0.3:
        unnamed = COLORS[own_second]
    second = COLORS[spec.second] if spec.second else unnamed
    accent = COLORS[_pick(rng, [c for c in PLAIN if _contrast(c, name) > 0.5])]
    later = pattern_of(spec) or callable(material_paint(name))
    return Look(_later if later else main, main, second, accent, spec.variant, spec.pose)


def _later(points: np.ndarray) -> np.ndarray:
    return np.full_like(points, np.nan)


def build(spec: Spec) -> Part:
    """The mesh of a spec: vertices (N, 3) in [-0.5, 0.5]^3 (bounding box centred, longest side 1), faces, sRGB colors.

    Front towards +x, up is z. A function of the spec alone.
    """
    own, worn = parts_of(spec)
    mesh = in_box(merge(own + worn), spec)
    return _paint_later(mesh, spec, look_of(spec)) if np.isnan(mesh.colors).any() else mesh


def parts_of(spec: Spec) -> tuple[list[Part], list[Part]]:
    """Its own parts, and those of what it wears, in the builder's frame. A color that a pattern will give is NaN."""
    model = KINDS[spec.kind].build(np.random.default_rng(spec.seed), look_of(spec))
    worn = [(WORN[name], COLORS[color or canonical(WORN[name].colors[0])]) for name, color in spec.worn]
    return list(model.parts), [part for thing, color in worn for part in thing.build(model.anchors[thing.anchor], color)]


def in_box(mesh: Part, spec: Spec) -> Part:
    """Of the spec's proportions, its bounding box centred with longest side 1."""
    vertices = mesh.vertices * np.array(SIZES.get(spec.size, (1.0, 1.0, 1.0)))
    low, high = vertices.min(0), vertices.max(0)
    return replace(mesh, vertices=(vertices - (low + high) / 2) / (high - low).max())


def _paint_later(mesh: Part, spec: Spec, look: Look) -> Part:
    """Give NaN vertices their pattern, after splitting triangles that are too large to show it."""
    for _ in range(3):
        mesh, done = _split_long_edges(mesh, 0.035)
        if done:
            break
    axis = np.eye(3)[int(np.argmax(np.ptp(mesh.vertices, axis=0)))]
    pattern = pattern_of(spec)
    if pattern:
        paint = pattern_paint(pattern, look.main, look.second, axis, spec.seed)
    else:
        paint = material_paint(next(name for name, color in COLORS.items() if color == look.main))
    colors, open_ = mesh.colors.copy(), np.isnan(mesh.colors).any(1)
    colors[open_] = paint(mesh.vertices[open_])
    return replace(mesh, colors=colors)


def _split_long_edges(mesh: Part, longest: float) -> tuple[Part, bool]:
    """Split each open (NaN) triangle with an edge over `longest` into four; True when there was none."""
    v, f, c = mesh.vertices, mesh.faces, mesh.colors
    edges = np.linalg.norm(v[f] - v[np.roll(f, -1, axis=1)], axis=2).max(1)
    large = (edges > longest) & np.isnan(c[f]).any((1, 2))
    if not large.any() or len(f) + 3 * int(large.sum()) > 38_000:
        return mesh, True
    a, b, d = f[large].T
    pairs = np.sort(np.concatenate([np.stack([a, b], 1), np.stack([b, d], 1), np.stack([d, a], 1)]), axis=1)
    unique, index = np.unique(pairs, axis=0, return_inverse=True)
    ab, bd, da = index.reshape(3, -1) + len(v)
    quarters = [np.stack(t, 1) for t in ((a, ab, da), (ab, b, bd), (da, bd, d), (ab, bd, da))]
    middle, color = v[unique].mean(1), c[unique].mean(1)
    return Part(np.concatenate([v, middle]), np.concatenate([f[~large], *quarters]), np.concatenate([c, color])), False
