"""Libraries in processes of their own: they end with the process that asked."""

import os
import subprocess
import sys

import pytest
from conftest import ROOT
from data.workers import alive, until

SLOW = "import time; from mvdream_cli.mesh.aside import call_aside\nimport slow\ncall_aside(slow.slow)"


@pytest.mark.skipif(sys.platform != "linux", reason="the system ends them on Linux")
def test_what_is_computed_aside_ends_with_the_process_that_asked(tmp_path):
    (tmp_path / "slow.py").write_text(
        f"import os, time\ndef slow():\n    open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\n    time.sleep(300)\n"
    )
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    parent = subprocess.Popen([sys.executable, "-c", SLOW], env=environment)
    try:
        assert until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text(), 60)
        child = int((tmp_path / "pid").read_text())
        parent.kill()
        parent.wait()
        assert until(lambda: not alive(child), 10)
    finally:
        parent.kill()
