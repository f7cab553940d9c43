"""Two processes that train together, on the CPU: what one of them would do alone, and nothing written twice."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from two_ranks import train

from mvdream_cli.engine import distributed
from mvdream_cli.engine.device import seed_step
from mvdream_cli.errors import UsageError

HERE = Path(__file__).parent
NAMES = (
    "plain",
    "again",
    "half",
    "nan",
    "infinite loss, finite gradient",
    "two steps",
    "uneven",
    "going back",
    "memory",
    "scaled",
    "stopped",
)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("ranks")


@pytest.fixture(scope="module")
def ranks(root):
    """What both processes found, and what each showed on stderr."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, HERE / "two_ranks.py", root], stderr=subprocess.PIPE, text=True,
            env=os.environ | shared | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
        )
        for rank in range(2)
    ]  # fmt: skip
    shown = [process.communicate(timeout=600)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], "\n".join(shown)
    found = [torch.load(root / f"rank-{rank}.pt", weights_only=False) for rank in range(2)]
    for rank in range(2):
        found[rank]["shown"] = shown[rank]
    return found


def result(found, name):
    """(summary, weights, average) of a scenario."""
    if name == "stopped":
        return found[name][-1]
    return found[name][0] if name in ("memory", "scaled") else found[name]


def test_each_knows_its_place(ranks):
    assert [found["ranks"] for found in ranks] == [(0, 2, True), (1, 2, False)]
    assert all(found["primitives"] == ([True, False], 15, [3.0, 6.0]) for found in ranks)


def test_gradients_of_all_kinds_and_sizes_are_added_up(ranks):
    sizes = [1, 1, 7, 7, 30, 30, 96]
    expected = [[3.0 * (k + 1) * n for n in range(size)] for k, size in enumerate(sizes)]
    assert ranks[0]["buckets"] == ranks[1]["buckets"] == expected


@pytest.mark.parametrize("name", NAMES)
def test_both_end_with_the_same_weights(ranks, name):
    (summary, weights, average), (other, same_weights, same_average) = (result(found, name) for found in ranks)
    assert torch.equal(weights, same_weights) and torch.equal(average, same_average) and weights.isfinite().all()
    assert {**summary, "seconds": 0} == {**other, "seconds": 0}


@pytest.mark.parametrize(("name", "dtype"), [("plain", torch.float32), ("memory", torch.float32), ("half", torch.bfloat16)])
def test_it_is_what_one_process_makes_of_the_whole_batch(ranks, tmp_path, name, dtype):
    summary, weights, average = train(tmp_path / "one", dtype=dtype)
    found, same_weights, same_average = result(ranks[0], name)
    tolerance = {"atol": 1e-6, "rtol": 1e-5} if dtype == torch.float32 else {"atol": 0.01, "rtol": 0.02}
    torch.testing.assert_close(same_weights, weights, **tolerance)
    torch.testing.assert_close(same_average, average, **tolerance)
    assert found["loss"] == pytest.approx(summary["loss"], rel=1e-5 if dtype == torch.float32 else 0.05)


def test_each_draws_its_own_numbers_and_the_first_those_of_one_alone(ranks):
    def alone(i, rank):
        seed_step(3, i, 0, 0, rank)
        return torch.rand(()).item()

    assert [found["draws"] for found in ranks] == [[(i, alone(i, rank)) for i in range(8)] for rank in range(2)]
    assert len({draw for found in ranks for _, draw in found["draws"]}) == 16


def test_a_bad_step_of_one_is_skipped_by_both(ranks):
    assert result(ranks[0], "nan")[0]["skipped"] == result(ranks[1], "nan")[0]["skipped"] == 1
    assert result(ranks[0], "uneven")[0]["skipped"] == 1
    infinite, two = (result(ranks[0], name) for name in ("infinite loss, finite gradient", "two steps"))
    assert infinite[0]["skipped"] == 1 and torch.equal(infinite[1], two[1]) and torch.equal(infinite[2], two[2])


def test_a_lasting_fault_of_one_takes_both_back(ranks, root):
    assert all(result(found, "going back")[0] | {"seconds": 0, "loss": 0} == {
        "step": 10, "loss": 0, "seconds": 0, "skipped": 5, "resumed_from": 0,
    } for found in ranks)  # fmt: skip
    assert (root / "back" / "log.txt").read_text().count("going back to step 4") == 1


