"""A UNet whose training steps are replayed as CUDA graphs: no time is lost between its kernels."""

import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionOutput
from torch import Tensor, nn


def replay_training_steps(unet: nn.Module) -> None:
    """From now on, calls in training mode are captured once per shape of their inputs, forward and backward, then replayed.

    The weights must stay where they are, in half precision (`MasterAdamW` takes a gradient away before the next replay
    overwrites it), and no random numbers may be drawn inside. In evaluation mode nothing changes.
    """
    plain, graphs = unet.forward, {}

    def forward(latents, timesteps, text, class_labels=None, cross_attention_kwargs=None):
        num_views = (cross_attention_kwargs or {}).get("num_views", 1)
        if not unet.training or not torch.is_grad_enabled():
            return plain(latents, timesteps, text, class_labels=class_labels, cross_attention_kwargs=cross_attention_kwargs)
        inputs = [latents, timesteps, text, *([] if class_labels is None else [class_labels])]
        key = (num_views, *(tuple(x.shape) for x in inputs))
        if key not in graphs:
            examples = tuple(x.detach().clone() for x in inputs)
            graphs[key] = torch.cuda.make_graphed_callables(  # without a camera, its embedding is not used
                _Call(unet, plain, num_views), examples, allow_unused_input=True
            )
        return UNet2DConditionOutput(sample=graphs[key](*inputs))

    unet.forward = forward


class _Call(nn.Module):
    """The UNet's plain forward with tensors alone for arguments, as a capture wants it."""

    def __init__(self, unet: nn.Module, plain, num_views: int):
        super().__init__()
        self.unet, self.plain, self.num_views = unet, plain, num_views

    def forward(self, latents: Tensor, timesteps: Tensor, text: Tensor, camera: Tensor | None = None) -> Tensor:
        return self.plain(
            latents, timesteps, text, class_labels=camera, cross_attention_kwargs={"num_views": self.num_views}
        ).sample
