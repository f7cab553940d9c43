"""The Slurm script of training, with commands in Slurm's place: who is which process, and when the job goes back."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "docs" / "slurm_train.sh"
SRUN = """#!/usr/bin/env bash
[ "$1" = --kill-on-bad-exit=1 ] && shift
for rank in 0 1 2; do SLURM_PROCID=$rank SLURM_LOCALID=$((rank % 2)) "$@" || code=$?; done
exit ${code:-0}
"""
SCONTROL = """#!/usr/bin/env bash
if [ "$1" = show ]; then printf 'first\\nsecond\\n'; else echo "$@" >> "$ASKED"; fi
"""
MVDREAM = """#!/usr/bin/env bash
echo "$RANK/$WORLD_SIZE $LOCAL_RANK/$LOCAL_WORLD_SIZE $MASTER_ADDR:$MASTER_PORT: $*" >> "$ASKED"
exit $CODE
"""


@pytest.mark.parametrize(
    ("code", "restarts", "again"), [(0, 0, False), (143, 99, True), (1, 0, True), (1, 20, False), (2, 0, False)]
)
def test_each_task_is_a_process_and_a_job_that_can_go_on_goes_back(code, restarts, again, tmp_path):
    for name, text in {"srun": SRUN, "scontrol": SCONTROL, "mvdream": MVDREAM}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    slurm = {"JOB_ID": "7", "JOB_NODELIST": "n", "NTASKS": "3", "NTASKS_PER_NODE": "2", "RESTART_COUNT": str(restarts)}
    environment = {f"SLURM_{key}": value for key, value in slurm.items()} | {
        "CODE": str(code),
        "ASKED": str(tmp_path / "asked"),
    }
    environment |= {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", SCRIPT, "--data", "a set"], env=environment, capture_output=True, text=True)
    asked = (tmp_path / "asked").read_text().splitlines()
    told = [f"{rank}/3 {rank % 2}/2 first:20007: train --data a set" for rank in range(3)]
    assert asked == told + ["requeue 7"] * again, done.stderr
    assert done.returncode == (0 if again else code)
