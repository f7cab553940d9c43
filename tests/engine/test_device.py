"""The choice of device and number type, and randomness as a function of (seed, step)."""

import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from mvdream_cli.engine import device
from mvdream_cli.errors import ConfigError


def draw():
    numpys = float(np.random.rand())  # noqa: NPY002 (the global state is what is seeded)
    return random.random(), numpys, float(torch.rand(())), float(torch.randn(()))


def pretend_gpu(monkeypatch, capability):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "a card")


def test_randomness_is_a_function_of_the_four_numbers():
    seen = set()
    for numbers in [(0, 0), (0, 1), (1, 0), (0, 0, 1), (0, 0, 0, 1), (0, -1), (2**63 - 1, 10**9), (0, 10**9)]:
        device.seed_step(*numbers)
        first = draw()
        draw()
        device.seed_step(*numbers)
        assert draw() == first
        seen.add(first)
    assert len(seen) == 8


def test_each_process_draws_its_own_numbers_and_the_first_those_of_one_alone():
    device.seed_step(3, 4, 1, 2)
    alone, seen = draw(), set()
    for rank in range(4):
        device.seed_step(3, 4, 1, 2, rank)
        seen.add(draw())
        assert (alone in seen) and len(seen) == rank + 1
    device.seed_step(5, 7, 1, 2, 0)  # as it was before there were ranks: old runs go on with their numbers
    assert draw()[:3] == (0.7993214930703012, 0.3637244683488636, 0.4888671040534973)


def test_randomness_is_the_same_in_another_process_and_does_not_use_hash():
    code = "from mvdream_cli.engine import device; import test_device; device.seed_step(5, 7); print(test_device.draw())"
    here = Path(__file__).parent
    paths = f"import sys; sys.path[:0] = [{str(here)!r}, {str(here.parents[1])!r}]; "
    found = {
        subprocess.run([sys.executable, "-c", paths + code], capture_output=True, text=True, check=True,
                       env={"PYTHONHASHSEED": salt, "PATH": ""}).stdout
        for salt in ("1", "2")
    }  # fmt: skip
    device.seed_step(5, 7)
    assert found == {f"{draw()}\n"}


def test_neighbouring_steps_are_uncorrelated():
    draws = []
    for step in range(2000):
        device.seed_step(0, step)
        draws.append(torch.rand(()).item())
    assert abs(np.mean(draws) - 0.5) < 0.03 and abs(np.corrcoef(draws[:-1], draws[1:])[0, 1]) < 0.08


def test_the_processor_is_used_with_its_fast_type_and_a_reason():
    found, dtype, reason = device.pick_device("cpu")
    assert found == torch.device("cpu")
    assert dtype == (torch.bfloat16 if device.cpu_bfloat16() else torch.float32)
    assert str(dtype).removeprefix("torch.") in reason and "processor" in reason


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"avx2"}, ""),
        ({"avx512f", "avx512_bf16"}, "AVX512-BF16"),
        ({"avx512f", "avx512_bf16", "amx_tile", "amx_bf16"}, "AMX"),
        ({"amx_tile"}, ""),
    ],
)
def test_processor_flags(flags, expected):
    held_back = torch.backends.cpu.get_cpu_capability() != "AVX512"
    assert device.flags_bfloat16(flags) == ("" if held_back else expected)


@pytest.mark.parametrize(
    ("capability", "training", "expected"),
    [((7, 0), False, "float16"), ((7, 5), True, "float16"), ((8, 0), False, "float16"), ((8, 0), True, "bfloat16"),
     ((9, 0), False, "float16"), ((9, 0), True, "bfloat16")],
)  # fmt: skip
def test_a_gpu_samples_in_float16_and_trains_in_bfloat16_where_that_is_native(capability, training, expected, monkeypatch):
    pretend_gpu(monkeypatch, capability)
    found, dtype, reason = device.pick_device("auto", "auto", training)
    assert found == torch.device("cuda", 0) and dtype == device.DTYPES[expected]
    assert reason.startswith(f"cuda:0, {expected} (a card, compute capability {capability[0]}.{capability[1]}; ")
    assert device.pick_device("cuda", "float32", training)[1] == torch.float32


@pytest.mark.parametrize("native", [True, False])
def test_an_amd_card_trains_in_bfloat16_where_it_is_not_emulated(native, monkeypatch):
    pretend_gpu(monkeypatch, (9, 0))
    monkeypatch.setattr(torch.version, "hip", "6.4")
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation or native)
    assert device.pick_device(training=True)[1] == (torch.bfloat16 if native else torch.float16)
    assert device.pick_device()[1] == torch.float16


@pytest.mark.parametrize(("instructions", "expected"), [("AMX", torch.bfloat16), ("", torch.float32)])
def test_a_processor_takes_the_same_type_for_everything(instructions, expected, monkeypatch):
    monkeypatch.setattr(device, "cpu_bfloat16", lambda: instructions)
    assert [device.pick_device("cpu", training=training)[1] for training in (False, True)] == [expected, expected]


def test_an_asked_type_is_given():
    assert device.pick_device("cpu", "float16")[1] == torch.float16
    assert "was asked for" in device.pick_device("cpu", "bfloat16")[2]


@pytest.mark.parametrize(("name", "dtype"), [("gpu", "auto"), ("cuda:x", "auto"), ("cuda:99", "auto"), ("cpu", "int8")])
def test_what_is_not_there_is_refused_with_the_way_out(name, dtype):
    with pytest.raises(ConfigError, match=r"engine\.d(evice|type): .*(use|there are)"):
        device.pick_device(name, dtype)


def test_threads(monkeypatch):
    before = torch.get_num_threads()
    try:
        assert device.set_threads(1) == 1 == torch.get_num_threads()
        monkeypatch.setenv("OMP_NUM_THREADS", "2")
        assert device.set_threads(0) == 2
        monkeypatch.delenv("OMP_NUM_THREADS")
        assert 1 <= device.set_threads(0) == device.physical_cores()
    finally:
        torch.set_num_threads(before)


def test_peak_memory_grows_with_what_is_held():
    before = device.peak_memory_gb()
    held = torch.ones(int(0.4e9) // 4)
    assert device.peak_memory_gb() >= before and device.peak_memory_gb() > held.nbytes / 1e9
