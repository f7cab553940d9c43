"""One of several processes that train together: `python ranks.py ROOT SCENARIO PORT ...`, with torchrun's environment.

Each scenario is a command line of its own, with a port of its own; its exit code is written to ROOT/SCENARIO-RANK.code.
"""

import errno
import json
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from mvdream_cli.boundary import run_main
from mvdream_cli.engine import checkpoint, distributed, loop
from mvdream_cli.engine import step as step_module

take_step, gradients, save_file = loop.take_step, step_module.gradients, checkpoint.save_file


def killed_at_step_23(method, parameters, i, *rest):
    if i == 23 and distributed.rank() == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return take_step(method, parameters, i, *rest)


def not_a_number_at_step_3(method, i, *rest):
    loss, stats = gradients(method, i, *rest)
    return (loss * float("nan") if i == 3 and distributed.rank() == 1 else loss), stats


def full_at_the_second_checkpoint(tensors, path):
    if "00000010" in str(path):
        raise OSError(errno.ENOSPC, "No space left on device")
    return save_file(tensors, path)


def main(root: Path, scenario: str, port: str) -> None:
    os.environ["MASTER_PORT"] = port
    first_try = os.environ["WORLD_SIZE"] == "2"  # three processes go on with what two began
    loop.take_step = killed_at_step_23 if scenario == "killed" and first_try else take_step
    step_module.gradients = not_a_number_at_step_3 if scenario == "nan" else gradients
    checkpoint.save_file = full_at_the_second_checkpoint if scenario == "full" and first_try else save_file
    print(f"--- {scenario}", file=sys.stderr, flush=True)
    code = run_main(json.loads((root / f"{scenario}.json").read_text()))
    (root / f"{scenario}-{os.environ['RANK']}.code").write_text(str(code))


if __name__ == "__main__":
    import torch

    torch.set_num_threads(1)
    root, *words = sys.argv[1:]
    for scenario, port in zip(words[::2], words[1::2]):
        main(Path(root), scenario, port)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # gloo's own threads may still be ending when Python does
