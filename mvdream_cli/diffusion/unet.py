"""MVDream's UNet is diffusers' UNet with a camera term beside the timestep and multi-view self-attention."""

from diffusers import UNet2DConditionModel
from torch import Tensor


class MultiViewUNet(UNet2DConditionModel):
    """UNet2DConditionModel with `class_embed_type="projection"` over the 16 camera numbers.

    Call: `unet(latents (B V, C, h, w), timesteps (B V,), text (B V, L, D), class_labels=camera (B V, 16) or None,
    cross_attention_kwargs={"num_views": V})`. Without a camera the term is absent, which zeros would not be: this is the
    2D mode of joint training and DreamBooth. The pipeline installs `MultiViewAttnProcessor`.
    """

    def get_class_embed(self, sample: Tensor, class_labels: Tensor | None) -> Tensor | None:
        return None if class_labels is None else super().get_class_embed(sample, class_labels)
