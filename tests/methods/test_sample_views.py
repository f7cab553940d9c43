import torch

from mvdream_cli.cameras import orbit_views
from mvdream_cli.methods.sample_views import rank_candidates, sample_views


def test_short_memory_draws_fewer_objects_at_once_and_the_same_ones(tiny, monkeypatch):
    options = {"steps": 1, "guidance_scale": 2.0, "negative_prompt": ""}
    whole = sample_views(tiny, "a red dog", orbit_views(4, 15.0), seeds=[1, 2, 3], **options)
    asked, predict = [], tiny.unet.forward

    def too_small(latents, *args, **kwargs):
        asked.append(len(latents))
        if len(latents) > 8:  # one object of four views, with and without the prompt
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.50 GiB")
        return predict(latents, *args, **kwargs)

    monkeypatch.setattr(tiny.unet, "forward", too_small)
    again = sample_views(tiny, "a red dog", orbit_views(4, 15.0), seeds=[1, 2, 3], **options)
    assert asked[0] == 24 and asked[-1] == 8
    torch.testing.assert_close(again, whole, atol=1e-4, rtol=0)


def test_the_best_candidate_has_the_most_likeness_and_agreement(tiny):
    views = torch.full((2, 4, 32, 32, 3), 0.5)
    views[0, :, 8:24, 8:24] = torch.tensor([1.0, 0.0, 0.0])  # the same silhouette from everywhere
    views[1, 0, 8:24, 8:24] = torch.tensor([1.0, 0.0, 0.0])  # seen from one side only
    order, likeness, agreement = rank_candidates(tiny, views, "a red dog", agreement_weight=100.0)
    assert order[0] == 0 and agreement[0] > agreement[1] and likeness.shape == (2,)
