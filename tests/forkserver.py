"""Runs command lines for tests: a process that has imported everything once and forks for each of them.

Importing torch, diffusers and transformers takes most of the time of a small command. Each command still has its own process,
with a folder, an environment, streams and an exit code of its own.

Reads lists of command lines that begin at once, in JSON, one list a line: {"args", "cwd", "environment", "stdout", "stderr"},
the last two being files to write, and "fault" where one is to happen: the arguments of `faults.injection.install`. Answers with
the list of exit codes.
"""

import json
import os
import sys
import traceback

from faults.injection import install
from huggingface_hub import constants
from transformers import CLIPTextModelWithProjection

import mvdream_cli.commands.data
import mvdream_cli.commands.dreambooth
import mvdream_cli.commands.export
import mvdream_cli.commands.models
import mvdream_cli.commands.sample_views
import mvdream_cli.commands.to3d
import mvdream_cli.commands.train  # noqa: F401
from mvdream_cli.boundary import run_main
from mvdream_cli.models.find import find_model

# transformers compiles a thousand patterns before its first model
CLIPTextModelWithProjection.from_pretrained(find_model("mini") / "text_encoder", local_files_only=True)


def run(job: dict) -> int:
    """In the child: what `python -m mvdream_cli` does in a process of its own."""
    os.chdir(job["cwd"])
    os.environ.clear()
    os.environ.update(job["environment"])
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        file = os.open(job[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, descriptor)
    constants.HF_HUB_OFFLINE = os.environ["HF_HUB_OFFLINE"] == "1"  # it was read at the import
    sys.argv = ["mvdream", *job["args"]]
    if "fault" in job:
        install(**job["fault"])
    try:
        return run_main(job["args"])
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 1
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def begin(job: dict, gate: tuple[int, int]) -> int:
    """The process of a command line, which waits until nobody can write to the gate any more."""
    child = os.fork()
    if child == 0:
        os.close(gate[1])
        os.read(gate[0], 1)
        os.close(gate[0])
        os._exit(run(job))
    return child


for line in sys.stdin:
    gate = os.pipe()
    children = [begin(job, gate) for job in json.loads(line)]
    os.close(gate[1])
    print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children], flush=True)
    os.close(gate[0])
