"""Latents of a multi-view set, encoded once and kept in a file that says what they were made from.

Letters in shapes: N objects, V views, C h w channels and sides of a latent.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from mvdream_cli.atomic import written_whole
from mvdream_cli.cameras import camera_condition
from mvdream_cli.data.training_pictures import orthogonal_views
from mvdream_cli.data.views import Entry, load
from mvdream_cli.errors import DataError
from mvdream_cli.images import composite


class Latents(NamedTuple):
    """Posteriors of pictures that were encoded once.

    latents: their means (N, V, C, h, w) float16. cameras: the model's camera vectors (N, V, 16) float32; of pictures without
    cameras zeros, which nothing may read. captions: N of them. spread: standard deviations, as the means; None where the
    autoencoder has no posterior.
    """

    latents: Tensor
    cameras: Tensor
    captions: list[str]
    spread: Tensor | None = None

    def draw(self, i: int, micro: int, count: int, num_views: int) -> tuple[Tensor, Tensor | None, list[str]]:
        """What micro-batch `micro` of step `i` sees, drawn from torch's global generator.

        Returns:
            latents (count num_views, C, h, w) of random objects, view by view, samples of their posteriors; their cameras
            (count num_views, 16); captions, one for each object.
        """
        drawn = torch.randint(len(self.captions), (count,))
        chosen = orthogonal_views(count, self.latents.shape[1], num_views)  # (count, V)
        mean, spread = (
            None if part is None else part[drawn[:, None], chosen].flatten(0, 1) for part in (self.latents, self.spread)
        )
        return (
            posterior(mean, spread),
            self.cameras[drawn[:, None], chosen].flatten(0, 1),
            [self.captions[k] for k in drawn.tolist()],
        )


def posterior(mean: Tensor, spread: Tensor | None) -> Tensor:
    """A sample of posteriors, from torch's global generator; the mean where there is no standard deviation."""
    return mean if spread is None else mean.float() + spread.float() * torch.randn(mean.shape, device=mean.device)


def cached_latents(
    pipeline,
    entries: Sequence[Entry],
    path: Path,
    *,
    identity: str,
    background: float,
    batch_size: int,
    on_progress: Callable[[int], None] | None = None,
    say: Callable[[str], None] | None = None,
    read: Callable = load,
    on_broken: Callable[[str], None] | None = None,
) -> Latents:
    """Posteriors of all views over one gray, the same for all; kept in `path`, so that resuming is quick.

    A file that was made from anything else, or that is damaged, is made again.

    Args:
        identity: of all that the entries hold, such as `views.set_identity`.
        background: gray in [0, 1] behind all objects.
        batch_size: objects encoded at a time.
        on_progress: called with the number of objects done.
        say: called with one sentence if a file that is there is not used.
        read: an entry to (rgba (V, S, S, 4) uint8, c2w (V, 4, 4) or None for pictures without cameras, ...).
        on_broken: called with one sentence for each entry that cannot be read, which is then left out.

    Raises:
        DataError: an object cannot be read (without `on_broken`), none can, or the objects differ in the number or the size of
            their views.
    """
    made_from = {
        "views": identity,
        "background": str(background),
        "autoencoder": autoencoder_identity(pipeline.vae),
        "form": "posteriors",
    }
    captions = [entry.caption for entry in entries]
    if path.exists():
        kept, reason = _kept(path, made_from, len(entries))
        if kept:
            return _latents_of(kept, captions)
        if say:
            say(f"{path.name}: {reason}; encoding the views again")
    parts: dict[str, list[Tensor]] = {name: [] for name in ("latents", "cameras", "spread", "entries")}
    for start in range(0, len(entries), batch_size):
        found = []
        for number, entry in enumerate(entries[start : start + batch_size], start):
            try:
                found.append((number, *read(entry)[:2]))
            except DataError as error:
                if on_broken is None:
                    raise
                on_broken(str(error))
        if found:
            numbers, rgba, c2w = zip(*found)
            try:
                rgba = np.stack(rgba)
            except ValueError as error:
                raise _unlike(entries[start]) from error
            with torch.no_grad():
                pixels = torch.from_numpy(composite(rgba, background)).flatten(0, 1)  # (n V, S, S, 3)
                mean, std = pipeline.encode_posterior(pixels.to(pipeline.vae.device))
            parts["latents"].append(mean.unflatten(0, rgba.shape[:2]).half().cpu())
            parts["spread"] += [] if std is None else [std.unflatten(0, rgba.shape[:2]).half().cpu()]
            known = c2w[0] is not None
            parts["cameras"].append(
                camera_condition(torch.from_numpy(np.stack(c2w))) if known else torch.zeros(*rgba.shape[:2], 16)
            )
            parts["entries"].append(torch.tensor(numbers))
        if on_progress:
            on_progress(min(start + batch_size, len(entries)))
    if not parts["latents"]:
        raise DataError(f"{entries[0].path}: none of the {len(entries)} entries can be read")
    if len({part.shape[1:] for part in parts["latents"]}) > 1:
        raise _unlike(entries[0])
    made = {name: torch.cat(tensors) for name, tensors in parts.items() if tensors}
    with written_whole(path) as partial:
        save_file(made, partial, metadata={"made_from": json.dumps(made_from)})  # one entry: the order of several varies
    return _latents_of(made, captions)


def _latents_of(tensors: dict[str, Tensor], captions: list[str]) -> Latents:
    found = [captions[k] for k in tensors["entries"].tolist()]
    return Latents(tensors["latents"], tensors["cameras"], found, tensors.get("spread"))


def _unlike(entry) -> DataError:
    return DataError(f"{entry.path}: objects differ in the number or the size of their views; render all alike")


def autoencoder_identity(vae) -> str:
    """sha256 hex over an autoencoder's weights and its scaling factor."""
    digest = hashlib.sha256(repr((type(vae).__name__, vae.config.scaling_factor)).encode())
    for name, tensor in sorted(vae.state_dict().items()):
        digest.update(repr((name, tensor.dtype, tuple(tensor.shape))).encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())  # numpy has no bfloat16
    return digest.hexdigest()


def _kept(path: Path, made_from: dict[str, str], objects: int) -> tuple[dict[str, Tensor] | None, str]:
    """The tensors of a file, or None and why they are not what is wanted."""
    try:
        with safe_open(path, "pt") as file:
            there = json.loads((file.metadata() or {}).get("made_from", "{}"))
            differ = [key for key, value in made_from.items() if there.get(key) != value]
            if differ:
                return None, f"made from something else ({', '.join(differ)} changed)"
            names = {"latents", "cameras", "entries", *file.keys()}
            kept = {name: file.get_tensor(name) for name in names}
    except (SafetensorError, OSError, ValueError, AttributeError) as error:
        return None, f"damaged ({' '.join(str(error).split()) or type(error).__name__})"
    lengths = {len(tensor) for tensor in kept.values()}
    if kept["latents"].dtype != torch.float16 or len(lengths) > 1 or kept["entries"].max() >= objects:
        return None, "damaged (other shapes than it should have)"
    return kept, ""
