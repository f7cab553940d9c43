"""The script for arrays of Slurm jobs, run by bash with stand-ins for Slurm's own programs."""

import os
import signal
import subprocess
import sys
import time

import pytest
from conftest import ROOT, environment

SCRIPT = ROOT / "docs" / "slurm_array.sh"
pytestmark = pytest.mark.skipif(os.name == "nt", reason="bash")


@pytest.fixture
def slurm(tmp_path):
    """A folder with `mvdream` and `scontrol`, and what sbatch would set for job 3 of 4 of an array."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "scontrol").write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/scontrol.log\n')
    (programs / "mvdream").write_text(f'#!/bin/sh\nexec {sys.executable} -m mvdream_cli "$@"\n')
    for program in programs.iterdir():
        program.chmod(0o755)
    array = {
        "SLURM_ARRAY_JOB_ID": "77",
        "SLURM_ARRAY_TASK_ID": "12",
        "SLURM_ARRAY_TASK_MIN": "10",
        "SLURM_ARRAY_TASK_COUNT": "4",
    }
    return environment() | array | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}


def test_a_job_makes_its_part(slurm, tmp_path):
    (tmp_path / "prompts.txt").write_text("a\nb\nc\nd\ne\nf\ng\n")
    stand_in = tmp_path / "bin" / "mvdream"
    stand_in.write_text('#!/bin/sh\necho "$@"\nexit 7\n')
    done = subprocess.run(["bash", SCRIPT, "prompts.txt", "objects", "--preset", "a100"], cwd=tmp_path, env=slurm,
                          capture_output=True, text=True)  # fmt: skip
    assert done.stdout == "to3d --prompts prompts.txt --part 3/4 --out objects --preset a100\n"
    assert done.returncode == 7 and not (tmp_path / "scontrol.log").exists()  # a failure is not put back


def test_a_job_that_is_told_to_stop_saves_and_goes_back_into_the_queue(slurm, tiny_folder, tmp_path):
    (tmp_path / "prompts.txt").write_text("a\nb\na red dog\nd\n")
    settings = ["to3d.fit.steps=100000", "to3d.fit.rays=16", "to3d.views.steps=1", "to3d.field.resolutions=[8]",
                "engine.checkpoint_every=5"]  # fmt: skip
    words = ["prompts.txt", "objects", "--model", tiny_folder, "--preset", "cpu", "--method", "views", "--candidates", "1"]
    words += [word for setting in settings for word in ("--set", setting)]
    job = subprocess.Popen(["bash", SCRIPT, *map(str, words)], cwd=tmp_path, env=slurm, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 300
    while not list(tmp_path.glob("objects/*/checkpoints/step-*")) and job.poll() is None and time.monotonic() < end:
        time.sleep(0.2)
    job.send_signal(signal.SIGTERM)
    _, told = job.communicate(timeout=300)
    assert job.returncode == 0 and "terminated" in told, told
    assert (tmp_path / "scontrol.log").read_text() == "requeue 77_12\n"
    assert '"interrupted"' in next(tmp_path.glob("objects/*/run.json")).read_text()
