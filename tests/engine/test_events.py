"""What a program hears of a command that works: a line of JSON for whatever happens, and nothing else on stdout."""

import json

import pytest
from conftest import mvdream

from mvdream_cli.engine import events, progress
from mvdream_cli.engine.events import EVENTS


@pytest.fixture
def heard(capsys):
    """The events since the last call."""
    progress.show(quiet=True, tell_events=True)
    yield lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    progress.show(quiet=True)
    assert not events.heard()


def test_messages_warnings_pictures_and_steps_are_told_whatever_is_quiet(heard, tmp_path):
    progress.say("opening")
    progress.warn("odd")
    progress.made("views", tmp_path / "views.png")
    progress.preview(tmp_path / "p.png")
    first, second, *rest = heard()
    assert first == {"event": "message", "text": "opening"} and second == {"event": "warning", "text": "odd"}
    assert [item["event"] for item in rest] == ["message", "file", "preview"]
    assert rest[1] == {"event": "file", "what": "views", "path": str(tmp_path / "views.png")}


def test_steps_come_twice_a_second_at_most_and_the_last_one_always(heard):
    clock = iter(range(1000))
    with progress.Bar("fitting", 40, now=lambda: next(clock) / 40) as bar:
        for done in range(1, 41):
            bar.update(done, f"loss {done}")
    told = heard()
    assert 2 <= len(told) < 12 and told[-1]["done"] == told[-1]["total"] == 40
    assert told[-1] == {
        "event": "step", "task": "fitting", "done": 40, "total": 40, "seconds_left": 0.0, "facts": "loss 40",
    }  # fmt: skip


def test_nobody_listens_and_nothing_is_said(capsys):
    progress.show(quiet=True)
    progress.made("views", "views.png")
    events.emit("done", results={})
    assert capsys.readouterr().out == ""


def test_a_process_that_is_muted_tells_nothing(heard):
    progress.mute(True)
    try:
        progress.say("second rank")
        progress.preview("p.png")
    finally:
        progress.mute(False)
    assert heard() == []


def test_a_command_from_start_to_end(tiny_folder, tmp_path):
    done = mvdream(
        "sample-views", "a red dog", "--model", tiny_folder, "--steps", 2, "--preset", "cpu", "--json=events", cwd=tmp_path
    )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    kinds = [item["event"] for item in told]
    assert done.returncode == 0 and kinds[0] == "started" and kinds[-1] == "done" and set(kinds) <= set(EVENTS)
    assert {"run", "step", "file"} <= set(kinds) and told[0]["command"] == "sample_views"
    assert (tmp_path / told[-1]["results"]["views"]).is_file()
    assert told[kinds.index("run")]["folder"] == told[-1]["results"]["run"]


@pytest.mark.parametrize(("words", "code"), [(["--steps", "-1"], 2), (["--model", "nothing/here"], 1), (["--stpes", "3"], 2)])
def test_a_command_that_fails_ends_with_that(words, code, tmp_path):
    done = mvdream("sample-views", "a dog", *words, "--json=events", cwd=tmp_path)
    last = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == code == last["exit_code"] and last["event"] == "failed" and last["status"] == "failed"
    assert last["error"] in done.stderr
