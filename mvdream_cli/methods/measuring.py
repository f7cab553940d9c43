"""All figures of a set of views: what judges see in it, beside what they see in true views and in shuffled ones."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from mvdream_cli.engine.progress import Bar, warn
from mvdream_cli.errors import DataError, MVDreamError
from mvdream_cli.metrics.clip import Towers, clip_scores, own_text_first
from mvdream_cli.metrics.color import saturation
from mvdream_cli.metrics.consistency import opposite_agreement
from mvdream_cli.metrics.distribution import distance_figure, score_figure
from mvdream_cli.metrics.figures import Figure, left_out, mean_figure, share_figure
from mvdream_cli.metrics.janus import front_seen_again, overlap
from mvdream_cli.metrics.networks import NAMES, NETWORKS, FeatureNetwork
from mvdream_cli.metrics.subject import likeness_to_photographs
from mvdream_cli.scene.fitting import border_color, foreground_mask

STRENGTH = "saturation of colors"
CONSISTENCY = ("re-projected views", "held-out view", "re-projected views, learned distance")


@dataclass
class Judges:
    """Who looks at pictures. towers: CLIP, or None. networks: those that could be had. missing: (name, why) of the others."""

    towers: Towers | None = None
    networks: list[FeatureNetwork] = field(default_factory=list)
    missing: list[tuple[str, str]] = field(default_factory=list)


def open_networks(names: Sequence[str], device: str = "cpu") -> Judges:
    """The networks that can be had here; each of the others is told, with what is left out for it."""
    judges = Judges()
    for name in names:
        try:
            judges.networks.append(NETWORKS[name](device))
        except MVDreamError as error:
            judges.missing.append((name, str(error)))
            warn(f"{' and '.join(NAMES[name])} are left out: {error}")
    return judges


@dataclass
class Seen:
    """What the judges saw in N objects of V views.

    clip: (N, V, E) embeddings, or None. features, logits: network's name -> (N, V, D). agreement: (N,) of opposite silhouettes,
    NaN where V is odd. overlap: (N,) of silhouettes a quarter turn apart, NaN where V is no multiple of four. saturation: (N,).
    mixed_agreement, mixed_overlap: the same of views of two objects, (N - 1,): their floors.
    """

    clip: Tensor | None
    features: dict[str, Tensor]
    logits: dict[str, Tensor]
    agreement: list[float]
    overlap: list[float]
    saturation: list[float]
    mixed_agreement: list[float]
    mixed_overlap: list[float]

    def __len__(self) -> int:
        return len(self.agreement)


def look(views: Iterable[Tensor], judges: Judges, count: int, what: str = "looking") -> Seen:
    """Show all judges the views (V, S, S, 3) of each object, one object at a time: a set need not fit into the memory.

    Raises:
        DataError: one object has fewer or more views than another.
    """
    clip, agreement, overlaps, strengths, mixed = [], [], [], [], ([], [])
    features = {network.name: [] for network in judges.networks}
    logits = {network.name: [] for network in judges.networks}
    num_views, before = 0, None
    with Bar(what, count) as bar:
        for k, images in enumerate(views):
            num_views = num_views or len(images)
            if len(images) != num_views:
                raise DataError(f"object {k} of the set has {len(images)} views and object 0 has {num_views}")
            if judges.towers is not None:
                clip.append(judges.towers.embed_images(images))
            for network in judges.networks:
                found = network.of(images)
                features[network.name].append(found[0])
                logits[network.name].append(found[1])
            masks = foreground_mask(images, border_color(images))
            agreement.append(_agreement(masks))
            overlaps.append(_overlap(masks))
            if before is not None:
                sides = torch.arange(num_views) * 4 // num_views  # 0 to 3
                mixed[0].append(_agreement(torch.where((sides < 2)[:, None, None], masks, before)))
                mixed[1].append(_overlap(torch.where((sides % 2 == 0)[:, None, None], masks, before)))
            before = masks
            strengths.append(float(saturation(images, masks).nanmean()))
            bar.update(k + 1)
    return Seen(
        torch.stack(clip) if clip else None,
        {name: torch.stack(parts) for name, parts in features.items()},
        {name: torch.stack(parts) for name, parts in logits.items()},
        agreement,
        overlaps,
        strengths,
        *mixed,
    )


def _agreement(masks: Tensor) -> float:
    return float(opposite_agreement(masks[None])[0]) if len(masks) % 2 == 0 else math.nan


def _overlap(masks: Tensor) -> float:
    return overlap(masks) if len(masks) % 4 == 0 else math.nan


def _mean(values: Sequence[float]) -> float | None:
    """Of those that are finite; None without any."""
    finite = [value for value in values if math.isfinite(value)]
    return float(np.mean(finite)) if finite else None


def text_figures(seen: Seen, prompts: list[str], towers: Towers, true: Seen | None = None) -> tuple[list[Figure], dict]:
    """CLIP score and CLIP R-Precision, of single views and of their averaged embeddings.

    The floor are views of another object of the set, the bound true renders of the same prompts.

    Returns:
        Figures; and for each object their values by their names, lists of N.
    """
    about = {"network": towers.name, "resize": towers.resize}
    distinct = list(dict.fromkeys(prompts))  # several objects may have been made of one prompt
    texts, own = towers.embed_texts(distinct), torch.tensor([distinct.index(prompt) for prompt in prompts])

    def scores(clip: Tensor) -> Tensor:
        return clip_scores(clip, texts[own])

    def single(clip: Tensor) -> Tensor:
        found = [own_text_first(clip[:, v], texts, own) for v in range(clip.shape[1])]
        return torch.stack(found, 1).double().mean(1)

    def together(clip: Tensor) -> Tensor:
        return own_text_first(torch.nn.functional.normalize(clip.mean(1), dim=-1), texts, own)

    rows = {"CLIP score": scores(seen.clip).tolist(), "CLIP R-Precision": single(seen.clip).tolist()}
    figures = [mean_figure("CLIP score", rows["CLIP score"], digits=2, **about)]
    if len(distinct) < 2:
        figures.append(left_out("CLIP R-Precision", "it needs 2 prompts to choose from; there is 1", unit="%", **about))
        return figures, rows
    chance = f"chance {100 / len(distinct):.2g} % of {len(distinct)} texts"
    figures.append(
        mean_figure("CLIP R-Precision", rows["CLIP R-Precision"], unit="%", note=f"of single views; {chance}", **about)
    )
    name = "CLIP R-Precision, views averaged"
    rows[name] = together(seen.clip).double().tolist()
    figures.append(share_figure(name, rows[name], note=chance, **about))
    measures = (scores, single, together)
    shuffled = seen.clip.roll(max(1, len(prompts) // 2), 0)  # objects of one prompt may be neighbors
    beside = [figure.beside(floor=float(of(shuffled).double().mean())) for figure, of in zip(figures, measures)]
    if true is not None:
        beside = [replace(figure, bound=float(of(true.clip).double().mean())) for figure, of in zip(beside, measures)]
    return beside, rows


def set_figures(seen: Seen, judges: Judges, reference: Seen | None, seed: int = 0) -> list[Figure]:
    """Of each network a Fréchet distance from the reference and a class score; those that cannot be had, in words."""
    figures = []
    for network in judges.networks:
        about = {"network": network.name, "resize": network.resize}
        if reference is None:
            why = "there is no reference; give --reference a set of true pictures"
            figures.append(left_out(network.distance, why, better="lower", of="views", **about))
        else:
            pair = seen.features[network.name], reference.features[network.name]
            figures.append(distance_figure(network.distance, *pair, **about))
        score = score_figure(network.score, seen.logits[network.name], seed, **about)
        if reference is not None and score.value is not None:
            score = replace(score, bound=score_figure(network.score, reference.logits[network.name], seed).value)
        figures.append(score)
    for name, why in judges.missing:
        figures += [left_out(figure, why, of="views") for figure in NAMES[name]]
    return figures


def shape_figures(seen: Seen, judges: Judges, true: Seen | None = None, finished: bool = False) -> tuple[list[Figure], dict]:
    """What the silhouettes tell of sampled views; of finished objects, the evidence of several faces.

    Returns:
        Figures, and lists of N by their names.
    """
    if not finished:
        name = "opposite silhouettes agree"
        figure = mean_figure(name, seen.agreement, note="intersection over union of opposite views, one mirrored")
        figure = figure.beside(_mean(seen.mixed_agreement), _mean(true.agreement) if true is not None else None)
        return [figure, _strength(seen, true)], {name: seen.agreement, STRENGTH: seen.saturation}
    name = "overlap of silhouettes a quarter turn apart"
    about = {"better": "", "note": "1: alike from all sides, as a Janus is; so are round things"}
    figures = [mean_figure(name, seen.overlap, **about).beside(_mean(seen.mixed_overlap))]
    rows = {name: seen.overlap, STRENGTH: seen.saturation}
    if judges.networks:
        network = judges.networks[-1]
        again = [front_seen_again(views) for views in seen.features[network.name]]
        rng = np.random.default_rng(0)
        shuffled = [front_seen_again(views[rng.permutation(len(views))]) for views in seen.features[network.name]]
        about = {"better": "lower", "network": network.name, "resize": network.resize}
        note = "a view a quarter turn away or more is more like the front than the front's neighbors are"
        figures.append(share_figure("front seen again", again, note=note, **about).beside(float(np.mean(shuffled))))
        rows["front seen again"] = [float(value) for value in again]
    return [*figures, _strength(seen, true)], rows


def _strength(seen: Seen, true: Seen | None) -> Figure:
    bound = _mean(true.saturation) if true is not None else None
    return mean_figure(STRENGTH, seen.saturation, better="").beside(bound=bound)


def likeness_figure(seen: Seen, photographs: Tensor, towers: Towers) -> Figure:
    """CLIP-I of DreamBooth: how like the photographs (P, S, S, 3) of a subject the views are."""
    embeddings = towers.embed_images(photographs)
    likeness = likeness_to_photographs(seen.clip, embeddings)
    pairs = (embeddings @ embeddings.T)[~torch.eye(len(embeddings), dtype=torch.bool)]
    bound = float(pairs.mean()) if len(pairs) else None  # the photographs among themselves
    note = f"to {len(photographs)} photographs; the bound is theirs among themselves"
    about = {"network": towers.name, "resize": towers.resize, "note": note, "bound": bound}
    return mean_figure("likeness to the subject (CLIP-I)", likeness.tolist(), **about)


def consistency_figures(found: list, true: list, others: list, network: FeatureNetwork | None) -> list[Figure]:
    """Of what `view_consistency` found in some objects, in true renders of the same, and of `other_object`: the floor."""
    figures = []
    for k, name in enumerate(CONSISTENCY):
        if k == 2 and network is None:
            continue
        about = {"unit": "dB", "digits": 1, "note": "PSNR where the object is, of a field fitted to "}
        about["note"] += "all views" if k == 0 else "all but the second view"
        if k == 2:
            about = {"better": "lower", "network": network.name, "resize": network.resize, "note": "1 - cosine of its features"}
        figure = mean_figure(name, [row[k] for row in found], **about)
        if figure.value is not None:
            figure = figure.beside(_mean([row[k] for row in others]), _mean([row[k] for row in true]))
        figures.append(figure)
    return figures
