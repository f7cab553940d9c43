"""`mvdream train` where three of four steps teach a UNet the mean pictures of captions, without what makes objects differ.

    python -m benchmarks.mini.picture_steps pictured/picture.pt train --component unet --data toybox --init pictured ...

At nearly pure noise the answer to a caption is the mean of all pictures that it could mean. Single objects differ from that
mean by five times the UNet's error, so that it takes hundreds of thousands of them to learn it. The file that
`picture_states` leaves in the model folder has that mean for any caption. These steps ask for it at timesteps from 950 on,
mostly the last: of 24 captions in one view each, or, in every fourth step, of eight in four views. The other steps are as
always.

All arguments behind the file are `mvdream`'s.
"""

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

import mvdream_cli.commands.train as command
from benchmarks.kinds import RIG, VIEWS
from benchmarks.mini.picture_states import SHORT, Picture
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


def with_pictures(file: Path, pipeline, objects, images, options, *, seed: int, **others) -> Method:
    """The method of `train_unet` with other steps between its own."""
    method = train_unet(pipeline, objects, images, options, seed=seed, **others)
    picture, cameras = Picture.load(file), camera_condition(orbit_views(VIEWS, RIG.elevation_deg[0]))
    texts = [
        caption(draw_spec(CAPTIONS_SEED, index, "train"), np.random.default_rng((CAPTIONS_SEED, index, telling)))
        for index in range(OBJECTS)
        for telling in range(TELLINGS)
    ]

    def step(i: int, part: Part):
        if i % 4 == 0:
            return method.step(i, part)
        rng, views = np.random.default_rng((seed, i, 7)), VIEWS if i % 4 == 3 else 1
        count = 8 if views == VIEWS else 24
        out = rng.random(count) < options.unet.caption_dropout
        asked = ["" if o else texts[k] for o, k in zip(out, rng.integers(len(texts), size=count))]
        with torch.no_grad():
            latents = picture.latents(pipeline.tokenize(asked)[:, :SHORT])  # (count, V, C, h, w)
            text = pipeline.encode_prompt(asked).repeat_interleave(views, 0)
        every, any_one = torch.arange(VIEWS).repeat(count, 1), torch.from_numpy(rng.integers(VIEWS, size=(count, 1)))
        shown = every if views == VIEWS else any_one
        x, camera = latents[torch.arange(count)[:, None], shown].flatten(0, 1), cameras[shown].flatten(0, 1)
        timesteps = torch.from_numpy(np.where(rng.random(count) < AT_LAST, 999, rng.integers(FROM, 1000, count)))
        noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(int(rng.integers(2**40))))
        loss = denoising_errors(pipeline, x, noise, timesteps, text, camera, views).mean()
        return loss, {"loss_pictures": loss.detach()}

    return replace(method, step=step)


if __name__ == "__main__":
    command.train_unet = partial(with_pictures, Path(sys.argv.pop(1)))
    main()
