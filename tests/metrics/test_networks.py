"""The networks that look at pictures: named, and left out in words where they cannot be had."""

import builtins
import sys
import types

import pytest
import torch

from mvdream_cli.errors import ModelError
from mvdream_cli.metrics.networks import NAMES, NETWORKS, efficientnet_lite0, efficientnet_module, inception


def test_efficientnet_gives_features_and_logits_under_its_own_name():
    pytest.importorskip("efficientnet_lite_pytorch")
    network = efficientnet_lite0()
    features, logits = network.of(torch.rand(3, 40, 40, 3), batch_size=2)
    assert features.shape == (3, 1280) and logits.shape == (3, 1000)
    assert (network.distance, network.score) == NAMES["efficientnet-lite0"]
    assert "FID" not in network.distance and "IS" not in network.score
    x = torch.nn.functional.interpolate(
        torch.rand(1, 3, 40, 40, generator=torch.Generator().manual_seed(0)), size=(224, 224), mode="bilinear", antialias=True
    )
    image = torch.rand(1, 3, 40, 40, generator=torch.Generator().manual_seed(0)).permute(0, 2, 3, 1)
    with torch.no_grad():
        torch.testing.assert_close(network.of(image)[1], efficientnet_module()(x * 2 - 1), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("network", "says"), [(inception, "torch-fidelity"), (efficientnet_module, "mvdream-cli")])
def test_a_network_that_is_not_installed_is_said(network, says, monkeypatch):
    true_import = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith(("torch_fidelity", "efficientnet")):
            raise ImportError(name)
        return true_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ModelError, match=f"not installed; pip install .*{says}"):
        network.__wrapped__()


def test_weights_that_cannot_be_fetched_are_said(monkeypatch):
    def no_network(*_):
        raise OSError("Name or service not known\nand a long story")

    module = types.ModuleType("torch_fidelity.feature_extractor_inceptionv3")
    module.FeatureExtractorInceptionV3 = no_network
    monkeypatch.setitem(sys.modules, "torch_fidelity", types.ModuleType("torch_fidelity"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    with pytest.raises(ModelError, match=r"weights of Inception v3 cannot be fetched \(Name or service not known\)"):
        inception.__wrapped__()


def test_every_network_has_names_of_its_own():
    names = [name for pair in NAMES.values() for name in pair]
    assert NAMES.keys() == NETWORKS.keys() and len(set(names)) == len(names)
