"""Low-rank tuning of the UNet (LoRA, arXiv:2106.09685), by peft."""

from peft import LoraConfig
from torch import Tensor, nn

NAME = "subject"
TARGETS = ["to_q", "to_k", "to_v", "to_out.0"]  # of every attention


def add_lora(unet, rank: int) -> nn.ModuleDict:
    """Add a LoRA (two low-rank matrices) to every attention's projections; only it is trained. It changes nothing yet.

    Returns:
        The LoRA as a module: its state dict is all that a checkpoint needs.
    """
    unet.requires_grad_(False)
    unet.add_adapter(
        LoraConfig(r=rank, lora_alpha=rank, init_lora_weights="gaussian", target_modules=TARGETS), adapter_name=NAME
    )
    return nn.ModuleDict(
        {name.replace(".", "/"): nn.ModuleList([layer.lora_A[NAME], layer.lora_B[NAME]]) for name, layer in _layers(unet)}
    )


def remove_lora(unet) -> None:
    """Remove the LoRA again."""
    unet.unload_lora()


def lora_preservation(unet, norm: str = "l1") -> Tensor:
    """`losses.preservation_loss` of a UNet with LoRA: the difference of its weights is B A (MVDream, section 4.3).

    N is not the number of all weights of the UNet here: it counts those of the projections that have a LoRA, the only ones that
    can differ. At the published size those are 100 of 868 million, so that the same distance costs nine times as much.

    Args:
        norm: "l1" or "l2".
    """
    size = {"l1": Tensor.abs, "l2": Tensor.square}[norm]
    total, count = 0.0, 0
    for _, layer in _layers(unet):
        difference = layer.scaling[NAME] * layer.lora_B[NAME].weight.float() @ layer.lora_A[NAME].weight.float()
        total, count = total + size(difference).sum(), count + difference.numel()
    return total / count


def count_changed(unet) -> tuple[int, int]:
    """(projections that the LoRA changes, all projections)."""
    changed = [bool(layer.lora_B[NAME].weight.any()) for _, layer in _layers(unet)]
    return sum(changed), len(changed)


def _layers(unet) -> list[tuple[str, nn.Module]]:
    return [(name, module) for name, module in unet.named_modules() if NAME in getattr(module, "lora_A", {})]
