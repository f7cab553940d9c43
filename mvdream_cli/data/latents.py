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
    """latents (N, V, C, h, w) float16; cameras: the model's camera vectors (N, V, 16) float32; captions: N of them."""

    latents: Tensor
    cameras: Tensor
    captions: list[str]

    def draw(self, i: int, micro: int, count: int, num_views: int) -> tuple[Tensor, Tensor | None, list[str]]:
        """What micro-batch `micro` of step `i` sees, drawn from torch's global generator.

        Returns:
            latents (count num_views, C, h, w) of random objects, view by view; their cameras (count num_views, 16), None for
            single views; captions, one for each object.
        """
        drawn = torch.randint(len(self.captions), (count,))
        chosen = orthogonal_views(count, self.latents.shape[1], num_views)  # (count, V)
        camera = self.cameras[drawn[:, None], chosen].flatten(0, 1) if num_views > 1 else None
        return self.latents[drawn[:, None], chosen].flatten(0, 1), camera, [self.captions[k] for k in drawn.tolist()]


def cached_latents(
    pipeline,
    entries: Sequence[Entry],
    path: Path,
    *,
    identity: str,
    seed: int,
    background: float | None,
    batch_size: int,
    on_progress: Callable[[int], None] | None = None,
    say: Callable[[str], None] | None = None,
    encode: Callable[[Tensor], Tensor] | None = None,
) -> Latents:
    """Latents of all views (posterior means), each object over one gray; kept in `path`, so that resuming is quick.

    A file that was made from anything else, or that is damaged, is made again.

    Args:
        identity: `views.set_identity` of the entries.
        seed: draws the grays.
        background: gray in [0, 1] behind all objects; None for a random one behind each.
        batch_size: objects encoded at a time.
        on_progress: called with the number of objects done.
        say: called with one sentence if a file that is there is not used.
        encode: images (B, H, W, 3) in [0, 1], on the CPU, to latents (B, C, h, w); by default the pipeline's autoencoder.

    Raises:
        DataError: an object cannot be read, or the objects differ in the number or the size of their views.
    """
    made_from = {
        "views": identity,
        "seed": str(seed),
        "background": str(background),
        "autoencoder": autoencoder_identity(pipeline.vae),
    }
    captions = [entry.caption for entry in entries]
    if path.exists():
        kept, reason = _kept(path, made_from, len(entries))
        if kept:
            return Latents(kept["latents"], kept["cameras"], captions)
        if say:
            say(f"{path.name}: {reason}; encoding the views again")
    if encode is None:

        def encode(images: Tensor) -> Tensor:
            return pipeline.encode_images(images.to(pipeline.vae.device), sample=False)

    rng = np.random.default_rng(seed)
    latents, cameras = [], []
    for start in range(0, len(entries), batch_size):
        chunk = entries[start : start + batch_size]
        try:
            rgba, c2w = (np.stack(part) for part in list(zip(*map(load, chunk)))[:2])
        except ValueError as error:
            raise DataError(
                f"{chunk[0].path}: objects differ in the number or the size of their views; render all alike"
            ) from error
        gray = rng.random((len(rgba), 1, 1, 1, 1))  # one stream for all: the grays do not depend on the batch size
        if background is not None:
            gray = np.full_like(gray, background)
        with torch.no_grad():
            encoded = encode(torch.from_numpy(composite(rgba, gray)).flatten(0, 1))  # (n V, C, h, w)
        latents.append(encoded.unflatten(0, rgba.shape[:2]).half().cpu())
        cameras.append(camera_condition(torch.from_numpy(c2w)))
        if on_progress:
            on_progress(start + len(rgba))
    if len({part.shape[1:] for part in latents}) > 1:
        raise DataError(f"{entries[0].path}: objects differ in the number or the size of their views; render all alike")
    made = {"latents": torch.cat(latents), "cameras": torch.cat(cameras)}
    with written_whole(path) as partial:
        save_file(made, partial, metadata={"made_from": json.dumps(made_from)})  # one entry: the order of several varies
    return Latents(made["latents"], made["cameras"], captions)


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
            kept = {name: file.get_tensor(name) for name in ("latents", "cameras")}
    except (SafetensorError, OSError, ValueError, AttributeError) as error:
        return None, f"damaged ({' '.join(str(error).split()) or type(error).__name__})"
    if kept["latents"].dtype != torch.float16 or any(len(tensor) != objects for tensor in kept.values()):
        return None, "damaged (other shapes than it should have)"
    return kept, ""
