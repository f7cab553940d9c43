"""`evaluate compare`: the judge's choices, the page for a person's, and the wins by both."""

from dataclasses import replace

import numpy as np

from mvdream_cli.errors import UsageError
from mvdream_cli.images import grid
from mvdream_cli.methods.compare import Pair, agreement, judged, wins
from mvdream_cli.methods.evaluation import finish
from mvdream_cli.methods.measuring import Judges, look
from mvdream_cli.methods.view_store import ViewStore
from mvdream_cli.metrics.choice_page import write_choice_page
from mvdream_cli.metrics.clip import clip_scores
from mvdream_cli.metrics.figures import mean_figure


def compare_pairs(
    run,
    pairs: list[Pair],
    stores: list[ViewStore],
    judges: Judges,
    *,
    names: tuple[str, str],
    identity: str,
    chosen: list[str | None] | None,
) -> dict:
    """The judge's choices, the page for a person's, and the wins by both; writes the report into the run folder.

    Args:
        chosen: by a person; None: nobody has chosen yet.

    Raises:
        UsageError: there is no CLIP to judge.
    """
    if judges.towers is None:
        raise UsageError("evaluate compare: this model has no CLIP that could judge; give --clip a folder of one")
    prompts, towers = [pair.prompt for pair in pairs], judges.towers
    texts = towers.embed_texts(prompts)
    embedded = [look(store.all(), Judges(towers), len(pairs)).clip for store in stores]
    scores = [clip_scores(clip, texts).tolist() for clip in embedded]
    verdicts = judged(*scores)
    sheets = [[grid(views, 4) for views in store.all()] for store in stores]
    shown = [(pair.prompt, a, b, pair.swapped, verdict) for pair, a, b, verdict in zip(pairs, *sheets, verdicts, strict=True)]
    choose = write_choice_page(run.folder / "choose.html", identity=identity, names=names, judge=towers.name, pairs=shown)
    about = {"network": towers.name, "resize": towers.resize}
    figures = [replace(wins(verdicts, names[0], "the judge"), **about)]
    figures.append(mean_figure("CLIP score, A less B", np.subtract(*scores), digits=2, better="", **about))
    if chosen is not None:
        figures += [wins(chosen, names[0], "the person"), agreement(chosen, verdicts)]
    chosen = chosen or [None] * len(pairs)
    objects = [
        {"prompt": pair.prompt, "A": pair.a.mesh, "B": pair.b.mesh, "CLIP score of A": a, "CLIP score of B": b,
         "judge": verdict, "person": choice}
        for pair, a, b, verdict, choice in zip(pairs, *scores, verdicts, chosen, strict=True)
    ]  # fmt: skip
    facts = {"A": names[0], "B": names[1], "pairs": len(pairs), "directions": len(stores[0].read(0))}
    made = finish(run, f"{names[0]} or {names[1]}", figures, facts, objects, [])
    return {"choose": choose, **made}
