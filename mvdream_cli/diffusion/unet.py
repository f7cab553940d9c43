"""MVDream's UNet is diffusers' UNet with a camera term beside the timestep and multi-view self-attention."""

import contextlib
import inspect

import torch
from diffusers import UNet2DConditionModel
from diffusers.models.embeddings import TimestepEmbedding
from torch import Tensor, nn

from mvdream_cli.diffusion.attention import MultiViewAttnProcessor, add_view_layers

CAMERA_INPUT = ("time", "text")


class MultiViewUNet(UNet2DConditionModel):
    """UNet2DConditionModel with `class_embed_type="projection"` over the 16 camera numbers.

    Call: `unet(latents (B V, C, h, w), timesteps (B V,), text (B V, L, D), class_labels=camera (B V, 16) or None,
    cross_attention_kwargs={"num_views": V})`. Without a camera the term is absent, which zeros would not be: this is the
    2D mode of joint training and DreamBooth.

    Args:
        view_attention: one of `attention.VIEW_ATTENTION`; the paper's is "inflated".
        camera_input: where the camera enters (MVDream, section 3.1). "time", the paper's: added to the timestep's embedding.
            "text": one more token behind the prompt's.
        others: diffusers'. Both of ours stand in config.json only where they are not the paper's.
    """

    def __init__(self, *args, view_attention: str = "inflated", camera_input: str = "time", **kwargs):
        super().__init__(*args, **kwargs)
        chosen = {"view_attention": (view_attention, "inflated"), "camera_input": (camera_input, "time")}
        self.register_to_config(**{name: value for name, (value, usual) in chosen.items() if value != usual})
        self.camera_input = camera_input
        if view_attention in ("temporal", "new-3d"):
            add_view_layers(self)
        if camera_input == "text":
            width = self.config.cross_attention_dim
            self.camera_token = TimestepEmbedding(self.config.projection_class_embeddings_input_dim, width)
            self.class_embedding.requires_grad_(False)  # not asked
        self.set_attn_processor(MultiViewAttnProcessor(view_attention))

    # diffusers takes from a config what the signature names
    __init__.__signature__ = inspect.signature(UNet2DConditionModel.__init__).replace(
        parameters=[
            *inspect.signature(UNet2DConditionModel.__init__).parameters.values(),
            inspect.Parameter("view_attention", inspect.Parameter.KEYWORD_ONLY, default="inflated"),
            inspect.Parameter("camera_input", inspect.Parameter.KEYWORD_ONLY, default="time"),
        ]
    )

    def forward(self, sample: Tensor, timestep, encoder_hidden_states: Tensor, class_labels: Tensor | None = None, **kwargs):
        if self.camera_input == "text" and class_labels is not None:
            token = self.camera_token(class_labels)[:, None]  # (B V, 1, D)
            encoder_hidden_states, class_labels = torch.cat([encoder_hidden_states, token], 1), None
        return super().forward(sample, timestep, encoder_hidden_states, class_labels=class_labels, **kwargs)

    def get_class_embed(self, sample: Tensor, class_labels: Tensor | None) -> Tensor | None:
        return None if class_labels is None else super().get_class_embed(sample, class_labels)

    @contextlib.contextmanager
    def camera_embedded_by(self, embedding: nn.Module):
        """Within this context cameras go through another embedding, (N, 16) to that of the timestep."""
        before = self.class_embedding, self.camera_input
        self.class_embedding, self.camera_input = embedding, "time"
        try:
            yield
        finally:
            self.class_embedding, self.camera_input = before


def with_variants(unet: MultiViewUNet, view_attention: str | None, camera_input: str | None) -> MultiViewUNet:
    """The same UNet with another way between the views or for the camera; None keeps its own.

    What the two have in common is taken over; layers that only the new one has are drawn from torch's global generator.
    """
    own = unet.config.get("view_attention", "inflated"), unet.config.get("camera_input", "time")
    wanted = view_attention or own[0], camera_input or own[1]
    if wanted == own:
        return unet
    config = {key: value for key, value in unet.config.items() if key not in ("view_attention", "camera_input")}
    changed = MultiViewUNet.from_config(config, view_attention=wanted[0], camera_input=wanted[1]).to(unet.device, unet.dtype)
    changed.load_state_dict(unet.state_dict(), strict=False)
    return changed
