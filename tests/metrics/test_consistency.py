import numpy as np
import torch

from mvdream_cli.cameras import orbit_views
from mvdream_cli.metrics.consistency import feature_distance, masked_psnr, opposite_agreement


def test_mirrored_silhouettes_agree_and_others_do_not():
    torch.manual_seed(0)
    halves = torch.rand(2, 2, 16, 16) > 0.5
    masks = torch.cat([halves, halves.flip(-1)], 1)
    torch.testing.assert_close(opposite_agreement(masks), torch.ones(2))
    assert opposite_agreement(torch.cat([halves, halves], 1)).max() < 0.6
    assert (opposite_agreement(torch.zeros(1, 4, 8, 8, dtype=torch.bool)) == 0).all()


def test_true_views_of_a_thing_agree_better_than_views_of_two():
    from mvdream_cli.raycast.embree import render_views
    from mvdream_cli.raycast.mesh import Mesh
    from mvdream_toybox.world import build, draw_spec

    c2w = orbit_views(4, 15.0, distance=1.2 / np.tan(np.deg2rad(20.0)) * 0.5)
    parts = [build(draw_spec(0, i, kinds=(kind,))) for i, kind in enumerate(("dog", "castle"))]
    views = [render_views(Mesh.from_part(p.vertices, p.faces, p.colors), c2w, 40.0, 48) for p in parts]
    masks = torch.stack([torch.as_tensor(np.asarray(v))[..., 3] > 0.5 for v in views])
    mixed = torch.stack([torch.cat([masks[0, :2], masks[1, 2:]])])
    assert opposite_agreement(masks).min() > 0.75 > opposite_agreement(mixed)[0]


def test_the_signal_to_noise_ratio_counts_the_object_alone():
    true = torch.zeros(2, 8, 8, 3)
    seen = true.clone()
    masks = torch.zeros(2, 8, 8, dtype=torch.bool)
    masks[:, :4] = True
    seen[:, :4] = 0.1
    seen[:, 4:] = 1.0  # outside the masks
    torch.testing.assert_close(masked_psnr(seen, true, masks), torch.tensor([20.0, 20.0]))
    assert masked_psnr(seen, true, torch.zeros_like(masks)).isnan().all()
    assert masked_psnr(true, true, masks).min() >= 99


def test_the_learned_distance_is_nothing_between_the_same():
    features = torch.rand(3, 5)
    torch.testing.assert_close(feature_distance(features, 2 * features), torch.zeros(3), atol=1e-6, rtol=0)
    assert feature_distance(features, -features).min() > 1.99
