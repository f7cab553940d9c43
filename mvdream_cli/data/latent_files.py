"""Files of latents: encoded once, mapped into memory, each with the identity of what it was made from.

FOLDER/latents-000000.safetensors ...   of `OBJECTS` objects each, the last of the rest; `Latents` says what they hold
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from mvdream_cli.atomic import written_whole
from mvdream_cli.cameras import camera_condition
from mvdream_cli.data.latents import Latents
from mvdream_cli.data.views import load
from mvdream_cli.doors import check_file, parse_json
from mvdream_cli.errors import DataError
from mvdream_cli.hashes import tensors_checksum
from mvdream_cli.images import composite

OBJECTS = 512  # in one file


class LatentFiles:
    """The latents of `entries`, kept in `folder`, so that resuming is quick. A file made from anything else is made again.

    Args:
        pipeline: whose autoencoder encodes.
        identity: of all that the entries hold, such as `views.set_identity`.
        grays: the grays (G,) in [0, 1] behind an object, from its id. law: what `grays` does, in words, for the identity.
        batch_size: objects encoded at a time.
        read: an entry to (rgba (V, S, S, 4) uint8, c2w (V, 4, 4) or None for pictures without cameras, ...).
        say: called with one sentence where a file that is there is not used.
    """

    def __init__(
        self,
        pipeline,
        entries: Sequence,
        folder: Path,
        *,
        identity: str,
        grays: Callable[[str], np.ndarray],
        law: str,
        batch_size: int,
        read: Callable = load,
        say: Callable[[str], None] = lambda text: None,
    ):
        self.pipeline, self.entries, self.folder, self.grays = pipeline, entries, folder, grays
        self.batch_size, self.read, self.say = batch_size, read, say
        self.made_from = {
            "views": identity,
            "background": law,
            "autoencoder": autoencoder_identity(pipeline.vae),
            "form": f"posteriors of {OBJECTS} objects",
        }
        self.count = -(-len(entries) // OBJECTS)  # of files

    def objects(self, share: slice) -> int:
        """How many a share of the files holds."""
        return sum(min(OBJECTS, len(self.entries) - number * OBJECTS) for number in range(self.count)[share])

    def make(self, share: slice = slice(None), on_progress: Callable[[int], None] | None = None) -> list[str]:
        """Encode what is missing of a share of the files, such as slice(rank, None, world).

        Args:
            on_progress: called with the number of objects that are done.

        Returns:
            a sentence for each entry that cannot be read; it is left out.

        Raises:
            DataError: the objects differ in the number or the size of their views, or the disk has too little space.
        """
        broken, done, mine = [], 0, range(self.count)[share]
        for number in mine:
            path, first = self._path(number), number * OBJECTS
            there, reason = self._opened(number) if path.exists() else (None, "")
            if reason:
                self.say(f"{path.name}: {reason}; encoding the views again")
            if there is None:
                made = self._encoded(first, broken, lambda k, done=done: on_progress and on_progress(done + k))
                self._check_space(made, sum(not self._path(k).exists() for k in mine))
                about = json.dumps(self.made_from | {"sha256": tensors_checksum(made)})
                with written_whole(path) as partial:  # one entry of metadata: the order of several varies
                    save_file(made, partial, metadata={"made_from": about})
            done += len(self.entries[first : first + OBJECTS])
            if on_progress:
                on_progress(done)
        return broken

    def latents(self, seed: int) -> Latents:
        """All of them, seen in the order of a seed.

        Raises:
            DataError: no entry could be read, files differ in their shapes, or one is missing.
        """
        files = []
        for number in range(self.count):
            there, reason = self._opened(number)
            if there is None:
                raise DataError(f"{self._path(number)}: {reason}; run the same command again, which makes it again")
            files.append(there)
        files = [file for file in files if len(file["entries"])]
        if not files:
            raise DataError(f"{self.entries[0].path}: none of the {len(self.entries)} entries can be read")
        if len({file["latents"].shape[1:] for file in files}) > 1:
            raise self._unlike()
        return Latents(files, [entry.caption for entry in self.entries], seed, self.pipeline.vae.device)

    def _path(self, number: int) -> Path:
        return self.folder / f"latents-{number:06d}.safetensors"

    def _encoded(self, first: int, broken: list[str], on_progress: Callable[[int], None]) -> dict[str, Tensor]:
        """What the file of entries `first` and following holds."""
        parts: dict[str, list[Tensor]] = {name: [] for name in ("latents", "spread", "cameras", "entries")}
        entries = self.entries[first : first + OBJECTS]
        for start in range(0, len(entries), self.batch_size):
            found = []
            for number, entry in enumerate(entries[start : start + self.batch_size], first + start):
                try:
                    found.append((number, self.grays(entry.id), *self.read(entry)[:2]))
                except DataError as error:
                    broken.append(str(error))
            if found:
                self._encode(*zip(*found), parts)
            on_progress(start + len(found))
        if not parts["entries"]:
            return {"entries": torch.zeros(0, dtype=torch.long)}
        if len({part.shape[1:] for part in parts["latents"]}) > 1:
            raise self._unlike()
        return {name: torch.cat(tensors) for name, tensors in parts.items() if tensors}

    @torch.no_grad()
    def _encode(self, numbers, grays, rgba, c2w, parts: dict[str, list[Tensor]]) -> None:
        try:
            rgba, grays = np.stack(rgba), np.stack(grays)
        except ValueError as error:
            raise self._unlike() from error
        of_gray = []
        for k in range(grays.shape[1]):
            pixels = torch.from_numpy(composite(rgba, grays[:, k, None, None, None, None])).flatten(0, 1)  # (n V, S, S, 3)
            of_gray.append(self.pipeline.encode_posterior(pixels.float().to(self.pipeline.vae.device)))
        for name, tensors in zip(("latents", "spread"), zip(*of_gray)):
            if tensors[0] is not None:
                parts[name].append(torch.stack([part.unflatten(0, rgba.shape[:2]).half().cpu() for part in tensors], 1))
        known = c2w[0] is not None
        parts["cameras"].append(
            camera_condition(torch.from_numpy(np.stack(c2w))) if known else torch.zeros(*rgba.shape[:2], 16)
        )
        parts["entries"].append(torch.tensor(numbers))

    def _opened(self, number: int) -> tuple[dict[str, Tensor] | None, str]:
        """The tensors of a file, mapped; or None and why it is not what is wanted."""
        path, first = self._path(number), number * OBJECTS
        try:
            check_file(path)
            with safe_open(path, "pt") as file:
                there = parse_json((file.metadata() or {}).get("made_from", "{}"))
                differ = [key for key, value in self.made_from.items() if there.get(key) != value]
                if differ:
                    return None, f"made from something else ({', '.join(differ)} changed)"
                kept = {name: file.get_tensor(name) for name in {"entries", *file.keys()}}
        except (SafetensorError, OSError, ValueError, AttributeError) as error:
            return None, f"damaged ({' '.join(str(error).split()) or type(error).__name__})"
        if there.get("sha256") != tensors_checksum(kept):
            return None, "damaged (another checksum than it had)"
        entries = kept["entries"]
        last = min(first + OBJECTS, len(self.entries))
        inside = not len(entries) or (first <= int(entries.min()) and int(entries.max()) < last)
        if len({len(tensor) for tensor in kept.values()}) > 1 or not inside:
            return None, "damaged (other shapes than it should have)"
        return kept, ""

    def _check_space(self, made: dict[str, Tensor], files: int) -> None:
        """Raise DataError where the disk cannot hold this file and those like it that are still to come."""
        self.folder.mkdir(parents=True, exist_ok=True)
        needed, free = files * sum(tensor.nbytes for tensor in made.values()), shutil.disk_usage(self.folder).free
        if needed > free:
            raise DataError(
                f"{self.folder}: the latents need {needed / 1e9:.1f} GB more, {free / 1e9:.1f} GB are free; make room, or "
                "encode on the way with --set train.unet.background=null"
            )

    def _unlike(self) -> DataError:
        where = self.entries[0].path
        return DataError(f"{where}: objects differ in the number or the size of their views; render all alike")


def autoencoder_identity(vae) -> str:
    """sha256 hex over an autoencoder's weights and its scaling factor, without the decoder, on which no latents depend."""
    digest = hashlib.sha256(repr((type(vae).__name__, vae.config.scaling_factor)).encode())
    for name, tensor in sorted(vae.state_dict().items()):
        if name.startswith(("decoder.", "post_quant_conv.")):
            continue
        digest.update(repr((name, tensor.dtype, tuple(tensor.shape))).encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())  # numpy has no bfloat16
    return digest.hexdigest()
