"""Files of tensors: safetensors and pickled state dicts, told apart by their first bytes; nothing in them is run."""

import pickle
import struct
import warnings
import zipfile
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file

from mvdream_cli.doors import check_file, door, open_file
from mvdream_cli.errors import ModelError
from mvdream_cli.models.ldm import State

LARGER = 2  # times that tensors may be as large as their file: some share their numbers


def read_state(path: Path) -> State:
    """The tensors of a .safetensors file or a pickled state dict, bare or under "state_dict".

    Raises:
        ModelError: not readable, cut short, no state dict, or a pickle that would run code.
    """
    with door(path, ModelError, "get it again.", Exception), warnings.catch_warnings():  # readers raise anything at all
        warnings.simplefilter("ignore")
        state, size = _read(path)
    state = state.get("state_dict", state) if isinstance(state, dict) else None
    if not isinstance(state, dict) or not all(isinstance(key, str) and _is_usual(value) for key, value in state.items()):
        raise ModelError(f"{path}: holds no dictionary of tensors.")
    if sum(value.numel() * value.element_size() for value in state.values()) > LARGER * size:
        raise ModelError(f"{path}: its tensors are larger than the file, which no model needs; get it from its maker.")
    return state


def read_shapes(path: Path) -> State:
    """As `read_state`, of a .safetensors file by its header alone: the tensors have shapes and no numbers.

    Raises:
        ModelError: the header is broken, or says more than the file holds.
    """
    with door(path, ModelError, "get it again.", Exception):  # the reader raises anything at all
        check_file(path)
        with safe_open(path, "pt") as file:
            return {key: torch.empty(file.get_slice(key).get_shape(), device="meta") for key in file.offset_keys()}


def _read(path: Path):
    """What a file holds, and its size in bytes."""
    with open_file(path) as file:
        head, size = file.read(16), file.seek(0, 2)
    if not head:
        raise ModelError(f"{path}: the file is empty; get it again.")
    if head[:2] == b"PK" or head[:1] == b"\x80":
        if head[:2] == b"PK" and any(item.compress_type != zipfile.ZIP_STORED for item in zipfile.ZipFile(path).infolist()):
            raise ModelError(f"{path}: its contents are compressed, as PyTorch never writes them; get it from its maker.")
        try:
            return torch.load(path, map_location="cpu", weights_only=True, mmap=head[:2] == b"PK"), size
        except pickle.UnpicklingError as error:
            raise ModelError(
                f"{path}: the file holds more than tensors and could run code, so it is not opened; use a .safetensors version."
            ) from error
    if len(head) > 8 and head[8:9] == b"{" and struct.unpack("<Q", head[:8])[0] < size:
        return load_file(path), size
    raise ModelError(f"{path}: neither a safetensors file nor a PyTorch checkpoint, or cut short; get it again.")


def _is_usual(value) -> bool:
    """Whether it is a tensor as networks have it: numbers in memory, one after the other, real."""
    return (
        isinstance(value, torch.Tensor)
        and value.layout == torch.strided
        and not (value.is_meta or value.is_quantized or value.is_nested or value.is_complex())
    )
