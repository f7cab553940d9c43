"""What each of two processes does for test_distributed.py: `python two_ranks.py FOLDER`, with torchrun's environment.

Writes FOLDER/rank-N.pt: {name of the scenario: what came of it}.
"""

import os
import pickle
import signal
import sys
from functools import partial
from pathlib import Path

import torch

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from mvdream_cli.engine import checkpoint, distributed  # noqa: E402
from mvdream_cli.engine import step as step_module  # noqa: E402
from mvdream_cli.engine.loop import fit  # noqa: E402
from mvdream_cli.engine.method import Method  # noqa: E402
from mvdream_cli.engine.optim import Ema, adamw  # noqa: E402
from mvdream_cli.engine.progress import show  # noqa: E402
from mvdream_cli.engine.run import open_run  # noqa: E402
from mvdream_cli.engine.signals import Interrupted  # noqa: E402
from mvdream_cli.errors import CheckpointError  # noqa: E402
from mvdream_cli.methods.micro_batches import MicroBatches  # noqa: E402

BATCH = 8
WRITING = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "os.chmod", "os.symlink", "os.link"}


def train(folder, steps=8, *, dtype=torch.float32, spoil=lambda i, loss, draw: loss, batch=None, seen=None, **options):
    """A linear map with a part that only some ranks use, on this rank's share of BATCH; (summary, weights, average)."""
    torch.manual_seed(0)
    model = torch.nn.ModuleDict({"a": torch.nn.Linear(4, 3), "b": torch.nn.Linear(4, 3), "unused": torch.nn.Linear(2, 2)})
    model = model.to(dtype)
    optimizer = adamw(model.parameters(), learning_rate=0.05)
    average = Ema(model, 0.9, optimizer)

    batch = batch or MicroBatches(BATCH, "objects")

    def step(i, part):
        objects = torch.arange(part.first, part.last)
        x = torch.sin((objects[:, None] + 1.0) * torch.arange(1, 5) * (i + 1)).to(dtype)
        out = model["a"](x)
        out = out + model["b"](x) * (objects[:, None] < 2) if (objects < 2).any() else out  # rank 1 has no gradient for b
        loss, draw = (out - x[:, :3]).square().mean(), torch.rand(()).item()
        if seen is not None:
            seen.append((i, draw))
        return spoil(i, loss, draw), {"draw": draw}

    fit_options = {"log_every": 1, "checkpoint_every": 4} | {
        k: options.pop(k) for k in ("checkpoint_every", "preview_every") if k in options
    }
    options = {"grad_clip": 1.0} | options
    method = Method(
        "sharing", steps, step, {"model": model}, optimizer, {"model": average}, parts=lambda i: batch.parts, **options
    )
    with open_run(folder, "test", {"x": 1}, identity_keys=["x"]) as run:
        summary = fit(method, run, seed=3, **fit_options)
        run.finish(weights=run.folder / "stats.jsonl")
    weights = torch.cat([p.detach().float().flatten() for p in model.parameters()])
    return summary, weights, torch.cat([a.flatten() for a in average.averages])


def on_rank_1(i_first, i_last, change):
    """A `spoil` for steps i_first to i_last of rank 1 only."""
    return lambda i, loss, draw: change(loss) if distributed.rank() == 1 and i_first <= i <= i_last else loss


def going_back(root):
    """Five bad steps in a row on rank 1, with the numbers drawn first: both go back, and then it works."""
    first = {}

    def spoil(i, loss, draw):
        bad = distributed.rank() == 1 and 4 <= i < 9 and first.setdefault(i, draw) == draw
        return loss * float("nan") if bad else loss

    return train(root / "back", 10, spoil=spoil)


def stopped(root):
    """SIGTERM to rank 1 in step 3; then the same command to its end."""

    def spoil(i, loss, draw):
        if distributed.rank() == 1 and i == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return loss

    try:
        train(root / "stopped", spoil=spoil, checkpoint_every=0)
    except Interrupted as error:
        distributed.barrier()
        steps = [folder.name for folder in checkpoint.list_steps(root / "stopped" / "checkpoints")]
        return str(error), error.exit_code, steps, train(root / "stopped", checkpoint_every=0)


def short_of_memory(root):
    """Rank 1 runs out of memory in step 2 and goes on with two micro-batches; rank 0 stays with one."""
    batch = MicroBatches(BATCH, "objects")

    def spoil(i, loss, draw):
        if distributed.rank() == 1 and i == 2 and batch.count == 1:
            raise torch.OutOfMemoryError("too large")
        return loss

    return train(root / "memory", spoil=spoil, batch=batch, shrink=batch.shrink), [batch.count]


