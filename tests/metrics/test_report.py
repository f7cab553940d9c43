import json

import numpy as np

from mvdream_cli.metrics.figures import Figure, left_out
from mvdream_cli.metrics.report import cells, markdown_table, text_table, write_report

FIGURES = [
    Figure("CLIP score", 31.4, 30.9, 31.9, 100, network="CLIP x", resize="224 px", floor=20.0, bound=33.0, digits=2),
    left_out("FID", "no <weights>", better="lower"),
]


def test_a_table_says_value_interval_floor_bound_and_what_is_missing():
    assert cells(FIGURES[0])[:6] == ("CLIP score", "31.40", "30.90 to 31.90", "20.00", "33.00", "100 objects")
    text = text_table(FIGURES)
    assert len(text.splitlines()) == 4 and text.splitlines()[-1] == "FID: left out: no <weights>"
    table = markdown_table(FIGURES).splitlines()
    assert len(table) == 4 and len({line.count("|") for line in table}) == 1


def test_a_report_is_whole_and_opens_offline(tmp_path):
    picture = np.zeros((8, 16, 3), np.uint8)
    paths = write_report(
        tmp_path, "a <model>", FIGURES, {"model": "m", "seed": 3}, [{"prompt": "x", "CLIP score": 1.0}],
        [("Best", [("a <dog>", picture)]), ("Worst", [])],
    )  # fmt: skip
    content = json.loads(paths["report"].read_text())
    assert content["figures"][1]["value"] is None and content["seed"] == 3 and content["objects"][0]["prompt"] == "x"
    page = paths["page"].read_text()
    assert "<dog>" not in page and "&lt;dog&gt;" in page and "data:image/jpeg" in page and "http" not in page
    assert "Worst" not in page and "no &lt;weights&gt;" in page
    assert paths["markdown"].read_text().startswith("# a <model>")
