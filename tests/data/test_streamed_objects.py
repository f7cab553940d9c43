import numpy as np
import torch

from mvdream_cli.data.set_stream import SetStream
from mvdream_cli.data.streamed_objects import StreamedObjects
from mvdream_cli.data.views import index_views
from mvdream_cli.parts import Part, equal_parts

CPU = torch.device("cpu")
WHOLE = Part(0, 2, 2)


def objects(folder, redraw=None, **options):
    stream = SetStream(index_views(folder), views=4, seed=3, batch_size=2, points=True)
    return StreamedObjects(stream, redraw, device=CPU, **{"background": 0.5} | options)


def same(first, second):
    return all(torch.equal(a, b) for a, b in zip(first, second))


def test_a_step_takes_whole_objects_and_some_of_their_points(point_set):
    drawn = objects(point_set).draw(0, WHOLE, 100)
    shapes = [(2, 4, 32, 32, 3), (2, 4, 4, 4), (2, 4), (2, 100, 3), (2, 100), (2, 100, 3), (2, 4, 32, 32)]
    assert [tuple(x.shape) for x in drawn] == shapes
    shown = (drawn.images - 128 / 255).abs().amax(-1) > 0.02
    assert drawn.alpha.amax() == 1 and (drawn.alpha[shown] > 0).all()
    assert torch.allclose(drawn.images[0, 0, 0, 0], torch.tensor(128 / 255)) and drawn.images.dtype == torch.float32


def test_micro_batches_cut_a_step_and_a_new_process_draws_the_same(point_set):
    whole = objects(point_set, repeats=3, keep=2).draw(7, WHOLE, 50)
    again = objects(point_set, repeats=3, keep=2)
    again.draw(6, WHOLE, 50)
    parts = [again.draw(7, part, 50) for part in equal_parts(2)]
    assert same(whole, [torch.cat([a, b]) for a, b in zip(*parts)])


def test_objects_come_again_with_other_points(point_set):
    shown = objects(point_set, repeats=4, keep=1)
    first, second = shown.draw(0, WHOLE, 50), shown.draw(1, WHOLE, 50)
    assert torch.equal(first.images.sum((1, 2, 3, 4)).sort().values, second.images.sum((1, 2, 3, 4)).sort().values)
    assert not torch.equal(first.points.sort(0).values, second.points.sort(0).values)


def test_views_are_redrawn_once_for_all_steps_that_show_them(point_set):
    calls = []

    def white(images, c2w, captions, part):
        calls.append((images.shape, c2w.shape, captions, part.rand("x").tolist()))
        return torch.ones_like(images)

    shown = objects(point_set, white, repeats=2, keep=1)
    for i in range(4):
        assert (shown.draw(i, WHOLE, 10).images == 1).all()
    assert len(calls) == 2 and calls[0][0] == (2, 4, 32, 32, 3) and len(calls[0][2]) == 2
    calls.clear()
    objects(point_set, white, repeats=2, keep=1).draw(3, WHOLE, 10)
    again = calls[0][3]
    calls.clear()
    objects(point_set, white, repeats=2, keep=1).draw(2, WHOLE, 10)
    assert calls[0][3] == again  # batch 1 has the same random numbers whenever it is made


def test_a_sample_shows_the_first_half_as_it_is(point_set):
    sample = objects(point_set, lambda images, *_: torch.ones_like(images)).sample(4)
    assert (sample.images[2:] == 1).all() and (sample.images[:2] < 1).any()
    assert sample.points.shape == (4, 300, 3)


def test_a_random_gray_contrasts(point_set):
    drawn = objects(point_set, background=None).draw(0, WHOLE, 10)
    grays = drawn.images[:, 0, 0, 0]
    assert np.allclose(grays[:, :1], grays) and not torch.equal(grays[0], grays[1])
