"""The page to choose on: whole, offline; and its keys, pressed by node where there is one."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from mvdream_cli.metrics.choice_page import write_choice_page
from mvdream_cli.metrics.figures import wilson_interval

DOM = """
const made = {}, listeners = {}, kept = {};
const element = () => ({ firstChild: {}, textContent: '', className: '', click() { made.clicked = this.href; } });
const byId = {};
const document = { getElementById: id => byId[id] ??= element(), createElement: element,
  addEventListener: (name, f) => listeners[name] = f };
const localStorage = { getItem: key => kept[key] ?? null, setItem: (key, v) => kept[key] = v,
  removeItem: key => delete kept[key] };
const press = key => listeners.keydown({ key, preventDefault() {} });
"""
CHECK = """
const first = byId.left.firstChild.src;
for (const key of ['ArrowLeft', 'ArrowLeft', 'ArrowDown', 'ArrowUp', 'ArrowRight']) press(key);
console.log(JSON.stringify({ choices, kept: JSON.parse(kept[key]), total: byId.total.textContent, last: byId.last.textContent,
  first, interval: wilson(8, 10) }));
"""


@pytest.fixture
def written(tmp_path):
    picture = np.zeros((8, 16, 3), np.uint8)
    pairs = [(f"</script> prompt {k}", picture, picture + 200, k == 0, "a") for k in range(3)]
    return write_choice_page(
        tmp_path / "c.html", identity="id", names=("ours", "theirs"), judge="CLIP", pairs=pairs
    ).read_text()


def test_the_page_needs_nothing_and_no_prompt_breaks_it(written):
    assert "http" not in written and written.count("</script>") == 2
    study = json.loads(re.search(r'type="application/json">(.*?)</script>', written, re.DOTALL)[1])
    assert [pair["prompt"] for pair in study["pairs"]] == [f"</script> prompt {k}" for k in range(3)]


@pytest.mark.skipif(shutil.which("node") is None, reason="no node to run the page's script")
def test_keys_choose_and_go_back(written, tmp_path):
    study, script = re.findall(r"<script[^>]*>(.*?)</script>", written, re.DOTALL)
    program = DOM + f"byId.study = {{ textContent: {json.dumps(study)} }};" + script + CHECK
    (tmp_path / "page.js").write_text(program)
    done = subprocess.run(["node", tmp_path / "page.js"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    # left is B in the first pair, A in the second; the third was a tie, taken back and then right: B
    assert found["choices"] == found["kept"] == {"0": "b", "1": "a", "2": "b"}
    assert "ours 1, theirs 2, ties 0" in found["total"] and "you chose theirs, the judge (CLIP) ours" in found["last"]
    assert found["interval"] == pytest.approx(wilson_interval(8, 10))
    assert found["first"] == json.loads(study)["pairs"][0]["b"]
