"""Several processes that train together, one per GPU: the only file that knows of ranks.

A process that torchrun did not start is alone: all functions here then return what they were given and cost nothing. Those
that exchange something have to be called by all ranks, in the same order. Numbers of the host travel between hosts (gloo), so
that no GPU is waited for; tensors travel where they are (nccl for those on a GPU).
"""

import contextlib
import datetime
import os
import pickle
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from mvdream_cli.engine import progress
from mvdream_cli.errors import MVDreamError, UsageError

if TYPE_CHECKING:
    from torch import Tensor

TORCHRUN = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
LONGEST_WAIT = datetime.timedelta(hours=12)  # other ranks wait while rank 0 prepares data; of a dead one torchrun tells them
ROLL_CALL = 5.0  # seconds that a process has to answer, after an exchange failed, before it counts as lost
BUCKET = 1 << 25  # numbers that are added up in one message

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


def own_cores(cores: int) -> int:
    """This process's share of a machine's cores; torchrun says how many processes are on it."""
    return max(1, cores // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))


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
    barrier()  # nobody leaves while another is still connecting


class LostProcess(MVDreamError):
    """Another process ended while this one needed it."""


@contextlib.contextmanager
def joined() -> Iterator[None]:
    """`start`, and `stop` at the end. An error that ends this process is told to the others, which would wait for it in vain.

    Where several end by the same error, all but one get `error.silent = True`: one sentence is enough.
    """
    start()
    try:
        yield
    except BaseException as error:
        if _group is not None:
            _take_leave(error)
        raise
    stop()


def _take_leave(error: BaseException) -> None:
    """Tell the others by what this process ends, before the connections to it break."""
    lost, me, others = isinstance(error, LostProcess), rank(), set(range(world_size())) - {rank()}
    with contextlib.suppress(Exception):  # the store may be gone with the process that held it
        store, text = _store(), str(error) or type(error).__name__
        if not lost:
            store.set(f"ended/{me}", text)
        error.silent = store.add(f"said/{text}", 1) > 1
        _leave(politely=not lost)
        store.set(f"left/{me}", "")
        until = time.monotonic() + 2 * ROLL_CALL
        while me == 0 and time.monotonic() < until and not all(store.check([f"left/{number}"]) for number in others):
            time.sleep(0.05)  # the store may live in this process: the others are still to read it
    if _group is not None:
        _leave(politely=False)


def _store():
    store = _group.distributed_c10d._get_default_store()
    store.set_timeout(datetime.timedelta(seconds=ROLL_CALL))
    return store


@contextlib.contextmanager
def _exchange() -> Iterator[None]:
    """Around whatever waits for the other ranks. Raises LostProcess, with its reason, if one of them is not there any more."""
    try:
        yield
    except RuntimeError as error:
        raise LostProcess(f"{_roll_call(error)}; the same command goes on from the newest checkpoint") from error


def _roll_call(error: RuntimeError) -> str:
    """Who is missing after an exchange failed, and why if it has said so."""
    try:
        store, until = _store(), time.monotonic() + ROLL_CALL
        store.set(f"here/{rank()}", "")
        while True:
            if ended := [number for number in range(world_size()) if store.check([f"ended/{number}"])]:
                return f"process {ended[0]} ended: {store.get(f'ended/{ended[0]}').decode()}"
            missing = [number for number in range(world_size()) if not store.check([f"here/{number}"])]
            if not missing:
                return f"the exchange between the processes failed ({' '.join(str(error).split())[:200]})"
            if time.monotonic() > until:
                break
            time.sleep(0.1)
    except RuntimeError:  # the store lived in the first process
        missing = [0]
    named = f"process {missing[0]} was" if len(missing) == 1 else f"processes {', '.join(map(str, missing))} were"
    return f"{named} lost: killed, or its machine is gone"


def stop() -> None:
    """Leave the processes that `start` joined."""
    if _group is not None:
        barrier()  # nobody hangs up while another still listens
        _leave(politely=True)


def _leave(politely: bool) -> None:
    """politely: take leave of processes that are all there; without them it could last for ever."""
    global _group
    group, _group = _group, None
    if politely:
        group.destroy_process_group()
    progress.mute(False)


def all_true(flag: "Tensor") -> "Tensor":
    """True where `flag` (bool, any shape) is true on every rank; on its device, which the host does not wait for."""
    if _group is None:
        return flag
    number = flag.int()
    with _exchange():
        _group.all_reduce(number, _group.ReduceOp.MIN)
    return number.bool()


def agree_max(number: int) -> int:
    """The largest `number` of all ranks."""
    if _group is None:
        return number
    import torch

    largest = torch.tensor(number)
    with _exchange():
        _group.all_reduce(largest, _group.ReduceOp.MAX)
    return int(largest)


def barrier() -> None:
    """Wait until all ranks are here."""
    agree_max(0)


def share(total: int) -> range:
    """This rank's places of a batch of `total`: the ranks' shares follow each other and differ by one place at most.

    Raises UsageError if there are fewer places than ranks.
    """
    if total < world_size():
        raise UsageError(f"a batch of {total} cannot be shared by {world_size()} processes; take fewer, or a larger batch")
    return range(total * rank() // world_size(), total * (rank() + 1) // world_size())


def total(tensor: "Tensor") -> "Tensor":
    """The sum of `tensor` (any shape) over the ranks: a copy, the same bits on all of them."""
    if _group is None:
        return tensor
    copy = tensor.detach().clone()
    with _exchange():
        _group.all_reduce(copy)
    return copy


def sum_gradients(parameters: Iterable["Tensor"]) -> None:
    """Replace `.grad` of each parameter by its sum over the ranks; one that only some ranks have is 0 on the others.

    For a `MasterAdamW`, give the masters (its `param_groups` hold them): their gradients are the ones that count.
    """
    if _group is None:
        return
    import torch

    parameters = list(parameters)
    has = torch.tensor([p.grad is not None for p in parameters], dtype=torch.uint8)
    with _exchange():
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
            _add_together(buckets.pop(kind))
            sizes[kind] = 0
    for bucket in buckets.values():
        _add_together(bucket)


def _add_together(tensors: list["Tensor"]) -> None:
    import torch

    flat = torch.cat([tensor.flatten() for tensor in tensors])
    with _exchange():
        _group.all_reduce(flat)
    for tensor, part in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
        tensor.copy_(part.view(tensor.shape))


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
    with _exchange():
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
