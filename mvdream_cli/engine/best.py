"""The best weights of a run so far, by a score, beside its checkpoints."""

import json
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from mvdream_cli.atomic import written_whole
from mvdream_cli.doors import door
from mvdream_cli.errors import CheckpointError
from mvdream_cli.hashes import tensors_checksum


class Best:
    """Keeps one state of a module in a file, with its step and score; a resumed run finds it there."""

    def __init__(self, path: Path):
        self.path = path

    def facts(self) -> tuple[int, float] | None:
        """(step, score) of the state that is kept, or None."""
        if not self.path.is_file():
            return None
        with door(self.path, CheckpointError, "delete it", SafetensorError, KeyError, TypeError):
            facts = self._facts()
            return int(facts["step"]), float(facts["score"])

    def offer(self, module: nn.Module, step: int, score: float) -> None:
        """Keep the module's state if its score is higher than that of the one kept."""
        kept = self.facts()
        if kept is not None and kept[1] >= score:
            return
        state = {key: value.detach().contiguous() for key, value in module.state_dict().items()}
        with written_whole(self.path) as partial:
            facts = {"step": step, "score": score, "sha256": tensors_checksum(state)}
            save_file(state, partial, {"best": json.dumps(facts)})  # one entry: of several the order is drawn by chance

    def restore(self, module: nn.Module) -> None:
        """Put the kept state into the module."""
        with door(self.path, CheckpointError, "delete it", SafetensorError, RuntimeError):  # the last: of another module
            state = load_file(self.path)
            if self._facts().get("sha256") != tensors_checksum(state):
                raise ValueError("it is damaged: another checksum than it had")
            module.load_state_dict(state)

    def _facts(self) -> dict:
        with safe_open(self.path, "numpy") as file:
            kept = file.metadata()
        return json.loads(kept["best"]) if "best" in kept else kept  # until 0.1.0 an entry each
