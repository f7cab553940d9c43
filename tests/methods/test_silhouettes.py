import torch

from mvdream_cli.cameras import get_rays, orbit_views
from mvdream_cli.data.streamed_objects import ObjectBatch
from mvdream_cli.methods.silhouettes import FAR_AWAY, INSIDE, RIM_PX, drawn_pixels, nearest_along, silhouette_loss
from mvdream_cli.parts import Part

SIZE, RADIUS = 32, 0.3


def ball(center=(0.0, 0.0, 0.0)):
    """Signed distance of a ball, as a network would tell it."""
    return lambda points: ((points - torch.tensor(center)).norm(dim=-1) - RADIUS, None)


def seen_ball(objects=2):
    """The silhouettes of a ball in the middle, from four sides: where the angle to the axis is less than its own."""
    c2w = orbit_views(4, 15.0, distance=1.77).expand(objects, -1, -1, -1)
    row = (torch.arange(SIZE) + 0.5) / SIZE * 2 - 1
    y, x = torch.meshgrid(row, row, indexing="ij")
    angle = torch.atan(torch.hypot(x, y) * torch.tan(torch.deg2rad(torch.tensor(37.5 / 2))))
    alpha = (angle < torch.asin(torch.tensor(RADIUS / 1.77))).float().expand(objects, 4, -1, -1)
    nothing = torch.zeros(objects, 1)
    images = torch.zeros(objects, 4, SIZE, SIZE, 3)
    return ObjectBatch(images, c2w, torch.full((objects, 4), 37.5), nothing, nothing, nothing, alpha)


def test_a_ball_has_its_own_silhouettes_and_a_ball_elsewhere_has_not():
    part = Part(0, 2, 2)
    _, right = silhouette_loss(*nearest_along(ball(), seen_ball(), part, 400))
    error, elsewhere = silhouette_loss(*nearest_along(ball((0.1, 0.1, 0.1)), seen_ball(), part, 400))
    assert right == 1 and elsewhere < 0.9 and error > 0.02


def test_the_nearest_point_of_a_ray_and_its_gradient_are_those_of_arithmetic():
    """From the middle of a ball to a line it is as far as the cross product says."""
    batch, part = seen_ball(), Part(0, 2, 2)
    center = torch.zeros(3, requires_grad=True)
    nearest, alpha = nearest_along(lambda points: ((points - center).norm(dim=-1) - RADIUS, None), batch, part, 300)
    pixels = drawn_pixels(batch.alpha, part.rand("rays", 300))
    rays_o, rays_d = (rays.flatten(1, 3) for rays in get_rays(batch.c2w, batch.fovy_deg, SIZE, SIZE))
    rays_o, rays_d = (rays.gather(1, pixels[..., None].expand(-1, -1, 3)) for rays in (rays_o, rays_d))
    truth = torch.linalg.cross(center - rays_o, rays_d, dim=-1).norm(dim=-1) - RADIUS
    meets = truth < 0.15  # of the others, some miss the box
    assert meets.sum() > 400 and ((truth < 0) == (alpha == 1)).all()
    assert (nearest > truth - 1e-4).all() and (nearest - truth)[meets].max() < 1e-3
    (of_samples,) = torch.autograd.grad(nearest[meets].sum(), center)
    (of_lines,) = torch.autograd.grad(truth[meets].sum(), center)
    torch.testing.assert_close(of_samples, of_lines, atol=0.03 * meets.sum().item(), rtol=0)


def test_what_a_ray_misses_is_pulled_to_it_where_it_is_nearest():
    distance = torch.full((1, 5), 0.05, requires_grad=True)
    loss, _ = silhouette_loss(distance, torch.tensor([[1.0, 0.0, 0.5, 1.0, 0.0]]))
    loss.backward()
    assert torch.equal(distance.grad.sign(), torch.tensor([[1.0, 0.0, 0.0, 1.0, 0.0]]))
    inside = torch.full((1, 5), -0.05, requires_grad=True)
    silhouette_loss(inside, torch.tensor([[1.0, 0.0, 0.5, 1.0, 0.0]]))[0].backward()
    assert torch.equal(inside.grad.sign(), torch.tensor([[0.0, -1.0, 0.0, 0.0, -1.0]]))


def test_most_rays_are_near_outlines_and_micro_batches_choose_the_same():
    alpha = torch.zeros(1, 2, 64, 64)
    alpha[:, :, 16:48, 16:48] = 1
    chosen = drawn_pixels(alpha, torch.linspace(0, 1, 20001)[None, :-1])[0]
    y, x = (chosen % 64**2) // 64, chosen % 64
    inner = ((y >= 16 + RIM_PX) & (y < 48 - RIM_PX) & (x >= 16 + RIM_PX) & (x < 48 - RIM_PX)).float().mean()
    outer = ((y < 16 - RIM_PX) | (y >= 48 + RIM_PX) | (x < 16 - RIM_PX) | (x >= 48 + RIM_PX)).float().mean()
    rim, inside, outside = 40**2 - 24**2, 24**2 * INSIDE, (64**2 - 40**2) * FAR_AWAY
    total = rim + inside + outside
    assert abs(inner - inside / total) < 0.01 and abs(outer - outside / total) < 0.01
    batch = seen_ball(4)
    whole, _ = nearest_along(ball(), batch, Part(0, 4, 4), 50)
    half = ObjectBatch(*(of[2:] for of in batch))
    assert torch.equal(whole[2:], nearest_along(ball(), half, Part(2, 4, 4), 50)[0])
