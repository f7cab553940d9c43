"""Checkpoints of a run: written aside and renamed last, verified by checksums when read, the last few kept.

checkpoints/step-00000500/weights.safetensors   every module, keys "module.parameter"
                          optimizer.pt          the optimizer's state, read with weights_only=True
                          state.json            step, seed, versions..., and the sha256 of the two files
"""

import hashlib
import json
import os
import pickle
import shutil
from importlib import metadata
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from mvdream_cli.atomic import written_whole
from mvdream_cli.doors import read_json
from mvdream_cli.engine import distributed
from mvdream_cli.engine.progress import warn
from mvdream_cli.errors import CheckpointError, MVDreamError
from mvdream_cli.hashes import checksum

WEIGHTS, OPTIMIZER, STATE = "weights.safetensors", "optimizer.pt", "state.json"
SPARE_BYTES = 64 << 20  # left free on the disk for logs and results
DAMAGED = (OSError, ValueError, KeyError, RuntimeError, SafetensorError, pickle.UnpicklingError)


def save(root: Path, *, step: int, modules: dict, optimizer, state: dict, keep: int) -> Path:
    """Write checkpoints/step-NNNNNNNN and drop all but the newest `keep`. All ranks call it, rank 0 writes.

    `modules` maps a name without dots to an object with `state_dict()`: tensors go to safetensors, numbers, strings and
    lists to state.json. Until the last rename the folder does not exist under its name, so one that exists is whole.
    Raises CheckpointError if the disk is full or not writable; the checkpoints before it stay.
    """
    return distributed.from_main(lambda: _save(root, step, modules, optimizer, state, keep))


def _save(root: Path, step: int, modules: dict, optimizer, state: dict, keep: int) -> Path:
    states, optimizer_state = {name: module.state_dict() for name, module in modules.items()}, optimizer.state_dict()
    _check_space(root, _bytes_of(states) + _bytes_of(optimizer_state), step)
    tensors, plain = _flatten(states)
    folder = _folder(root, step)
    try:
        with written_whole(folder) as partial:
            partial.mkdir()
            save_file(tensors, partial / WEIGHTS)
            torch.save(optimizer_state, partial / OPTIMIZER)
            checksums = {name: checksum(partial / name) for name in (WEIGHTS, OPTIMIZER)}
            versions = {name: metadata.version(name) for name in ("torch", "safetensors")}
            state = {**state, "step": step, "plain": plain, "versions": versions, "sha256": checksums}
            text = json.dumps({**state, "checksum": state_checksum(state)}, indent=1)
            (partial / STATE).write_text(text, encoding="utf-8")
    except (MVDreamError, OSError, RuntimeError, SafetensorError) as error:
        raise CheckpointError(
            f"{folder}: could not be written ({error.__cause__ or error}); free some space or fix the disk, then run the same "
            "command again, which goes on from the checkpoint before"
        ) from error
    prune(root, keep)
    for broken in root.glob("step-*.broken"):  # now there is a whole one after it
        shutil.rmtree(broken, ignore_errors=True)
    return folder


def restore(root: Path, modules: dict, optimizer=None) -> dict | None:
    """Load the newest whole checkpoint into `modules` and `optimizer`; its state, or None if there is no checkpoint.

    A broken one is reported, set aside as step-X.broken, and the one before is used. All ranks call it; rank 0 chooses.
    Raises CheckpointError if all are broken or if the newest whole one belongs to another model.
    """
    state = distributed.from_main(lambda: _restore(root, modules, optimizer))
    if state is not None and not distributed.is_main():
        folder = _folder(root, state["step"])
        try:
            contents = _read(folder, optimizer is not None)
        except DAMAGED as error:
            raise CheckpointError(f"{folder}: cannot be read here ({error}); all processes need the same run folder") from error
        _load(folder, contents, modules, optimizer)
    return state


def _restore(root: Path, modules: dict, optimizer) -> dict | None:
    found = list_steps(root)
    for folder in found:
        try:
            contents = _read(folder, optimizer is not None)
        except DAMAGED as error:
            warn(f"{folder.name} is damaged ({error}); using the checkpoint before it")
            broken = folder.with_name(f"{folder.name}.broken")
            shutil.rmtree(broken, ignore_errors=True)
            os.rename(folder, broken)
            continue
        return _load(folder, contents, modules, optimizer)
    if found:
        raise CheckpointError(f"{root}: none of its {len(found)} checkpoints can be read; --restart starts over")
    return None


def _read(folder: Path, with_optimizer: bool) -> tuple[dict, dict, dict | None]:
    """(state, tensors, optimizer's state) of a checkpoint, on the CPU. Raises one of DAMAGED."""
    state = verify(folder)
    saved = torch.load(folder / OPTIMIZER, map_location="cpu", weights_only=True) if with_optimizer else None
    return state, load_file(folder / WEIGHTS), saved


