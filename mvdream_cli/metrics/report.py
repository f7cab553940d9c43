"""What an evaluation leaves: report.json for programs, report.md for documents, index.html for people, a table."""

import base64
import html
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from mvdream_cli.atomic import written_whole
from mvdream_cli.metrics.figures import Figure

COLUMNS = ("figure", "value", "95 % interval", "floor", "true", "samples", "judge")
STYLE = """
:root { color-scheme: light dark; --line: #8884; }
body { margin: 0 auto; max-width: 76rem; padding: 2rem 1.25rem 4rem; font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; font-size: .9rem; width: 100%; display: block; overflow-x: auto; }
th, td { text-align: left; vertical-align: top; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--line); }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; } small { opacity: .7; }
figure { margin: 0 0 1rem; } figcaption { font-size: .85rem; } img { max-width: 100%; border-radius: 8px; }
"""


def cells(figure: Figure) -> tuple[str, ...]:
    """The texts of a figure for `COLUMNS`."""
    count = f"{figure.count} {figure.of if figure.count > 1 else figure.of.removesuffix('s')}" if figure.count else "-"
    judge = f"{figure.network} ({figure.resize})" if figure.network else "-"
    floor, bound = figure.text(figure.floor) if figure.floor is not None else "-", "-"
    if figure.bound is not None:
        bound = figure.text(figure.bound)
    return figure.name, figure.text(), figure.interval() or "-", floor, bound, count, judge


def text_table(figures: Sequence[Figure]) -> str:
    """For a terminal: columns of one width each, and below it why something was left out."""
    rows = [COLUMNS[:6], *(cells(figure)[:6] for figure in figures)]
    widths = [max(len(row[k]) for row in rows) for k in range(6)]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip() for row in rows]
    lines += [f"{figure.name}: {figure.note}" for figure in figures if figure.value is None]
    return "\n".join(lines)


def markdown_table(figures: Sequence[Figure]) -> str:
    """For a document; what was taken how stands in the last column."""
    head = "| " + " | ".join((*COLUMNS, "note")) + " |\n|" + "---|" * (len(COLUMNS) + 1)
    return "\n".join([head, *("| " + " | ".join((*cells(figure), figure.note or "-")) + " |" for figure in figures)]) + "\n"


def write_report(
    folder: Path,
    title: str,
    figures: Sequence[Figure],
    facts: Mapping[str, object],
    objects: Sequence[Mapping[str, object]],
    examples: Sequence[tuple[str, Sequence[tuple[str, np.ndarray]]]] = (),
) -> dict[str, Path]:
    """Write report.json, report.md and index.html, which opens offline.

    Args:
        facts: how it was taken: model, seeds, steps.
        objects: a row for each object, JSON values.
        examples: (headline, [(caption, uint8 picture (H, W, 3))]), such as the worst and the best.
    """
    paths = {"report": folder / "report.json", "markdown": folder / "report.md", "page": folder / "index.html"}
    content = {"title": title, **facts, "figures": [figure.as_json() for figure in figures], "objects": list(objects)}
    _write(paths["report"], json.dumps(content, indent=1, ensure_ascii=False, default=str) + "\n")
    listed = "".join(f"- {key}: {value}\n" for key, value in facts.items())
    _write(paths["markdown"], f"# {title}\n\n{markdown_table(figures)}\n{listed}")
    head = "".join(f"<th>{html.escape(name)}</th>" for name in COLUMNS)
    rows = "".join(_row(figure) for figure in figures)
    pictured = "".join(
        f"<h2>{html.escape(headline)}</h2>" + "".join(picture_html(caption, image) for caption, image in shown)
        for headline, shown in examples
        if shown
    )
    told = "".join(f"<tr><th>{html.escape(k)}</th><td>{html.escape(str(v))}</td></tr>" for k, v in facts.items())
    body = f"<table><tr>{head}</tr>{rows}</table>{pictured}<h2>How it was taken</h2><table>{told}</table>"
    _write(paths["page"], page(title, body))
    return paths


def page(title: str, body: str, style: str = STYLE) -> str:
    """A whole HTML page that needs nothing but itself."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{style}</style></head>\n"
        f"<body><h1>{html.escape(title)}</h1>\n{body}\n</body></html>\n"
    )


def data_url(image: np.ndarray) -> str:
    """A uint8 picture (H, W, 3) as a JPEG inside of a page."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="JPEG", quality=88)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def picture_html(caption: str, image: np.ndarray) -> str:
    return f'<figure><img src="{data_url(image)}" alt=""><figcaption>{html.escape(caption)}</figcaption></figure>'


def _row(figure: Figure) -> str:
    texts = cells(figure)
    numbers = "".join(f'<td class="number">{html.escape(text)}</td>' for text in texts[1:6])
    note = f"<br><small>{html.escape(figure.note)}</small>" if figure.note else ""
    return f"<tr><td>{html.escape(texts[0])}{note}</td>{numbers}<td>{html.escape(texts[6])}</td></tr>"


def _write(path: Path, text: str) -> None:
    with written_whole(path) as partial:
        partial.write_text(text, encoding="utf-8")
