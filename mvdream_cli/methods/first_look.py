"""The views that an object is fitted to: what it will look like, seconds after the prompt was given."""

from pathlib import Path

import torch
from torch import Tensor

from mvdream_cli.cameras import orbit_views
from mvdream_cli.engine.progress import Bar, made, say
from mvdream_cli.errors import UsageError
from mvdream_cli.images import grid, is_whole, load_image, save_image
from mvdream_cli.methods.sample_views import rank_candidates, sample_views
from mvdream_cli.settings.to3d import To3D


def first_look(pipeline, prompt: str, options: To3D, seed: int, folder: Path, cache: Path) -> Tensor:
    """Sample the views, or read those that an earlier call left; (V, H, W, 3) in [0, 1], as the files hold them.

    Of several candidates the best is taken.

    Args:
        folder: gets views.png, and candidates.png with all candidates, the best first.
        cache: gets each view as a file; what a resumed run reads.

    Raises:
        UsageError: several candidates, and a model without the image tower that chooses between them.
    """
    views = options.views
    paths = [cache / f"view-{v:02d}.png" for v in range(options.num_views)]
    if not all(map(is_whole, paths)):
        if views.candidates > 1 and pipeline.image_encoder is None:
            raise UsageError("to3d.views.candidates: this model has no CLIP image encoder to choose with; use 1")
        with Bar("sampling views", views.steps) as bar:
            drawn = sample_views(
                pipeline,
                pipeline.asked(prompt, views.suffix),
                orbit_views(options.num_views, views.elevation_deg),
                seeds=[seed + k for k in range(views.candidates)],
                negative_prompt=views.negative_prompt,
                guidance_scale=views.guidance_scale,
                guidance_rescale=views.guidance_rescale,
                steps=views.steps,
                on_step=lambda i: bar.update(i + 1),
            )
        if views.candidates > 1:
            order, likeness, agreement = rank_candidates(pipeline, drawn, prompt, views.agreement_weight)
            drawn = drawn[order]
            sheet = save_image(folder / "candidates.png", grid(drawn.flatten(0, 1), options.num_views))
            listed = ", ".join(f"{seed + k} ({likeness[k]:.2f}, {agreement[k]:.2f})" for k in order)
            say(f"seeds by likeness to the prompt and agreement of the views: {listed}; {sheet}")
        made("sampled views", save_image(folder / "views.png", grid(drawn[0], options.num_views)))
        for path, image in zip(paths, drawn[0]):  # last: where they are all there, nothing before them is missing
            save_image(path, image)
    return torch.stack([torch.from_numpy(load_image(path)[..., :3].copy()).float() / 255 for path in paths])
