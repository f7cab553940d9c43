import pytest
import torch

from mvdream_cli.data.set_stream import SetStream
from mvdream_cli.data.streamed import StreamedPictures
from mvdream_cli.data.views import index_views
from mvdream_cli.errors import ModelError
from mvdream_cli.methods.train_vae import scale_latents, train_vae
from mvdream_cli.settings.resolve import resolve


def test_a_step_learns_and_latents_get_unit_variance(tiny, view_set, tmp_path):
    pictures = StreamedPictures(SetStream(index_views(view_set), views=1, seed=0, batch_size=4), contrast=False)
    options = resolve("cpu", ["train.batch_size=4"]).train
    method = train_vae(tiny, pictures, options, device=torch.device("cpu"), seed=0, previews=tmp_path)
    loss, stats = method.step(0, method.parts(0)[0])
    loss.backward()
    assert torch.isfinite(stats["psnr_db"]) and any(p.grad is not None for p in tiny.vae.decoder.parameters())
    assert method.shrink().startswith("2 micro-batches of 2 images")
    method.preview(3)
    assert (tmp_path / "step-00000003.png").is_file()
    method.close()
    scale_latents(tiny, pictures, 0)
    before = tiny.vae.config.scaling_factor
    scale_latents(tiny, pictures, 0)
    assert abs(tiny.vae.config.scaling_factor / before - 1) < 1e-3


def test_an_autoencoder_of_another_kind_is_refused(tiny_with_posterior, tmp_path):
    options = resolve("cpu", ["train.init=sd-v2.1-base-4view"]).train
    with pytest.raises(ModelError, match="sd-v2.1-base-4view: its autoencoder is a AutoencoderKL, .*take mini"):
        train_vae(tiny_with_posterior, None, options, device=torch.device("cpu"), seed=0, previews=tmp_path)
