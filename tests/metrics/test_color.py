import torch

from mvdream_cli.metrics.color import saturation


def test_gray_has_none_red_has_all_and_only_the_object_counts():
    images = torch.full((3, 4, 4, 3), 0.5)
    images[0, :2] = torch.tensor([0.8, 0.0, 0.0])
    images[1, :2] = torch.tensor([0.8, 0.4, 0.4])
    images[:, 2:] = torch.tensor([0.2, 0.9, 0.1])  # around the object
    masks = torch.zeros(3, 4, 4, dtype=torch.bool)
    masks[:2, :2] = True
    found = saturation(images, masks)
    torch.testing.assert_close(found[:2], torch.tensor([1.0, 0.5]))
    assert found[2].isnan()
