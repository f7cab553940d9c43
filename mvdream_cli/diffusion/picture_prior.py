"""What a caption looks like before any noise is taken away: the mean of all pictures that it could mean, seen from a camera."""

import torch
import torch.nn.functional as F
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn

from mvdream_cli.diffusion.unet import MultiViewUNet

CAMERA_NUMBERS = 16
HEADS = 8


class PicturePrior(ModelMixin, ConfigMixin):
    """Text and camera to the mean of the latents, in one step.

    From pure noise the best answer of a denoiser is the mean of all pictures that the text could mean. A small UNet learns it
    slowly, from the noisy pictures of single objects, by convolutions that know no places. A regression learns it in minutes,
    and a UNet that is shown its answer beside the noisy latents has only to refine it. Of this project, after no paper; what it
    brings is measured in docs/log.md.

    Letters: N views; B texts; L tokens; D width of the text's states; C h w of a latent.

    Args:
        text_width: D.
        channels: C. size: h and w.
        read_width: of what is read of a token. width: of the layer where text and camera meet.
        pictures: number of those of which an answer is mixed.
    """

    @register_to_config
    def __init__(
        self, text_width: int, channels: int, size: int, read_width: int = 640, width: int = 1024, pictures: int = 896
    ):
        super().__init__()
        self.norm = nn.LayerNorm(text_width)
        self.read, self.weigh = nn.Linear(text_width, read_width), nn.Linear(read_width, HEADS)
        self.text, self.camera = nn.Linear(read_width + text_width, width), nn.Linear(CAMERA_NUMBERS, width)
        self.refine = nn.Linear(width, width)
        self.mix, self.picture = nn.Linear(width, pictures), nn.Linear(pictures, channels * size**2)

    def forward(self, text: Tensor, camera: Tensor) -> Tensor:
        """States of texts (B, L, D) and cameras (N, 16), N / B of each text in turn -> latents (N, C, h, w)."""
        told = self.told(text).repeat_interleave(len(camera) // len(text), 0)
        seen = F.gelu(told * self.camera(camera))
        seen = seen + F.gelu(self.refine(seen))
        return self.picture(F.gelu(self.mix(seen))).unflatten(1, (self.config.channels, self.config.size, self.config.size))

    def told(self, text: Tensor) -> Tensor:
        """(B, L, D) -> (B, width): the tokens pooled by eight heads, and the last state, which stands for the whole text."""
        text = self.norm(text)
        found = F.gelu(self.read(text))  # (B, L, read_width)
        weights = self.weigh(found).softmax(1)
        pooled = (found.unflatten(2, (HEADS, -1)) * weights[..., None]).sum(1).flatten(1)
        return self.text(torch.cat([pooled, text[:, -1]], 1))


def beside_pictures(unet: MultiViewUNet) -> MultiViewUNet:
    """The same UNet with room for a prior's picture behind the latents' channels, to which it gives no weight yet."""
    config = {key: value for key, value in unet.config.items() if not key.startswith("_")}
    wide = MultiViewUNet.from_config(config | {"in_channels": 2 * config["in_channels"]}).to(unet.device, unet.dtype)
    state = unet.state_dict()
    weight = state["conv_in.weight"]
    wide.load_state_dict(state | {"conv_in.weight": torch.cat([weight, torch.zeros_like(weight)], 1)})
    return wide
