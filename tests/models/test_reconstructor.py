import torch
import torch.nn.functional as F

from mvdream_cli.cameras import orbit_views
from mvdream_cli.models.architectures import build_reconstructor
from mvdream_cli.models.load import load_pipeline, save_pipeline
from mvdream_cli.models.reconstructor import look_up


def example(views=4, objects=2, size=32):
    torch.manual_seed(0)
    c2w = orbit_views(views, 15.0, distance=1.77).expand(objects, -1, -1, -1)
    return torch.rand(objects, views, size, size, 3), c2w, torch.full((objects, views), 37.5), torch.rand(objects, 7, 3) - 0.5


def test_a_look_up_reads_what_grid_sample_reads():
    table, where = torch.randn(2 * 3 * 6 * 8, 5, requires_grad=True), torch.rand(2, 3, 7, 2) * 2.4 - 1.2
    pictures = table.view(6, 6, 8, 5).permute(0, 3, 1, 2)
    slow = F.grid_sample(pictures, where.flip(-1).view(6, 7, 1, 2), padding_mode="border", align_corners=False)
    slow = slow[..., 0].permute(0, 2, 1).reshape(-1, 5)
    fast = look_up(table, (6, 8), where)
    torch.testing.assert_close(fast, slow)
    (expected,), (found,) = (torch.autograd.grad(x.square().sum(), table) for x in (slow, fast))
    torch.testing.assert_close(found, expected)


def test_a_point_lies_where_its_camera_sees_it():
    network = build_reconstructor("tiny", 32)
    images, c2w, fovy_deg, _ = example(views=1)
    ahead = c2w[:, 0, :3, 3] - 1.5 * c2w[:, 0, :3, 2]  # on the axis of the camera
    up = ahead + 1.5 * torch.tan(torch.deg2rad(fovy_deg / 2)) * c2w[:, 0, :3, 1]  # at the upper border of its picture
    where, _ = network._project(network.read(images, c2w, fovy_deg), torch.stack([ahead, up], 1))
    torch.testing.assert_close(where[:, 0], torch.tensor([[0.0, 0.0], [-1.0, 0.0]]).expand(2, -1, -1), atol=1e-5, rtol=0)


def test_the_order_and_the_number_of_the_views_are_free():
    network = build_reconstructor("tiny", 32).eval()
    images, c2w, fovy_deg, points = example()
    distance, colors = network(images, c2w, fovy_deg, points)
    turned = network(images.roll(1, 1), c2w.roll(1, 1), fovy_deg, points)
    torch.testing.assert_close(turned[0], distance, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(turned[1], colors, atol=1e-5, rtol=1e-4)
    fewer, _ = network(images[:, :3], c2w[:, :3], fovy_deg[:, :3], points)
    assert fewer.shape == distance.shape and distance.abs().max() <= 0.1 and colors.min() >= 0 and colors.max() <= 1


def test_a_model_folder_holds_it(tiny, tmp_path):
    assert tiny.reconstructor is None
    network = build_reconstructor("tiny", 32)
    tiny.register_modules(reconstructor=network)
    again = load_pipeline(str(save_pipeline(tiny, tmp_path / "model", torch.float16)))
    for name, value in network.state_dict().items():
        assert torch.equal(again.reconstructor.state_dict()[name], value.half().float()), name
    assert network.dtype == torch.float32  # saving in float16 leaves the network itself as it was
