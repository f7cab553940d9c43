"""The picture prior learns what captions look like, and the UNet behind it is shown it."""

import torch

from mvdream_cli.data.latents import Latents
from mvdream_cli.methods.train_prior import train_prior
from mvdream_cli.models.architectures import add_prior
from mvdream_cli.settings.resolve import resolve


def learnt(tiny, tmp_path, captions, steps=150):
    """A prior's method after some steps on objects of random latents, one for each caption, all seen by the same cameras."""
    torch.manual_seed(0)
    add_prior("tiny", tiny)
    latents, cameras = torch.randn(len(captions), 4, 4, 8, 8), torch.randn(1, 4, 16).repeat(len(captions), 1, 1)
    file = {"latents": latents[:, None].half(), "cameras": cameras, "entries": torch.arange(len(captions))}
    asked = [f"train.batch_size={len(captions)}", "train.unet.caption_dropout=0", "train.preview_prompts=['a red toy']"]
    options = resolve("cpu", asked).train
    where = {"device": torch.device("cpu"), "dtype": torch.float32, "previews": tmp_path}
    method = train_prior(tiny, Latents([file], captions, seed=0), options, **where)
    optimizer = torch.optim.Adam(tiny.prior.parameters(), 1e-2)
    for i in range(steps):
        loss, _ = method.step(i, method.parts(i)[0])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return method, latents, cameras


def test_a_caption_is_answered_with_the_mean_of_what_it_means(tiny, tmp_path):
    """Two objects of one caption: their mean. One of another: itself."""
    captions = ["a red dog", "a red dog", "a blue car"]
    _, latents, cameras = learnt(tiny, tmp_path, captions)
    text = tiny.encode_prompt(captions[1:])
    pictures = tiny.prior(text, cameras[:2].flatten(0, 1)).unflatten(0, (2, 4)).detach()
    wanted = torch.stack([latents[:2].mean(0), latents[2]])
    # views of training come in any order of their groups: what remains of the truth's power
    assert ((pictures - wanted).square().mean((1, 2, 3, 4)) < 0.15).all()


def test_its_preview_is_the_picture_of_each_prompt(tiny, tmp_path):
    method, _, _ = learnt(tiny, tmp_path, ["a red dog", "a blue car"], steps=1)
    method.preview(7)
    assert (tmp_path / "step-00000007.png").is_file()
