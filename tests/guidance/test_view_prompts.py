import pytest
import torch

from mvdream_cli.guidance.view_prompts import direction_weights, text_of_views, view_prompts


@pytest.mark.parametrize(
    ("azimuth", "elevation", "weights"),
    [
        (90, 0, [1, 0, 0, 0]), (-270, 0, [1, 0, 0, 0]), (270, 0, [0, 0, 1, 0]), (0, 10, [0, 1, 0, 0]), (180, 60, [0, 1, 0, 0]),
        (135, 0, [0.5, 0.5, 0, 0]), (225, 0, [0, 0.5, 0.5, 0]), (90, 61, [0, 0, 0, 1]),
    ],
)  # fmt: skip
def test_directions_are_interpolated_by_azimuth(azimuth, elevation, weights):
    found = direction_weights(torch.tensor([float(azimuth)]), torch.tensor([float(elevation)]))
    torch.testing.assert_close(found, torch.tensor([weights], dtype=torch.float32))


def test_embeddings_follow_the_weights():
    assert view_prompts("a dog")[3] == "a dog, overhead view"
    text = torch.randn(4, 5, 6)
    mixed = text_of_views(text, torch.tensor([90.0, 135.0]), torch.zeros(2))
    torch.testing.assert_close(mixed, torch.stack([text[0], (text[0] + text[1]) / 2]))


@pytest.mark.parametrize(
    ("azimuth", "elevation", "weights"),
    [(90, 0, [1, 0, 0, 0]), (119, 0, [1, 0, 0, 0]), (121, 0, [0, 1, 0, 0]), (61, 0, [1, 0, 0, 0]), (239, 0, [0, 1, 0, 0]),
     (241, 0, [0, 0, 1, 0]), (299, 60, [0, 0, 1, 0]), (270, 61, [0, 0, 0, 1])],
)  # fmt: skip
def test_directions_may_be_sectors(azimuth, elevation, weights):
    found = direction_weights(torch.tensor([float(azimuth)]), torch.tensor([float(elevation)]), 30.0)
    torch.testing.assert_close(found, torch.tensor([weights], dtype=torch.float32))


def test_sjc_says_the_direction_first():
    found = view_prompts("a dog", words_first=True)
    assert found == ["front view of a dog", "side view of a dog", "backside view of a dog", "overhead view of a dog"]
