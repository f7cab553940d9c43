"""Files of tensors: safetensors and pickled state dicts, told apart by their first bytes; nothing in them is run."""

import pickle
import struct
from pathlib import Path

import torch
from safetensors.torch import load_file

from mvdream_cli.errors import ModelError
from mvdream_cli.models.ldm import State


def read_state(path: Path) -> State:
    """The tensors of a .safetensors file or a pickled state dict, bare or under "state_dict".

    Raises:
        ModelError: not readable, cut short, no state dict, or a pickle that would run code.
    """
    try:
        with path.open("rb") as file:
            head = file.read(16)
        if not head:
            raise ModelError(f"{path}: the file is empty; get it again.")
        if head[:2] == b"PK" or head[:1] == b"\x80":
            state = torch.load(path, map_location="cpu", weights_only=True, mmap=head[:2] == b"PK")
        elif len(head) > 8 and head[8:9] == b"{" and struct.unpack("<Q", head[:8])[0] < path.stat().st_size:
            state = load_file(path)
        else:
            raise ModelError(f"{path}: neither a safetensors file nor a PyTorch checkpoint, or cut short; get it again.")
    except pickle.UnpicklingError as error:
        raise ModelError(
            f"{path}: the file holds more than tensors and could run code, so it is not opened; use a .safetensors version."
        ) from error
    except ModelError:
        raise
    except Exception as error:  # a broken file makes its reader raise anything at all
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f"{path}: cannot be read ({reason}); get it again.") from error
    state = state.get("state_dict", state) if isinstance(state, dict) else None
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise ModelError(f"{path}: holds no dictionary of tensors.")
    return state
