"""What a multi-view set is like as a whole: statistics, duplicates, faults, and a sheet to look at."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from mvdream_cli.data.check_object import THUMB_PX, THUMBS, Facts, look_at
from mvdream_cli.data.duplicates import alike, identical
from mvdream_cli.data.shards import SHARD_PATTERN, read_shard_index, shard_is_whole
from mvdream_cli.data.views import index_views
from mvdream_cli.data.worker_pool import worker_pool
from mvdream_cli.errors import DataError
from mvdream_cli.images import composite

SHEET_COLUMNS, SHEET_ROWS = 4, 12
NAMED = 20  # objects that are named of each kind, in the table of duplicates and of faults
_LABEL_PX = 14


def check_set(
    root: Path,
    *,
    count_tokens: Callable[[str], int],
    most_tokens: int,
    sample: int = 0,
    seed: int = 0,
    processes: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[dict, list[Facts]]:
    """Read a set and say what it is like.

    Args:
        count_tokens: of a caption. most_tokens: that the text encoder reads.
        sample: objects that are looked at, drawn at random; 0: all.
        processes: beside this one.

    Returns:
        The report, ready for JSON, and the facts of the objects for `contact_sheet`, with pictures in those that it shows.

    Raises:
        DataError: no set, or the memory is full.
    """
    left_out: list[tuple[str, str]] = []
    entries = index_views(root, lambda name, reason: left_out.append((name, reason)))
    total = len(entries)
    if 0 < sample < total:
        chosen = np.sort(np.random.default_rng(seed).choice(total, sample, replace=False))
        entries = [entries[k] for k in chosen]
    shown = set(np.linspace(0, len(entries) - 1, min(len(entries), SHEET_COLUMNS * SHEET_ROWS)).round().astype(int).tolist())
    facts = []
    with worker_pool(processes) as pool:
        try:
            broken_shards = [
                path.name for path, whole in zip(_shards(root), pool.map(_shard_is_whole, _shards(root))) if not whole
            ]
            thumbs = [k in shown for k in range(len(entries))]
            for fact in pool.map(look_at, entries, thumbs, chunksize=4):
                # pictures of what is wrong are read again: there are few of them
                if fact.faults and fact.views and fact.thumbs is None:
                    fact = replace(fact, thumbs=look_at(entries[len(facts)], True).thumbs)
                facts.append(fact)
                if on_progress:
                    on_progress(len(facts), len(entries))
        except BrokenProcessPool:
            raise DataError(
                f"{root}: a process that reads it was ended, mostly because the memory is full; give fewer data.workers"
            ) from None
    facts += [Facts(name, "", faults=(reason,)) for name, reason in left_out]
    whole = [fact for fact in facts if fact.views]
    if not whole:
        raise DataError(f"{root}: holds no object that is whole; render it again")
    tokens = [count_tokens(fact.caption) for fact in whole]
    captions = Counter(fact.caption for fact in whole)
    pairs = alike([fact.look for fact in whole])
    faults = [(fact.id, fact.faults) for fact in facts if fact.faults]
    report = {
        "set": str(root),
        "objects": total + len(left_out),
        "looked_at": len(facts),
        "sizes": _counted((fact.views, fact.size_px) for fact in whole),
        "statistics": {
            "coverage": _spread(np.concatenate([fact.coverage for fact in whole])),
            "elevation_deg": _spread(np.concatenate([fact.elevation_deg for fact in whole])),
            "fovy_deg": _spread(np.concatenate([fact.fovy_deg for fact in whole])),
            "distance": _spread(np.concatenate([fact.distance for fact in whole])),
            "caption_tokens": _spread(tokens),
        },
        "views": sum(fact.views for fact in whole),
        "views_empty": int(sum((fact.coverage == 0).sum() for fact in whole)),
        "views_touching_border": sum(fact.touching for fact in whole),
        "captions_cut": sum(count > most_tokens for count in tokens),
        "captions_empty": sum(not fact.caption.strip() for fact in whole),
        "captions_of_several": sum(count for count in captions.values() if count > 1),
        "with_losses": sum(fact.losses > 0 for fact in whole),
        "cameras_off": {by: _spread([f.off for f in whole if f.by == by]) for by in ("points", "hull") if _any_by(whole, by)},
        "identical": [[whole[k].id for k in group] for group in identical([fact.digest for fact in whole])],
        "alike": [
            [whole[a].id, whole[b].id, bits]
            for a, b, bits in pairs
            if whole[a].digest != whole[b].digest and not _renderings_of_one(whole[a].id, whole[b].id)
        ],
        "broken_shards": broken_shards,
        "faults": [{"id": name, "reasons": list(reasons)} for name, reasons in faults],
    }
    return report, facts


def table(report: dict) -> list[str]:
    """The report for a person, in lines."""
    views, looked_at = report["views"], report["looked_at"]
    sizes = ", ".join(f"{count} of {size}" for size, count in report["sizes"].items())
    lines = [f"{looked_at} of {report['objects']} objects looked at; views and pixels of a side: {sizes}"]
    lines.append(f"{'':16}{'least':>9}{'5 %':>9}{'median':>9}{'mean':>9}{'95 %':>9}{'most':>9}")
    for name, spread in report["statistics"].items():
        lines.append(f"{name:16}" + "".join(f"{value:9.3g}" for value in spread.values()))
    for name in ("views_empty", "views_touching_border"):
        lines.append(f"{name.replace('_', ' ')}: {report[name]} of {views} ({report[name] / views:.1%})")
    for name in ("captions_cut", "captions_empty", "captions_of_several", "with_losses"):
        lines.append(f"{name.replace('_', ' ')}: {report[name]} of {looked_at} objects ({report[name] / looked_at:.1%})")
    for by, spread in report["cameras_off"].items():
        lines.append(f"cameras, by {by}: {spread['mean']:.2%} beside the silhouettes on average, {spread['most']:.2%} at most")
    for name, what in (("identical", "the same bytes"), ("alike", "the same look")):
        groups = report[name]
        some = "; ".join(" = ".join(map(str, group[:2])) for group in groups[:3])
        lines.append(f"{what}: {len(groups)} {'groups' if name == 'identical' else 'pairs'}{f' ({some})' if some else ''}")
    for shard in report["broken_shards"][:NAMED]:
        lines.append(f"FAULT {shard}: is not what was written")
    for fault in report["faults"][:NAMED]:
        lines.append(f"FAULT {fault['id']}: {'; '.join(fault['reasons'])}")
    if len(report["faults"]) > NAMED:
        lines.append(f"and {len(report['faults']) - NAMED} more")
    return lines


def contact_sheet(facts: list[Facts]) -> np.ndarray:
    """Four sides of objects and their captions, (h, w, 3) uint8; those with faults first, in red."""
    pictured = [fact for fact in facts if fact.thumbs is not None]
    chosen = sorted(pictured, key=lambda fact: not fact.faults)[: SHEET_COLUMNS * SHEET_ROWS]
    rows = -(-len(chosen) // SHEET_COLUMNS)
    width, height = THUMBS * THUMB_PX + 8, THUMB_PX + _LABEL_PX + 6
    sheet = Image.new("RGB", (SHEET_COLUMNS * width, rows * height), (255, 255, 255))
    draw = ImageDraw.Draw(sheet)
    for k, fact in enumerate(chosen):
        x, y = k % SHEET_COLUMNS * width + 4, k // SHEET_COLUMNS * height + 2
        strip = composite(np.concatenate(list(fact.thumbs), 1), 0.6)
        sheet.paste(Image.fromarray((strip * 255 + 0.5).astype(np.uint8)), (x, y))
        label, color = f"{fact.id}: {fact.caption}", (0, 0, 0)
        if fact.faults:
            label, color = f"{fact.id}: {fact.faults[0]}", (200, 0, 0)
        while len(label) > 8 and draw.textlength(_printable(label)) > width - 8:
            label = label[: int(len(label) * 0.95) - 1]
        draw.text((x, y + THUMB_PX + 1), _printable(label), fill=color)
    return np.asarray(sheet)


def _shards(root: Path) -> list[Path]:
    return sorted(root.glob(SHARD_PATTERN))


def _shard_is_whole(path: Path) -> bool:
    index = read_shard_index(path)
    if index is None:  # one that never had an index is judged by its objects
        return not path.with_suffix(".json").exists()
    return shard_is_whole(path, index)


def _any_by(facts: list[Facts], by: str) -> bool:
    return any(fact.by == by for fact in facts)


def _renderings_of_one(a: str, b: str) -> bool:
    """Whether two ids are those that `each_rendered` gives one asset."""
    return a.partition("-render-")[0] == b.partition("-render-")[0]


def _spread(values) -> dict:
    found = np.asarray(values, np.float64)
    low, middle, high = np.quantile(found, [0.05, 0.5, 0.95])
    numbers = {"least": found.min(), "p5": low, "median": middle, "mean": found.mean(), "p95": high, "most": found.max()}
    return {name: round(float(value), 6) for name, value in numbers.items()}


def _counted(kinds) -> dict[str, int]:
    return {f"{views} x {size_px} px": count for (views, size_px), count in Counter(kinds).most_common()}


def _printable(text: str) -> str:
    """What the built-in font can draw."""
    return text.encode("latin-1", "replace").decode("latin-1")
