"""`mvdream train` where every second step teaches a UNet the mean pictures of its prior, without what makes objects differ.

    python -m benchmarks.mini.picture_steps train --component unet --data toybox --init with-prior ...

At nearly pure noise the best answer is the prior's picture. Single objects differ from it by five times the UNet's error, so
that a UNet which was trained without a prior takes long to heed it. These steps ask for the picture itself, at timesteps from
950 on, mostly the last: of 32 captions in one view each, or, in every second of them, of eight in four views. The other steps
are as always.

All arguments are `mvdream`'s.
"""

from dataclasses import replace

import numpy as np
import torch

import mvdream_cli.commands.train as command
from benchmarks.kinds import RIG, VIEWS
from mvdream_cli.__main__ import main
from mvdream_cli.cameras import camera_condition, orbit_views
from mvdream_cli.diffusion.losses import denoising_errors
from mvdream_cli.engine.method import Method
from mvdream_cli.methods.train_unet import train_unet
from mvdream_cli.parts import Part
from mvdream_toybox.captions import caption
from mvdream_toybox.world import draw_spec

CAPTIONS_SEED, OBJECTS, TELLINGS = 777, 25_000, 3
FROM, AT_LAST = 950, 0.6  # timesteps, and the share of the last one


def with_pictures(pipeline, objects, images, options, *, seed: int, **others) -> Method:
    """The method of `train_unet` with other steps between its own."""
    method = train_unet(pipeline, objects, images, options, seed=seed, **others)
    cameras = camera_condition(orbit_views(VIEWS, RIG.elevation_deg[0]))  # (VIEWS, 16)
    texts = [
        caption(draw_spec(CAPTIONS_SEED, index, "train"), np.random.default_rng((CAPTIONS_SEED, index, telling)))
        for index in range(OBJECTS)
        for telling in range(TELLINGS)
    ]

    def step(i: int, part: Part):
        if i % 2 == 0:
            return method.step(i, part)
        rng, views = np.random.default_rng((seed, i, 7)), VIEWS if i % 4 == 3 else 1
        count = 8 if views == VIEWS else 32
        out = rng.random(count) < options.unet.caption_dropout
        asked = ["" if o else pipeline.asked(texts[k]) for o, k in zip(out, rng.integers(len(texts), size=count))]
        shown = cameras.repeat(count, 1) if views == VIEWS else cameras[torch.from_numpy(rng.integers(VIEWS, size=count))]
        timesteps = torch.from_numpy(np.where(rng.random(count) < AT_LAST, 999, rng.integers(FROM, 1000, count)))
        with torch.no_grad():
            text = pipeline.encode_prompt(asked)
            x = pipeline.prior(text, shown)
        noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(int(rng.integers(2**40))))
        text = text.repeat_interleave(views, 0)
        loss = denoising_errors(pipeline, x, noise, timesteps, text, shown, views).mean()
        return loss, {"loss_pictures": loss.detach()}

    return replace(method, step=step)


if __name__ == "__main__":
    command.train_unet = with_pictures
    main()
