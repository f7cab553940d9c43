"""From views to a report: who judges, what is measured of samples and of objects, which examples are shown."""

import importlib.util
import math
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from mvdream_cli.atomic import written_whole
from mvdream_cli.engine.progress import Bar, say, warn
from mvdream_cli.errors import ModelError
from mvdream_cli.methods.examples import examples
from mvdream_cli.methods.judging import NAMES, Examination, judge_figures
from mvdream_cli.methods.measuring import (
    CONSISTENCY,
    Judges,
    Seen,
    consistency_figures,
    likeness_figure,
    look,
    open_networks,
    set_figures,
    shape_figures,
    text_figures,
)
from mvdream_cli.methods.reference_set import read_set, set_fingerprint
from mvdream_cli.methods.view_consistency import other_object, view_consistency
from mvdream_cli.methods.view_store import ViewStore
from mvdream_cli.metrics.clip import own_towers, towers_from_folder
from mvdream_cli.metrics.figures import Figure, left_out
from mvdream_cli.metrics.networks import PACKAGES
from mvdream_cli.metrics.report import text_table, write_report

FEWEST_VIEWS_TO_FIT = 3  # one is held out, and one alone says nothing


def open_judges(pipeline, settings, device, networks: tuple[str, ...] | None = None) -> Judges:
    """CLIP, the model's own unless the settings name another, and the networks that can be had.

    Args:
        pipeline: of the model; None where only another CLIP may judge.
        networks: for distances; none: those of the settings.

    Raises:
        ModelError: the CLIP that was named cannot be opened.
    """
    options = settings.evaluate
    judges = open_networks(options.networks if networks is None else networks, str(device))
    if options.clip is not None:
        judges.towers = towers_from_folder(options.clip, str(device))
    elif pipeline is not None:
        try:
            judges.towers = own_towers(pipeline, settings.model)
        except ModelError as error:
            warn(f"CLIP score and R-Precision are left out: {error}")
    return judges


def judges_here(options) -> dict:
    """Which networks are installed, the judge's too, and the files of `--clip`: where they change, all is measured anew."""
    names = dict.fromkeys([*options.networks, "efficientnet-lite0"])
    clip = Path(options.clip) if options.clip is not None else None
    return {
        "networks_here": [name for name in names if importlib.util.find_spec(PACKAGES[name]) is not None],
        "clip_identity": set_fingerprint(clip) if clip is not None and clip.is_dir() else None,
    }


def measure_samples(
    run,
    settings,
    prompts: list[str],
    drawn: ViewStore,
    judges: Judges,
    *,
    true: ViewStore | None,
    reference: Path | None,
    photographs: Tensor | None,
    exam: Examination | None,
    device,
) -> dict:
    """All figures of samples; writes the report into the run folder.

    Args:
        true: true renders of the same prompts. reference: a set of true pictures; None: `true`.
        exam: what is asked about the kinds, worn things and colors of the prompts; None: nothing is known of them.
    """
    seen = look(drawn.all(), judges, len(prompts))
    same = look(true.all(), judges, true.count, "looking at true views") if true is not None else None
    against = same
    if reference is not None:
        size = drawn.read(0).shape[1]
        others = read_set(reference, drawn.read(0).shape[0], size)
        against = look(others.views, Judges(None, judges.networks), others.count, "looking at the reference")
    with written_whole(run.folder / "prompts.txt") as partial:  # to make objects of them
        partial.write_text("".join(f"{prompt}\n" for prompt in prompts), encoding="utf-8")
    figures, rows = _text(seen, prompts, judges, same)
    figures += set_figures(seen, judges, against, settings.engine.seed)
    shapes, more = shape_figures(seen, judges, same)
    if photographs is not None and judges.towers is not None:
        shapes.append(likeness_figure(seen, photographs, judges.towers))
    fitted, fits = _consistency(settings, drawn, true, judges, device)
    answers, asked = _examine(exam, drawn, run.cache / "judge", device)
    return _report(run, settings, f"{settings.model}: views of {len(prompts)} prompts", prompts, drawn,
                   [*figures, *shapes, *fitted, *answers], rows | more | fits | asked,
                   _facts(settings, true is not None, reference), true)  # fmt: skip


def measure_objects(
    run, settings, prompts: list[str], drawn: ViewStore, judges: Judges, folder: Path, exam: Examination | None, device
) -> dict:
    """All figures of finished objects; writes the report into the run folder. `exam`: as of `measure_samples`."""
    seen = look(drawn.all(), judges, len(prompts))
    figures, rows = _text(seen, prompts, judges, None)
    shapes, more = shape_figures(seen, judges, finished=True)
    answers, asked = _examine(exam, drawn, run.cache / "judge", device, may_turn=True)
    options = settings.evaluate
    facts = {"objects": folder, "directions": options.object_views, "pixels": options.object_size_px}
    return _report(run, settings, f"{folder}: {len(prompts)} objects", prompts, drawn, [*figures, *shapes, *answers],
                   rows | more | asked, facts)  # fmt: skip


