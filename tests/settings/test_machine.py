"""Which preset fits a machine."""

import re
import shlex
import subprocess
import sys

import pytest
from conftest import environment

from mvdream_cli.settings import machine
from mvdream_cli.settings.machine import auto_preset, preset_for_gpu, visible_gpus
from mvdream_cli.settings.resolve import resolve


def test_without_a_visible_gpu_it_is_cpu(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert auto_preset()[0] == "cpu"


@pytest.mark.parametrize(
    ("name", "memory_gb", "preset"),
    [
        ("Tesla T4", 15.8, "t4-16gb"), ("Tesla V100-SXM2-16GB", 16.9, "v100-16gb"), ("Tesla V100-SXM2-32GB", 34.4, "v100-32gb"),
        ("NVIDIA GeForce RTX 4090", 25.8, "rtx-24gb"), ("NVIDIA A100-SXM4-40GB", 42.9, "a100-40gb"),
        ("NVIDIA H100 80GB HBM3", 85.5, "a100-80gb"), ("NVIDIA H200", 150.8, "h200"),
    ],
)  # fmt: skip
def test_each_card_gets_the_preset_of_its_size(name, memory_gb, preset):
    assert preset_for_gpu(name, memory_gb) == preset
    assert resolve(preset).model == "sd-v2.1-base-4view"


def test_the_largest_card_that_the_driver_tells_of_decides(monkeypatch):
    def answers(stdout):
        monkeypatch.setattr(subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 0, stdout, ""))

    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(machine.metadata, "version", lambda _: "2.13.0")
    monkeypatch.setattr(machine.shutil, "which", lambda _: "/usr/bin/nvidia-smi")
    answers("Tesla T4, 15360\nNVIDIA A100-SXM4-40GB, 40960\n")
    assert [(name, round(memory)) for name, memory in visible_gpus()] == [("Tesla T4", 16), ("NVIDIA A100-SXM4-40GB", 43)]
    assert auto_preset() == ("a100-40gb", "NVIDIA A100-SXM4-40GB with 43 GB")
    answers("NVIDIA-SMI has failed\n")
    assert visible_gpus() == []
    answers("Tesla T4, 15360\n")
    monkeypatch.setattr(machine.metadata, "version", lambda _: "2.13.0+cpu")  # a torch that can use none
    assert visible_gpus() == []


@pytest.mark.skipif(sys.platform != "linux", reason="Linux limits the address space")
def test_too_little_memory_is_told_before_anything_heavy_is_imported(tmp_path):
    limited = "ulimit -v 1000000; exec " + shlex.join([sys.executable, "-m", "mvdream_cli", "data", "toybox", "--out", "toys"])
    done = subprocess.run(["bash", "-c", limited], cwd=tmp_path, capture_output=True, text=True, env=environment())
    assert done.returncode == 1 and not (tmp_path / "toys").exists()
    assert re.fullmatch(r"error: out of memory: this shell allows 1.02 GB \(ulimit -v\), and torch .*\n", done.stderr)