def test_a_signal_to_one_stops_both_after_the_same_step(ranks):
    for message, code, steps, (summary, *_) in (found["stopped"] for found in ranks):
        assert message.startswith("terminated at step 4 of 8; the state of step 4 is saved") and code == 143
        assert steps == ["step-00000004"] and summary["resumed_from"] == 4
    assert torch.equal(result(ranks[0], "stopped")[1], result(ranks[0], "plain")[1])


def test_out_of_memory_on_one_is_its_own_affair(ranks):
    assert [found["memory"][1] for found in ranks] == [[1], [2]]


def test_a_scale_is_found_together(ranks):
    assert ranks[0]["scaled"][1] == ranks[1]["scaled"][1] < 2.0**127


def test_only_the_first_writes_and_speaks(ranks, root):
    of_its_signal = "finishing this step and saving; Ctrl-C again leaves at once"
    assert ranks[1]["writes"] == ranks[1]["previews"] == [] and ranks[1]["shown"].strip() == of_its_signal
    assert ranks[0]["previews"] == [5, 8]
    assert ranks[0]["writes"] and "resumed from step 4 of 8" in ranks[0]["shown"]
    lines = (root / "plain" / "stats.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == list(range(1, 9))
    assert json.loads((root / "plain" / "run.json").read_text())["status"] == "finished"


def test_what_the_first_makes_or_raises_all_get(ranks):
    errors = [("CheckpointError", "full"), ("KeyboardInterrupt", "")]
    expected = [("Unreadable", "one"), ("MVDreamError", "Unreadable: one")]
    for rank, found in enumerate(ranks):
        value, calls, caught = found["from_main"]
        assert value == {"rank": 0} and calls == ["built"] * (4 if rank == 0 else 0)
        assert caught == [*errors, expected[rank], "unpicklable"]
        assert "holds a run of `mvdream test`" in found["refused"]


def test_a_process_alone_does_nothing_of_this(monkeypatch):
    monkeypatch.delenv("RANK", raising=False)
    distributed.start()
    assert (distributed.rank(), distributed.world_size(), distributed.is_main()) == (0, 1, True)
    flag, parameter = torch.tensor(True), torch.nn.Parameter(torch.zeros(2))
    parameter.grad = gradient = torch.ones(2)
    distributed.sum_gradients([parameter])
    assert distributed.all_true(flag) is flag and distributed.total(gradient) is gradient and parameter.grad is gradient
    assert distributed.agree_max(3) == 3 and distributed.from_main(lambda: gradient) is gradient
    distributed.barrier()
    distributed.stop()
    assert not torch.distributed.is_initialized()


def test_torchrun_with_one_process_is_alone_and_half_an_environment_is_refused(monkeypatch):
    for name in ("WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RANK", "0")
    with pytest.raises(UsageError, match="RANK is set, but not WORLD_SIZE, LOCAL_RANK, MASTER_ADDR, MASTER_PORT: start"):
        distributed.start()
    for name in ("LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.setenv(name, "0")
    monkeypatch.setenv("WORLD_SIZE", "1")
    distributed.start()
    assert distributed.world_size() == 1 and not torch.distributed.is_initialized()


def test_each_process_takes_the_gpu_of_its_number_and_needs_one(monkeypatch):
    calls = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", lambda index: calls.append(index))
    monkeypatch.setattr(torch.distributed, "init_process_group", lambda backend, timeout: calls.append(backend))
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: 0)
    monkeypatch.setattr(distributed, "barrier", lambda: None)
    monkeypatch.setattr(distributed, "_group", None)
    for name, value in {"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "2", "MASTER_ADDR": "a", "MASTER_PORT": "1"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match="there are 2 GPUs for more processes; give torchrun --nproc-per-node=2"):
        distributed.start()
    monkeypatch.setenv("LOCAL_RANK", "1")
    distributed.start()
    assert calls == [1, "cpu:gloo,cuda:nccl"]  # numbers of the host do not pass through the GPU


def test_the_file_of_ranks_does_not_import_torch_by_itself():
    code = "import sys; from mvdream_cli.engine import distributed, run; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=HERE.parents[1])