def measure_sets(run, settings, first: Path, second: Path, judges: Judges) -> dict:
    """The distance of one set of pictures from another; writes the report into the run folder."""
    sets = [(folder, read_set(folder, settings.sample_views.num_views)) for folder in (first, second)]
    seen, reference = (look(part.views, judges, part.count, f"looking at {folder}") for folder, part in sets)
    figures = set_figures(seen, judges, reference, settings.engine.seed)
    facts = {"set": f"{first}, {len(seen)} objects", "reference": f"{second}, {len(reference)} objects"}
    return finish(run, f"{first} against {second}", figures, facts, [], [])


def finished(run) -> dict:
    """What a run that was finished before left."""
    say(f"{run.folder}: already finished; --restart starts over")
    paths = {key: run.folder / value for key, value in run.results.items() if isinstance(value, str)}
    return {"run": run.folder, **paths, "figures": run.results.get("figures", [])}


def _text(seen: Seen, prompts: list[str], judges: Judges, true: Seen | None) -> tuple[list[Figure], dict]:
    if judges.towers is None:
        why = "there is no CLIP; give --clip a folder of one"
        return [left_out(name, why) for name in ("CLIP score", "CLIP R-Precision")], {}
    return text_figures(seen, prompts, judges.towers, true)


def _examine(
    exam: Examination | None, drawn: ViewStore, kept: Path, device, may_turn: bool = False
) -> tuple[list[Figure], dict]:
    if exam is None or not exam.asked:
        return [], {}
    if (views := len(drawn.read(0))) % 4:
        why = f"the judge looks at four views of an object, or a multiple; there are {views}"
        return [left_out(name, why, unit="%") for name in NAMES.values()], {}
    return judge_figures(exam, drawn, kept, str(device), may_turn)


def _consistency(
    settings, drawn: ViewStore, true: ViewStore | None, judges: Judges, device
) -> tuple[list[Figure], dict[str, list]]:
    """Fields fitted to the views of some objects, and to true ones of the same; figures, and values of all objects."""
    options, count = settings.evaluate, min(settings.evaluate.fit_objects, drawn.count)
    if not count:
        return [], {}
    if len(drawn.read(0)) < FEWEST_VIEWS_TO_FIT:
        why = f"it needs {FEWEST_VIEWS_TO_FIT} views of an object; there are {len(drawn.read(0))}"
        return [left_out(name, why, unit="dB") for name in CONSISTENCY[:2]], {}
    network = judges.networks[-1] if judges.networks else None
    stores, found = [drawn, *([true] if true is not None else [])], []
    with Bar("fitting fields", count * len(stores)) as bar:
        for store in stores:
            found.append([])
            for k in range(count):
                found[-1].append(
                    view_consistency(
                        store.read(k), settings.to3d, steps=options.fit_steps, device=device, seed=settings.engine.seed,
                        network=network,
                    )
                )  # fmt: skip
                bar.update(sum(map(len, found)))
    rest = [None] * (drawn.count - count)
    rows = {name: [row[k] if math.isfinite(row[k]) else None for row in found[0]] + rest for k, name in enumerate(CONSISTENCY)}
    pairs = [(drawn.read(k), drawn.read((k + 1) % drawn.count)) for k in range(count) if drawn.count > 1]
    others = [other_object(*pair, network) for pair in pairs]
    return consistency_figures(found[0], found[1] if len(found) > 1 else [], others, network), rows


def _facts(settings, toys: bool, reference: Path | None) -> dict:
    sample = settings.sample_views
    return {
        "model": settings.model,
        "prompts": "captions of held-out objects of the toybox" if toys else "as given",
        "reference": reference or ("true renders of the same objects" if toys else "none"),
        "views": f"{sample.num_views} of each, DDIM, {sample.steps} steps, guidance {sample.guidance_scale:g}",
        "suffix and negative prompt": f"{sample.suffix!r}, {sample.negative_prompt!r}",
        "seed": f"{settings.engine.seed} + the number of the prompt",
    }


def _report(
    run, settings, title: str, prompts: list[str], drawn: ViewStore, figures, rows: dict, facts: dict,
    true: ViewStore | None = None,
) -> dict:  # fmt: skip
    objects = [{"prompt": text, **{key: values[k] for key, values in rows.items()}} for k, text in enumerate(prompts)]
    return finish(run, title, figures, facts, objects, examples(prompts, rows, drawn, true, settings.evaluate.examples))


def finish(run, title: str, figures: list[Figure], facts: dict, objects: list, shown: list) -> dict:
    """Write the report into the run folder and show its table; returns the paths, and the figures."""
    facts = facts | {"taken": run.record["updated"], "versions": run.record["versions"], "seconds": run.seconds()}
    figures = [replace(figure, note=figure.note.replace("|", "/")) for figure in figures]
    paths = write_report(run.folder, title, figures, facts, objects, shown)
    say(text_table(figures))
    return {**paths, "figures": [figure.as_json() for figure in figures]}
