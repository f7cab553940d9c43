"""`mvdream train` on two and three processes: the losses of one, whatever ends or stops one of them."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import environment, mvdream

HERE = Path(__file__).parent
STEPS = 50
COMMON = ["--preset", "cpu", "--json", *(f"--set={value}" for value in (
    "train.architecture=tiny", "train.batch_size=5", "train.optimizer.warmup_steps=0", "train.save_half=false",
    "train.unet.background=null", "engine.preview_every=0", "engine.threads=1", "engine.log_every=1", "engine.dtype=float32",
    "engine.checkpoint_minutes=0", "data.workers=1",
    "train.optimizer.final_learning_rate_fraction=1"))]  # fmt: skip


def free_ports(count: int) -> list[str]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [str(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Together:
    """The command lines of some scenarios, one after the other, on so many processes."""

    def __init__(self, root: Path, processes: int, **commands: list):
        self.root, names = root, list(commands)
        for name, words in commands.items():
            (root / f"{name}.json").write_text(json.dumps([str(word) for word in words]))
        ports = free_ports(len(names))
        words = [word for pair in zip(names, ports) for word in pair]
        shared = {"WORLD_SIZE": str(processes), "LOCAL_WORLD_SIZE": str(processes), "MASTER_ADDR": "127.0.0.1",
                  "MASTER_PORT": "1", "OMP_NUM_THREADS": "1"}  # fmt: skip
        self.processes = [
            subprocess.Popen(
                [sys.executable, HERE / "ranks.py", root, *words], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                env=environment() | shared | {"RANK": str(rank), "LOCAL_RANK": str(rank)}, cwd=root,
            )
            for rank in range(processes)
        ]  # fmt: skip

    def wait(self):
        told = [process.communicate(timeout=600) for process in self.processes]
        self.shown = [{part.split("\n")[0]: part for part in err.split("--- ")[1:]} for _, err in told]
        self.printed = [out for out, _ in told]
        self.ended = time.monotonic()
        return self

    def codes(self, scenario: str) -> list[int]:
        return [int((self.root / f"{scenario}-{rank}.code").read_text()) for rank in range(len(self.processes))
                if (self.root / f"{scenario}-{rank}.code").exists()]  # fmt: skip


def losses(folder: Path) -> list[float]:
    lines = [json.loads(line) for line in (folder / "stats.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(1, len(lines) + 1))
    return [line["loss"] for line in lines]


@pytest.fixture(scope="module")
def trained(view_set, tmp_path_factory):
    """On one process, two, and three; the last also go on with what two began."""
    root = tmp_path_factory.mktemp("ranks")

    def command(name, *more, steps=STEPS):
        return ["train", "--data", view_set, "--out", root / name, "--steps", steps, *COMMON, *more]

    saving = ("--set", "engine.checkpoint_every=5", "--set", "engine.keep_checkpoints=100")
    toys = ["train", "--data", "toybox", "--steps", 4, *COMMON, "--set=data.size_px=32", "--out"]
    clip = ["train", "--data", view_set, "--steps", 4, "--component", "clip", *COMMON, "--out"]
    found = {"root": root}
    two = Together(
        root, 2, whole2=command("whole2", "--set", "train.micro_batch_size=1"), toys2=[*toys, root / "toys2"],
        clip2=[*clip, root / "clip2"], nan=command("nan", steps=8), full=command("full", *saving, steps=20),
        killed=command("killed", *saving),
    )  # fmt: skip
    for name, words in {"one": command("one"), "toys1": [*toys, root / "toys1"], "clip1": [*clip, root / "clip1"]}.items():
        done = mvdream(*words, cwd=root)
        assert done.returncode == 0, (name, done.stderr)
    found[2] = two.wait()
    found[3] = Together(
        root, 3, whole3=command("whole3"), killed=command("killed", *saving), full=command("full", *saving, steps=20)
    ).wait()
    return found


@pytest.mark.parametrize("processes", [2, 3])
def test_the_losses_are_those_of_one_process(trained, processes):
    assert trained[processes].codes(f"whole{processes}") == [0] * processes, trained[processes].shown
    one, several = (losses(trained["root"] / name) for name in ("one", f"whole{processes}"))
    assert len(one) == STEPS and several == pytest.approx(one, rel=1e-4)
    assert len(set(one)) == STEPS


@pytest.mark.parametrize("name", ["toys", "clip"])
def test_a_stream_and_a_loss_over_all_pairs_too(trained, name):
    assert trained[2].codes(f"{name}2") == [0, 0], trained[2].shown
    one, two = (losses(trained["root"] / f"{name}{processes}") for processes in (1, 2))
    assert len(one) == 4 and two == pytest.approx(one, rel=1e-4)


def test_a_process_is_killed_and_the_other_says_so_and_more_of_them_go_on(trained):
    root = trained["root"]
    shown, code = trained[2].shown[0]["killed"], (root / "killed-0.code").read_text()
    assert "process 1 was lost: killed, or its machine is gone; the same command goes on" in shown and "Traceback" not in shown
    assert "resumed from step 20 of 50" in trained[3].shown[0]["killed"], trained[3].shown[0]["killed"]
    assert code == "0", "three processes have ended it"
    assert losses(root / "killed") == pytest.approx(losses(root / "one"), rel=1e-4)


def test_what_is_not_a_number_on_one_is_skipped_by_both(trained):
    root = trained["root"]
    assert trained[2].codes("nan") == [0, 0], trained[2].shown
    assert "step 3: the loss is not finite; the step is skipped" in trained[2].shown[0]["nan"]
    assert (root / "nan" / "model").is_dir()


def test_a_full_disk_of_the_first_ends_both_with_one_sentence_and_the_same_command_goes_on(trained):
    told = [shown["full"] for shown in trained[2].shown]
    assert sum("error:" in text for text in told) == 1 and "No space left on device" in "".join(told), told
    assert "resumed from step 5 of 20" in trained[3].shown[0]["full"], trained[3].shown[0]["full"]
    assert losses(trained["root"] / "full") == pytest.approx(losses(trained["root"] / "one")[:20], rel=1e-4)


def test_only_the_first_prints_the_results(trained):
    assert json.loads(trained[3].printed[0].splitlines()[0])["status"] == "finished"
    assert all('"model"' not in printed for printed in trained[3].printed[1:])


def test_more_processes_than_places_are_refused(view_set, tmp_path):
    words = ["train", "--data", view_set, "--out", tmp_path / "run", "--steps", 1, *COMMON, "--set=train.batch_size=1"]
    both = Together(tmp_path, 2, few=words).wait()
    assert both.codes("few") == [2, 2]
    assert sum("a batch of 1 cannot be shared by 2 processes" in shown["few"] for shown in both.shown) == 1
    assert not os.path.exists(tmp_path / "run")
