"""Several processes that train together, one per GPU: the only file that knows of ranks.

A process that torchrun did not start is alone: all functions here then return what they were given and cost nothing. Those
that exchange something have to be called by all ranks, in the same order. Numbers of the host travel between hosts (gloo), so
that no GPU is waited for; tensors travel where they are (nccl for those on a GPU).
"""

import datetime
import os
import pickle
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from mvdream_cli.engine import progress
from mvdream_cli.errors import MVDreamError, UsageError

if TYPE_CHECKING:
    from torch import Tensor

TORCHRUN = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
LONGEST_WAIT = datetime.timedelta(hours=12)  # other ranks wait while rank 0 prepares data; of a dead one torchrun tells them
BUCKET = 1 << 25  # numbers that are averaged in one message

_group: Any = None  # torch.distributed, once this process is one of several. torch is slow to import: `start` does it


def rank() -> int:
    """The number of this process, 0 if it is alone."""
    return 0 if _group is None else _group.get_rank()


def world_size() -> int:
    """How many processes work together, 1 if this one is alone."""
    return 1 if _group is None else _group.get_world_size()


def is_main() -> bool:
    """True for the one process that writes files and messages."""
    return rank() == 0


def start() -> None:
    """Join the processes that torchrun started (RANK, WORLD_SIZE, ... in the environment); without RANK, or alone, do nothing.

    Each takes the GPU of its LOCAL_RANK where there are any. From here on only rank 0 shows messages.

    Raises UsageError if the environment is incomplete or there are fewer GPUs than processes.
    """
    global _group
    if _group is not None or "RANK" not in os.environ:
        return
    if missing := [name for name in TORCHRUN if name not in os.environ]:
        raise UsageError(f"RANK is set, but not {', '.join(missing)}: start several processes with torchrun, or unset RANK")
    if int(os.environ["WORLD_SIZE"]) == 1:
        return
    import torch

    backend = "gloo"
    if torch.cuda.is_available():
        gpus, local = torch.cuda.device_count(), int(os.environ["LOCAL_RANK"])
        if local >= gpus:
            raise UsageError(f"there are {gpus} GPUs for more processes; give torchrun --nproc-per-node={gpus}")
        torch.cuda.set_device(local)
        backend = "cpu:gloo,cuda:nccl"
    torch.distributed.init_process_group(backend, timeout=LONGEST_WAIT)
    _group = torch.distributed
    progress.mute(not is_main())


def stop() -> None:
    """Leave the processes that `start` joined."""
    global _group
    if _group is not None:
        barrier()  # nobody hangs up while another still listens
        _group.destroy_process_group()
        _group = None
        progress.mute(False)


def all_true(flag: "Tensor") -> "Tensor":
    """True where `flag` (bool, any shape) is true on every rank; on its device, which the host does not wait for."""
    if _group is None:
        return flag
    number = flag.int()
    _group.all_reduce(number, _group.ReduceOp.MIN)
    return number.bool()


def agree_max(number: int) -> int:
    """The largest `number` of all ranks."""
    if _group is None:
        return number
    import torch

    largest = torch.tensor(number)
    _group.all_reduce(largest, _group.ReduceOp.MAX)
    return int(largest)


def barrier() -> None:
    """Wait until all ranks are here."""
    agree_max(0)


def mean(tensor: "Tensor") -> "Tensor":
    """The mean of `tensor` (floating-point, any shape) over the ranks: a copy, the same bits on all of them."""
    if _group is None:
        return tensor
    copy = tensor.detach().clone()
    _average_together([copy])
    return copy


def average_gradients(parameters: Iterable["Tensor"]) -> None:
    """Replace `.grad` of each parameter by its mean over the ranks; one that only some ranks have is 0 on the others.

    For a `MasterAdamW`, give the masters (its `param_groups` hold them): their gradients are the ones that count.
    """
    if _group is None:
        return
    import torch

    parameters = list(parameters)
    has = torch.tensor([p.grad is not None for p in parameters], dtype=torch.uint8)
    _group.all_reduce(has, _group.ReduceOp.MAX)
    used = [p for p, anywhere in zip(parameters, has.tolist(), strict=True) if anywhere]
    for parameter in used:
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
    buckets, sizes = defaultdict(list), Counter()
    for gradient in (parameter.grad for parameter in used):
        kind = gradient.device, gradient.dtype
        buckets[kind].append(gradient)
        sizes[kind] += gradient.numel()
        if sizes[kind] >= BUCKET:
            _average_together(buckets.pop(kind))
            sizes[kind] = 0
    for bucket in buckets.values():
        _average_together(bucket)


def _average_together(tensors: list["Tensor"]) -> None:
    import torch

    flat = torch.cat([tensor.flatten() for tensor in tensors])
    _group.all_reduce(flat)
    flat /= world_size()
    for tensor, mean in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
        tensor.copy_(mean.view(tensor.shape))


def from_main(build: Callable[[], Any]) -> Any:
    """What `build()` returns or raises on rank 0, on all ranks; the others do not call it.

    It has to be something that pickle takes, best without tensors on a GPU. An error that pickle does not take is an
    MVDreamError with the same message on the other ranks.
    """
    if _group is None:
        return build()
    result, error, packed = None, None, [b""]
    if is_main():
        try:
            result = build()
            packed = [pickle.dumps((result, None))]
        except BaseException as raised:  # also Ctrl-C: the others would wait for ever
            error, packed = raised, [_pickled_error(raised)]
    _group.broadcast_object_list(packed, src=0)
    if not is_main():
        result, error = pickle.loads(packed[0])
    if error is not None:
        raise error
    return result


def _pickled_error(error: BaseException) -> bytes:
    try:
        packed = pickle.dumps((None, error))
        pickle.loads(packed)  # some can be written and not read
        return packed
    except Exception:
        return pickle.dumps((None, MVDreamError(f"{type(error).__name__}: {error}")))
