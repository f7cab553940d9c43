"""docs/paper.md: the paper's figures and ours, what agrees and what does not. A function of results.json alone."""

import math
from collections import Counter

from benchmarks.paper.experiments import EXPERIMENTS, Claim, Experiment

HEAD = """<!-- written by benchmarks/paper; do not edit -->

# The paper at the scale of `mini`

Each experiment of MVDream (arXiv 2308.16512) that a small model in a toy world can repeat: `python -m benchmarks.paper --out
paper`, which goes on where it was stopped. Figures come from `mvdream evaluate`, with 95 % intervals; "floor" are views of
another prompt, "true" are true renders. They do not compare with the paper's figures, which come from other networks, other
pictures and another world: what compares is which row is better. Rows that were asked for the same prompts are compared pair by
pair: the mean difference, its interval by resampling, and the p-value of the sign-flip test; "unclear" is p of 0.05 or more.
With so many comparisons one of twenty would be told by chance. Every arm is one training with one seed: what another seed
would change is not in the intervals. "Shipped `mini`" is the one of 2026-11-27, which knew twelve kinds of things.

"""


def page(results: dict) -> str:
    """The whole page.

    Args:
        results: experiment -> what `__main__.collect` found of it.
    """
    done = sum(name in results for name in EXPERIMENTS)
    head = f"{done} of {len(EXPERIMENTS)} experiments are computed so far; the others say so.\n\n"
    return HEAD + head + _summary(results) + "".join(_section(e, results.get(name, {})) for name, e in EXPERIMENTS.items())


def _summary(results: dict) -> str:
    """A line for each thing that the paper says or implies."""
    all_claims = [pair for name, experiment in EXPERIMENTS.items() for pair in _claims(experiment, results.get(name, {}))]
    counts = Counter(found.partition(",")[0] for _, found in all_claims)
    words = {"agrees": "agree", "disagrees": "disagree", "unclear": "are unclear", "not computed yet": "are not computed"}
    told = ", ".join(f"{counts[verb]} {said}" for verb, said in words.items() if counts[verb])
    lines = [f"| {claim.figure}: {claim.higher} above {claim.lower} | {found} |\n" for claim, found in all_claims]
    return f"Of {len(all_claims)} comparisons: {told}.\n\n| what the paper's words imply | here |\n|---|---|\n" + "".join(lines)


def _claims(experiment: Experiment, found: dict) -> list[tuple[Claim, str]]:
    differences = found.get("claims", [None] * len(experiment.claims))
    return [(c, verdict(c, found.get("rows", {}), d)) for c, d in zip(experiment.claims, differences, strict=True)]


def _section(experiment: Experiment, found: dict) -> str:
    parts = [f"\n## {experiment.title}\n{experiment.question}\n\nThe paper:\n\n{experiment.paper}\nOurs:\n\n"]
    if rows := found.get("rows"):
        parts.append(f"{found['setup']}\n\n{_table(experiment, rows)}\n")
        parts += [
            f"- {claim.figure}, {claim.higher} above {claim.lower}: {said}\n" for claim, said in _claims(experiment, found)
        ]
        parts += [f"- {name}: {row['taken']}, {row['machine']}, `{row['command']}`\n" for name, row in rows.items()]
        if experiment.seen:
            parts.append(f"\n{experiment.seen}\n")
    else:
        parts.append("Not computed yet.\n")
    if experiment.untested:
        parts.append(f"\n{experiment.untested}\n")
    return "".join(parts)


def _table(experiment: Experiment, rows: dict) -> str:
    names = list(dict.fromkeys(figure["name"] for row in rows.values() for figure in row["figures"]))
    head = "| figure | " + " | ".join(experiment.rows) + " | floor | true |\n|" + "---|" * (len(experiment.rows) + 3) + "\n"
    lines, left_out = [], {}
    for name in names:
        found = {
            row: next((f for f in rows.get(row, {}).get("figures", []) if f["name"] == name), None) for row in experiment.rows
        }
        some = next(f for f in found.values() if f is not None)
        if all(f is None or f["value"] is None for f in found.values()):
            left_out.setdefault(some["note"].removeprefix("left out: "), []).append(name)
            continue
        cells = [_cell(found[row]) if row in rows else "not computed yet" for row in experiment.rows]
        lines.append("| " + " | ".join([name, *cells, _number(some, some["floor"]), _number(some, some["bound"])]) + " |\n")
    told = "".join(f"\nLeft out: {', '.join(names)}: {why}.\n" for why, names in left_out.items())
    return head + "".join(lines) + told


def verdict(claim: Claim, rows: dict, difference: dict | None = None) -> str:
    """ "agrees", "disagrees" or "unclear", and the numbers that say so.

    Args:
        difference: of `paired`, of the two rows' objects; None: by whether the rows' intervals overlap.
    """
    pair = [_figure(rows, row, claim.figure) for row in (claim.higher, claim.lower)]
    if any(figure is None or figure["value"] is None for figure in pair):
        return "not computed yet, or left out"
    if difference is not None:
        low, high = (_number(pair[0], difference[key]) for key in ("low", "high"))
        told = f"difference {_number(pair[0], difference['value'])} ({low} to {high}), p = {difference['p']:.2g}"
        told += f", {difference['count']} pairs"
        if difference["p"] >= 0.05:
            return f"unclear, {told}"
        return f"{'agrees' if difference['value'] > 0 else 'disagrees'}, {told}"
    if any(figure["low"] is None for figure in pair):
        return "unclear, there is no interval"
    higher, lower = pair
    told = f"{_number(higher, higher['value'])} and {_number(lower, lower['value'])}"
    if higher["low"] > lower["high"]:
        return f"agrees, {told}"
    return f"disagrees, {told}" if higher["high"] < lower["low"] else f"unclear, {told}: their intervals overlap"


def _figure(rows: dict, row: str, name: str) -> dict | None:
    return next((figure for figure in rows.get(row, {}).get("figures", []) if figure["name"] == name), None)


def _cell(figure: dict | None) -> str:
    if figure is None:
        return "-"
    if figure["value"] is None:
        return figure["note"]
    text = _number(figure, figure["value"])
    if figure["low"] is not None:
        text += f" ({_number(figure, figure['low'])} to {_number(figure, figure['high'])})"
    return f"{text}, n = {figure['count']}"


def _number(figure: dict, value: float | None) -> str:
    if value is None or not math.isfinite(value):
        return "-"
    percent = figure["unit"] == "%"
    digits = min(figure["digits"], 1) if percent else figure["digits"]
    return f"{100 * value if percent else value:.{digits}f}" + (f" {figure['unit']}" if figure["unit"] else "")
