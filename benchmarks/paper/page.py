"""docs/paper.md: the paper's figures and ours, what agrees and what does not. A function of results.json alone."""

import math

from benchmarks.paper.experiments import EXPERIMENTS, Claim, Experiment

HEAD = """<!-- written by benchmarks/paper; do not edit -->

# The paper at the scale of `mini`

Each experiment of MVDream (arXiv 2308.16512) that a small model in a toy world can repeat: `python -m benchmarks.paper --out
paper`, which goes on where it was stopped. Figures come from `mvdream evaluate`, with 95 % intervals; "floor" are views of
another prompt, "true" are true renders. They do not compare with the paper's figures, which come from other networks, other
pictures and another world: what compares is which row is better.

"""


def page(results: dict) -> str:
    """The whole page.

    Args:
        results: experiment -> row -> {"figures": those of a report, "taken", "versions", "machine", "command"}.
    """
    done = sum(name in results for name, experiment in EXPERIMENTS.items() if experiment.commands)
    possible = sum(bool(experiment.commands) for experiment in EXPERIMENTS.values())
    head = f"{done} of {possible} experiments of this script are computed so far; the others say so.\n"
    return HEAD + head + "".join(_section(e, results.get(name, {})) for name, e in EXPERIMENTS.items())


def _section(experiment: Experiment, rows: dict) -> str:
    parts = [f"\n## {experiment.title}\n{experiment.question}\n\nThe paper:\n\n{experiment.paper}"]
    if experiment.commands:
        parts.append("\nOurs:\n\n" + (_table(experiment, rows) if rows else "Not computed yet.\n"))
        if rows:
            parts.append("\n" + "".join(f"- {verdict(claim, rows)}\n" for claim in experiment.claims))
            for name, row in rows.items():
                parts.append(f"- {name}: {row['taken']}, {row['machine']}, `{row['command']}`\n")
    if experiment.untested:
        parts.append(f"\n{experiment.untested}\n")
    return "".join(parts)


def _table(experiment: Experiment, rows: dict) -> str:
    names = list(dict.fromkeys(figure["name"] for row in rows.values() for figure in row["figures"]))
    head = "| figure | " + " | ".join(experiment.rows) + " | floor | true |\n|" + "---|" * (len(experiment.rows) + 3) + "\n"
    lines = []
    for name in names:
        found = {
            row: next((f for f in rows.get(row, {}).get("figures", []) if f["name"] == name), None) for row in experiment.rows
        }
        some = next(f for f in found.values() if f is not None)
        cells = [_cell(found[row]) if row in rows else "not computed yet" for row in experiment.rows]
        lines.append("| " + " | ".join([name, *cells, _number(some, some["floor"]), _number(some, some["bound"])]) + " |\n")
    return head + "".join(lines)


def verdict(claim: Claim, rows: dict) -> str:
    """ "agrees", "disagrees" or "cannot be told", by whether the intervals of the two rows overlap."""
    said = f"{claim.figure}, {claim.better} better than {claim.worse}"
    pair = [_figure(rows, row, claim.figure) for row in (claim.better, claim.worse)]
    if any(figure is None or figure["value"] is None for figure in pair):
        return f"{said}: not computed yet, or left out"
    better, worse = pair if pair[0]["better"] != "lower" else pair[::-1]
    if any(figure["low"] is None for figure in pair):
        return f"{said}: cannot be told, there is no interval"
    if better["low"] > worse["high"]:
        return f"{said}: agrees with the paper"
    if better["high"] < worse["low"]:
        return f"{said}: disagrees with the paper"
    return f"{said}: cannot be told, the intervals overlap"


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
