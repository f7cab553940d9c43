import numpy as np
import pytest
import torch

from mvdream_cli.cameras import orbit_views
from mvdream_cli.data.set_stream import SetStream
from mvdream_cli.data.streamed_objects import ObjectBatch, StreamedObjects
from mvdream_cli.data.views import index_views
from mvdream_cli.engine.device import seed_step
from mvdream_cli.methods.train_reconstructor import (
    augmented,
    fewer_views,
    mirrored,
    reconstruction_loss,
    redraw_of,
    train_reconstructor,
)
from mvdream_cli.models.architectures import build_reconstructor
from mvdream_cli.parts import Part
from mvdream_cli.settings.resolve import resolve
from mvdream_cli.settings.train import ReconstructorTraining

CPU = torch.device("cpu")


def training(folder, tmp_path, *settings):
    options = resolve("cpu", ["train.reconstructor.points=64", *(f"train.{value}" for value in settings)]).train
    stream = SetStream(index_views(folder), views=4, seed=0, batch_size=options.batch_size, points=True)
    objects = StreamedObjects(stream, None, device=CPU, background=0.5, repeats=4)
    seed_step(0, -1)
    network = build_reconstructor("tiny", 32)
    return network, train_reconstructor(network, objects, options, device=CPU, dtype=torch.float32, previews=tmp_path)


def example(objects=3):
    torch.manual_seed(0)
    c2w = orbit_views(4, 15.0, distance=1.77).expand(objects, -1, -1, -1)
    points = torch.rand(objects, 20, 3) - 0.5
    distance, colors = torch.rand(objects, 20) * 0.2 - 0.1, torch.rand(objects, 20, 3)
    images, alpha = torch.rand(objects, 4, 32, 32, 3), torch.rand(objects, 4, 32, 32).round()
    return ObjectBatch(images, c2w, torch.full((objects, 4), 37.5), points, distance, colors, alpha)


def test_steps_learn_and_leave_the_average(point_set, tmp_path):
    network, method = training(point_set, tmp_path, "batch_size=4", "reconstructor.fewer_views_probability=0")
    optimizer, losses = torch.optim.Adam(network.parameters(), 3e-3), []
    for i in range(20):
        loss, stats = method.step(i, method.parts(i)[0])
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:3])
    assert stats.keys() == {"distance_error", "color_error", "sign_right", "silhouettes_right"}
    assert method.shrink() == "2 micro-batches of 2 objects; the batch stays the same"
    method.preview(3)
    assert (tmp_path / "step-00000003.png").is_file()
    method.close()


def test_without_their_weight_no_rays_are_cast(point_set, tmp_path):
    _, method = training(point_set, tmp_path, "batch_size=4", "reconstructor.silhouette_weight=0")
    assert "silhouettes_right" not in method.step(0, method.parts(0)[0])[1]
    method.close()


def test_micro_batches_of_a_step_show_the_same_views(point_set, tmp_path):
    settings = ReconstructorTraining(fewer_views_probability=1.0)
    counts = [{fewer_views(example(), i, 0, settings).alpha.shape[1] for _ in range(2)} for i in range(20)]
    assert all(len(seen) == 1 for seen in counts) and {n for seen in counts for n in seen} == {1, 2, 3}
    assert fewer_views(example(), 0, 0, ReconstructorTraining(fewer_views_probability=0)).c2w.shape[1] == 4


def test_a_mirrored_object_is_seen_where_its_mirrored_pictures_show_it():
    batch, network = example(), build_reconstructor("tiny", 32)
    turned = mirrored(batch, torch.tensor([True, False, True]))
    before, _ = network._project(network.read(*batch[:3]), batch.points)
    after, _ = network._project(network.read(*turned[:3]), turned.points)
    sides = torch.tensor([-1.0, 1.0, -1.0]).view(3, 1, 1)
    torch.testing.assert_close(after[..., 0], before[..., 0], atol=1e-5, rtol=0)  # rows
    torch.testing.assert_close(after[..., 1], before[..., 1] * sides, atol=1e-5, rtol=0)  # columns
    torch.testing.assert_close(torch.linalg.det(turned.c2w[..., :3, :3]), torch.ones(3, 4))
    assert torch.equal(turned.images[0], batch.images[0].flip(2)) and torch.equal(turned.images[1], batch.images[1])
    assert torch.equal(turned.alpha[0], batch.alpha[0].flip(2)) and torch.equal(turned.alpha[1], batch.alpha[1])
    again = mirrored(turned, torch.tensor([True, False, True]))
    assert all(torch.allclose(a, b) for a, b in zip(again, batch))


def test_without_augmentation_nothing_changes_and_tones_change_views_and_colors_alike():
    batch = example()
    plain = augmented(batch, ReconstructorTraining(mirror_probability=0, tone=0, blur=0), Part(0, 3, 3))
    assert all(torch.allclose(a, b) for a, b in zip(plain, batch))
    flat = batch._replace(images=torch.full_like(batch.images, 0.4), colors=torch.full_like(batch.colors, 0.4))
    toned = augmented(flat, ReconstructorTraining(mirror_probability=0, tone=0.3), Part(0, 3, 3))
    torch.testing.assert_close(toned.images[:, 0, 5, 5], toned.colors[:, 0])
    assert (toned.images - 0.4).abs().max() > 0.01


def test_the_loss_of_the_truth_is_small_and_of_the_opposite_large():
    batch = example()
    good, stats = reconstruction_loss(batch.distance, batch.colors, batch, 0.3, 1.0)
    bad, _ = reconstruction_loss(-batch.distance, 1 - batch.colors, batch, 0.3, 1.0)
    assert good < 0.2 < bad and stats["sign_right"] == 1 and stats["color_error"] == 0


@pytest.mark.parametrize(("redrawn", "decoded"), [(1.0, 0.0), (0.0, 1.0), (0.0, 0.0)])
def test_views_are_redrawn_as_often_as_asked(redrawn, decoded, tiny):
    settings = ReconstructorTraining(redrawn_probability=redrawn, decoded_probability=decoded, redraw_steps=1)
    batch, words = example(), ["a red dog", "a blue cat", "a red car"]
    shown = redraw_of(tiny, settings, torch.float32)(batch.images, batch.c2w, words, Part(0, 3, 3))
    again = redraw_of(tiny, settings, torch.float32, at_once=1)(batch.images, batch.c2w, words, Part(0, 3, 3))
    assert torch.equal(shown, batch.images) == (redrawn + decoded == 0)
    torch.testing.assert_close(again, shown, atol=1e-4, rtol=1e-4)
