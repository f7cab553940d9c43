"""runs list, show, clean; view: what they say, what they delete, and what they never touch."""

import json
import signal
import subprocess
import time

import pytest
from conftest import mvdream, start

from mvdream_cli.cli.runs import age_text, size_text
from mvdream_cli.commands import runs
from mvdream_cli.engine.run import open_run
from mvdream_cli.errors import CheckpointError


@pytest.fixture
def root(tmp_path):
    """A run of each state; `running` is held for as long as the test lasts."""
    folder = tmp_path / "runs"
    for name in ("finished", "failed", "stopped", "broken"):
        try:
            with open_run(folder / name, "to3d", {}, identity_keys=[], text=f"a {name} dog") as run:
                (run.cache / "x.bin").write_bytes(bytes(1000))
                if name == "failed":
                    raise ValueError("no luck")
                if name == "finished":
                    run.finish()
        except ValueError:
            pass
    (folder / "broken" / "run.json").write_text("{")
    (folder / "finished" / ".tmp-mesh.glb").write_bytes(bytes(500))
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "run.json").write_text((folder / "finished" / "run.json").read_text())
    (folder / "linked").symlink_to(tmp_path / "precious")
    (folder / "failed" / "photos").symlink_to(tmp_path / "precious")
    (folder / "notes").mkdir()
    (folder / "notes" / "mine.txt").write_text("not a run")
    with open_run(folder / "running", "train", {}, identity_keys=[]) as run:
        (run.cache / "x.bin").write_bytes(bytes(1000))
        (run.folder / ".tmp-mesh.glb").write_bytes(bytes(10))  # being written
        yield folder


def test_each_run_has_its_state_and_size(root):
    rows = {row.folder.name: row for row in runs.listed(root)}
    assert {name: row.state for name, row in rows.items()} == {
        "finished": "finished", "failed": "failed", "stopped": "stopped", "broken": "broken", "running": "running",
    }  # fmt: skip
    assert rows["finished"].text == "a finished dog" and 1500 < rows["finished"].bytes < 10_000
    with pytest.raises(CheckpointError, match="there is no such folder"):
        runs.listed(root / "nothing")


def test_what_clean_would_delete(root):
    def names(states=(), days=0.0):
        return {str(path.relative_to(root)) for path, _, _ in runs.to_clean(root, list(states), days)}

    left = {"finished/cache", "finished/.tmp-mesh.glb"}
    assert names() == left
    assert names(["unfinished"]) == {*left, "failed", "stopped"}
    assert names(["broken"]) == {*left, "broken"}
    assert names(["finished"]) == {"finished"} and names(["unfinished"], days=1.0) == left


def test_clean_is_dry_and_deletes_nothing_behind_a_link(root, tmp_path):
    before = sorted(root.rglob("*"))
    done = mvdream("runs", "clean", "--unfinished", "--broken", "--finished", cwd=tmp_path)
    assert done.returncode == 0 and "--yes deletes it" in done.stdout and sorted(root.rglob("*")) == before
    done = mvdream("runs", "clean", "--unfinished", "--broken", "--finished", "--yes", "--json", cwd=tmp_path)
    told = json.loads(done.stdout)
    assert done.returncode == 0 and told["deleted"] and len(told["paths"]) == 4 and told["bytes"] > 4000
    assert {path.name for path in root.iterdir()} == {"running", "linked", "notes"}
    assert (tmp_path / "precious" / "run.json").is_file() and (root / "running" / "cache" / "x.bin").is_file()
    assert (root / "notes" / "mine.txt").is_file()
    with pytest.raises(CheckpointError, match="does not lie in"):
        runs.delete([tmp_path / "precious"], root)


def test_list_and_show_for_people_and_programs(root, tmp_path):
    listed = mvdream("runs", "list", cwd=tmp_path)
    assert listed.returncode == 0 and len(listed.stdout.splitlines()) == 5 and listed.stderr == ""
    assert any("failed" in line and "a failed dog" in line for line in listed.stdout.splitlines())
    told = json.loads(mvdream("runs", "show", "runs/failed", "--json", cwd=tmp_path).stdout)
    assert told["state"] == "failed" and told["reason"] == "no luck" and "run.json" in told["files"]
    shown = mvdream("runs", "show", "runs/failed", cwd=tmp_path)
    assert "failed: no luck" in shown.stdout
    assert mvdream("runs", "list", "empty", cwd=tmp_path).stderr.startswith("error: empty: there is no such folder")
    first = mvdream("runs", "list", "--json", cwd=root / "notes")  # where nothing was made yet
    assert (first.returncode, first.stdout) == (0, "[]\n")
    none = mvdream("runs", "show", "runs/notes", cwd=tmp_path)
    assert none.returncode == 1 and "is not a run folder" in none.stderr


def test_sizes_and_ages_are_short():
    assert [size_text(n) for n in (0, 999, 1500, 5_894_123, 123_456_789, 7e12)] == [
        "0 B", "999 B", "1.5 kB", "5.9 MB", "123 MB", "7000 GB",
    ]  # fmt: skip
    assert age_text(time.time()) == "just now" and age_text(time.time() - 3 * 3600) == "3 h ago"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nothing"], 1, "nothing: there is no such folder; name a run, or a folder of runs"),
        (["runs/notes"], 1, "runs/notes: holds no run"),
        (["--port", "70000"], 2, "--port"),
        (["runs/broken"], 1, "run.json"),
    ],
)
def test_view_of_what_is_none_is_one_sentence(words, code, said, root, tmp_path):
    done = mvdream("view", *words, "--no-browser", cwd=tmp_path)
    assert done.returncode == code and said in done.stderr and done.stdout == "" and done.stderr.count("error:") == 1


def test_view_of_a_finished_run_names_its_page(root, tmp_path):
    (root / "finished" / "index.html").write_text("the page")
    done = mvdream("view", "runs/finished", "--no-browser", cwd=tmp_path)
    assert done.returncode == 0 and done.stdout == "runs/finished/index.html\n"


def test_view_of_a_folder_serves_until_ctrl_c(root, tmp_path):
    process = start(
        "view", "--port", 0, "--no-browser", cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline().startswith("http://127.0.0.1:")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0 and out == "" and err.splitlines()[-1] == "ended" and "Traceback" not in err
