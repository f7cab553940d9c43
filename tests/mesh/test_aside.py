"""Libraries in processes of their own: they end with the process that asked."""

import os
import subprocess
import sys
import time

import pytest
from conftest import ROOT

SLOW = "import time; from mvdream_cli.mesh.aside import call_aside\nimport slow\ncall_aside(slow.slow)"


@pytest.mark.skipif(sys.platform != "linux", reason="the system ends them on Linux")
def test_what_is_computed_aside_ends_with_the_process_that_asked(tmp_path):
    (tmp_path / "slow.py").write_text(
        f"import os, time\ndef slow():\n    open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\n    time.sleep(300)\n"
    )
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    parent = subprocess.Popen([sys.executable, "-c", SLOW], env=environment)
    try:
        end = time.monotonic() + 60
        while not ((tmp_path / "pid").exists() and (tmp_path / "pid").read_text()) and time.monotonic() < end:
            time.sleep(0.02)
        child = int((tmp_path / "pid").read_text())
        parent.kill()
        parent.wait()
        while alive(child) and time.monotonic() < end:
            time.sleep(0.02)
        assert not alive(child)
    finally:
        parent.kill()


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