def scaled(root):
    """A scale so large that the gradients of rank 1 overflow: it falls on both."""
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**127)
    spoil = on_rank_1(0, 99, lambda loss: 100.0 * loss)
    return train(root / "scaled", 20, scaler=scaler, spoil=spoil), scaler.get_scale()


def uneven(root):
    """Rank 1 alone finds the norm of the third step infinite, as a GPU that rounds in another way may."""
    norms, measure = [], step_module.gradient_norm

    def gradient_norm(parameters):
        norms.append(measure(parameters))
        return norms[-1] * float("inf") if distributed.rank() == 1 and len(norms) == 3 else norms[-1]

    step_module.gradient_norm = gradient_norm
    try:
        return train(root / "uneven", 3, grad_clip=None)
    finally:
        step_module.gradient_norm = measure


class Unreadable(Exception):
    """Can be written by pickle and not read."""

    def __init__(self, one, two):
        super().__init__(one)


def from_main(root):
    """What rank 0 makes or raises, on both."""
    calls, errors = [], []

    def fail(error):
        calls.append("built")
        raise error

    value = distributed.from_main(lambda: calls.append("built") or {"rank": distributed.rank()})
    for error in (CheckpointError("full"), KeyboardInterrupt(), Unreadable("one", "two")):
        try:
            distributed.from_main(partial(fail, error))
        except BaseException as caught:
            errors.append((type(caught).__name__, str(caught)))
    try:
        distributed.from_main(lambda: lambda: "cannot be pickled")
    except Exception as caught:
        errors.append("unpicklable" if "pickle" in str(caught) else str(caught))
    return value, calls, errors


def refused(root):
    """A run that rank 0 may not open is refused on both with the same sentence."""
    try:
        open_run(root / "plain", "other", {}, identity_keys=[])
    except CheckpointError as error:
        return str(error)


def primitives(root):
    rank = distributed.rank()
    flags = distributed.all_true(torch.tensor([True, rank == 0]))
    return flags.tolist(), distributed.agree_max(15 * rank), distributed.total(torch.tensor([1.0, 2.0]) * (rank + 1)).tolist()


def buckets(root):
    """Gradients of several kinds, in more messages than one."""
    distributed.BUCKET = 10
    rank = distributed.rank()
    kinds = [(size, kind) for size in (1, 7, 30) for kind in (torch.float32, torch.float64)]
    parameters = [torch.nn.Parameter(torch.zeros(size, dtype=kind)) for size, kind in kinds]
    parameters.append(torch.nn.Parameter(torch.zeros(2, 3, 4, 4).to(memory_format=torch.channels_last)))
    for k, parameter in enumerate(parameters):
        numbers = torch.arange(float(parameter.numel()), dtype=parameter.dtype) * (k + 1) * (1 + rank)
        parameter.grad = torch.empty_like(parameter).copy_(numbers.view(parameter.shape))  # also in its memory format
    distributed.sum_gradients(parameters)
    distributed.BUCKET = 1 << 25
    return [p.grad.contiguous().flatten().tolist() for p in parameters]


def main(root: Path):
    writes = []

    def watch(event, args):
        named = event in WRITING or (event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+"))
        if named and str(args[0]).startswith(str(root)):
            writes.append((event, str(args[0])))

    assert distributed.world_size() == 1 and distributed.is_main()
    distributed.start()
    show()
    previews, draws = [], []
    sys.addaudithook(watch)
    found = {
        "ranks": (distributed.rank(), distributed.world_size(), distributed.is_main()),
        "primitives": primitives(root),
        "buckets": buckets(root),
        "from_main": from_main(root),
        "plain": train(root / "plain", seen=draws, preview=previews.append, preview_every=5),
        "draws": draws,
        "again": train(root / "plain"),  # finished: nothing is left to do
        "refused": refused(root),
        "half": train(root / "half", dtype=torch.bfloat16),
        "nan": train(root / "nan", spoil=on_rank_1(2, 2, lambda loss: loss * float("nan"))),
        "infinite loss, finite gradient": train(root / "inf", 3, spoil=on_rank_1(2, 2, lambda loss: loss + float("inf"))),
        "two steps": train(root / "two", 2),
        "uneven": uneven(root),
        "going back": going_back(root),
        "stopped": stopped(root),
        "memory": short_of_memory(root),
        "scaled": scaled(root),
        "previews": previews,
        "writes": list(writes),
    }
    distributed.stop()
    assert distributed.world_size() == 1
    torch.save(found, root / f"rank-{os.environ['RANK']}.pt", pickle_module=pickle)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]))
    sys.stderr.flush()
    os._exit(0)  # once in dozens of runs gloo's own threads were still ending when Python did, and the process aborted
