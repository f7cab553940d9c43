"""A page is one file: everything inside, nothing from elsewhere, and no text of a run becomes part of its program."""

import json
import os
import re

import numpy as np
import pytest

from mvdream_cli.engine.run import open_run
from mvdream_cli.errors import CheckpointError
from mvdream_cli.images import save_image
from mvdream_cli.pages.page import page_of, write_page, write_run_page
from mvdream_cli.pages.story import MOST_POINTS, MOST_PREVIEWS, read_stats, runs_in, story

PROMPT = 'a <b>"bold"</b> egg</script><script>alert(1)</script>'
SETTINGS = {"model": "mini", "engine": {"seed": 7}, "to3d": {"views": {"steps": 7}}, "train": {"steps": 3}}


@pytest.fixture
def run(tmp_path):
    """Of a run with 1,000 statistics, 30 previews and views, which goes on."""
    with open_run(tmp_path / "run", "to3d", SETTINGS, identity_keys=[], text=PROMPT) as run:
        for step in range(1, 1001):
            run.write_stats(step=step, steps=2000, loss=float("nan") if step == 5 else 1.0 / step, steps_per_second=10.0)
        for k in range(30):
            save_image(run.previews / f"step-{k:06d}.png", np.full((8, 16, 3), 8 * k, np.uint8))
        save_image(run.folder / "views.png", np.zeros((16, 64, 3), np.uint8))
        yield run


@pytest.fixture
def folder(run):
    return run.folder


def told_in(text):
    return json.loads(re.search(r'<script id="told" type="application/json">(.*?)</script>', text, re.DOTALL)[1])


def test_a_story_of_a_run_that_goes_on(folder):
    told = story(folder)
    assert (told["title"], told["command"], told["status"]) == (PROMPT, "to3d", "running")
    assert (told["step"], told["steps"], told["seconds_left"]) == (1000, 2000, 100.0)
    assert told["losses"]["step"][-1] == 1000 and len(told["losses"]["step"]) <= MOST_POINTS
    assert all(np.isfinite(told["losses"]["loss"])) and told["losses"]["loss"][0] > told["losses"]["loss"][-1]
    assert ["to3d.views.steps", "7"] in told["settings"] and not any(name.startswith("train") for name, _ in told["settings"])
    names = [name for kind, _, name in told["pictures"] if kind == "preview"]
    assert "step 29" in [caption for _, caption, _ in told["pictures"]]
    assert len(names) == MOST_PREVIEWS and names[0].endswith("000000.png") and names[-1].endswith("000029.png")


def test_half_a_line_of_statistics_is_passed_over_and_links_are_not_shown(folder, tmp_path):
    with open(folder / "stats.jsonl", "a") as file:
        file.write('{"step": 1001, "lo')
    assert read_stats(folder / "stats.jsonl")[-1]["step"] == 1000
    save_image(tmp_path / "secret.png", np.zeros((4, 4, 3), np.uint8))
    (folder / "candidates.png").symlink_to(tmp_path / "secret.png")
    (tmp_path / "linked").symlink_to(folder)
    assert not any(name == "candidates.png" for _, _, name in story(folder)["pictures"])
    assert [path.name for path, _ in runs_in(tmp_path)] == ["run"]
    (folder / "stats.jsonl").unlink()
    os.mkfifo(folder / "stats.jsonl")  # opening it would wait for ever
    assert story(folder)["losses"] == {"step": [], "loss": []}
    with pytest.raises(CheckpointError, match="is not a run folder"):
        story(tmp_path)


def test_a_page_holds_everything_and_loads_nothing(run, folder):
    page = write_run_page(run, {"data": "", "faces": 3}).read_text(encoding="utf-8")
    assert "<title>a &lt;b&gt;&quot;bold&quot;&lt;/b&gt; egg&lt;/script&gt;" in page
    told = told_in(page)
    assert told["title"] == PROMPT and told["status"] == "finished" and told["mesh"]["faces"] == 3 and not told["live"]
    assert all(picture[2].startswith("data:image/webp;base64,") for picture in told["pictures"])
    assert "connect-src 'none'" in page and "img-src data: blob:" in page and page.count("alert(1)") == 2
    assert "<script>alert" not in page
    outside = re.sub(r'<script id="told".*?</script>', "", page, flags=re.DOTALL)
    outside = outside.replace("img-src", "").replace('<link rel="icon" href="data:,">', "")
    for source in ("src=", "href=", "@import", "<link", "url(h", "import("):
        assert source not in outside, source
    assert len(page) < 60_000
    live = page_of(story(folder) | {"mesh": None}, live=True)
    assert "connect-src 'self'" in live and told_in(live)["live"]


def test_a_page_is_whole_or_not_there(folder, tmp_path, monkeypatch):
    told = story(folder)
    (folder / "views.png").write_bytes(b"no picture")
    with pytest.raises(Exception):  # noqa: B017 (whatever the reader of pictures raises)
        write_page(tmp_path / "page.html", told, folder)
    assert not list(tmp_path.glob("*.html"))