def _load(folder: Path, contents: tuple[dict, dict, dict | None], modules: dict, optimizer) -> dict:
    state, tensors, saved = contents
    try:
        for name, values in _unflatten(tensors, state["plain"], modules).items():
            modules[name].load_state_dict(values)
        if optimizer is not None:
            optimizer.load_state_dict(saved)
    except (KeyError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise CheckpointError(f"{folder}: does not fit this model ({reason}); --restart starts over") from error
    return state


def read_weights(root: Path) -> dict[str, dict]:
    """{module name: state_dict} of the newest whole checkpoint under `root` (or of one checkpoint folder), on the CPU.

    Raises CheckpointError if there is none.
    """
    for folder in [root] if (root / STATE).is_file() else list_steps(root):
        try:
            state = verify(folder)
            return _unflatten(load_file(folder / WEIGHTS), state["plain"])
        except DAMAGED as error:
            warn(f"{folder} is damaged ({error})")
    raise CheckpointError(f"{root}: holds no whole checkpoint; run the command that makes it to its end")


def list_steps(root: Path) -> list[Path]:
    """Checkpoint folders, newest step first; unfinished and damaged ones left out."""
    folders = [f for f in root.glob("step-*") if f.name.removeprefix("step-").isdigit() and f.is_dir()]
    return sorted(folders, key=lambda f: int(f.name.removeprefix("step-")), reverse=True)


def _folder(root: Path, step: int) -> Path:
    return root / f"step-{step:08d}"


def verify(folder: Path) -> dict:
    """The state of a checkpoint after comparing all checksums. Raises ValueError or OSError if it is damaged."""
    state = read_json(folder / STATE)
    if not isinstance(state, dict) or state.pop("checksum", None) != state_checksum(state):
        raise ValueError(f"{STATE} does not match its checksum")
    for name, expected in state["sha256"].items():  # written by us, as the checksum says
        if checksum(folder / name) != expected:
            raise ValueError(f"{name} does not match its checksum")
    return state


def _flatten(states: dict[str, dict]) -> tuple[dict[str, torch.Tensor], dict]:
    tensors, plain, seen = {}, {}, set()
    for name, state in states.items():
        assert "." not in name, name
        for key, value in state.items():
            if not isinstance(value, torch.Tensor):
                plain[f"{name}.{key}"] = value
                continue
            value = value.detach().cpu().contiguous()
            storage = value.untyped_storage()
            if storage.data_ptr() in seen or storage.nbytes() != value.nbytes:  # safetensors refuses shared memory
                value = value.clone()
            seen.add(storage.data_ptr())
            tensors[f"{name}.{key}"] = value
    return tensors, plain


def _unflatten(tensors: dict, plain: dict, names=()) -> dict[str, dict]:
    modules: dict[str, dict] = {name: {} for name in names}
    for key, value in {**tensors, **plain}.items():
        name, _, rest = key.partition(".")
        modules.setdefault(name, {})[rest] = value
    if names and set(modules) != set(names):
        raise ValueError(f"it holds {', '.join(sorted(modules))}, not {', '.join(sorted(names))}")
    return modules


def finite(tensors) -> bool:
    """False if any of the floating-point tensors has a NaN or an infinity: such a state is not worth keeping."""
    return all(bool(torch.isfinite(t.detach().float().sum())) for t in tensors)  # both survive a sum


def _bytes_of(value) -> int:
    if isinstance(value, torch.Tensor):
        return value.nbytes
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, (list, tuple)):
        return 0
    return sum(_bytes_of(item) for item in value)


def _check_space(root: Path, needed: int, step: int) -> None:
    try:
        root.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(root).free
    except OSError as error:
        raise CheckpointError(f"{root}: cannot be written ({error.strerror}); choose another --out") from error
    if free < needed + SPARE_BYTES:
        raise CheckpointError(
            f"{root}: the disk is full: {free / 1e9:.2f} GB free, the checkpoint of step {step} needs "
            f"{(needed + SPARE_BYTES) / 1e9:.2f} GB; free some space and run the same command again, "
            "which goes on from the checkpoint before"
        )


def prune(root: Path, keep: int) -> None:
    """Drop all but the newest `keep` checkpoints, and what processes that were killed left."""
    if not distributed.is_main():
        return
    for folder in list_steps(root)[max(1, keep) :]:
        aside = folder.with_name(f".old-{folder.name}")
        shutil.rmtree(aside, ignore_errors=True)
        os.rename(folder, aside)  # a folder that keeps its name is whole, even if deleting it is cut short
    for leftover in (*root.glob(".tmp-step-*"), *root.glob(".old-step-*")):
        shutil.rmtree(leftover, ignore_errors=True)


def state_checksum(state: dict) -> str:
    """The SHA-256 of a checkpoint's state without its own checksum, as 64 hexadecimal digits."""
    state = json.loads(json.dumps(state))  # as it will be read: tuples are lists, keys are strings
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()
