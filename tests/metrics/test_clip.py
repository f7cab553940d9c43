"""CLIP similarity against embeddings taken one by one."""

import torch

from mvdream_cli.metrics.clip import clip_similarity


def test_similarity_is_the_mean_over_views(tiny):
    views = torch.rand(2, 3, 32, 32, 3)
    texts = ["a red dog", "a blue car", ""]
    similarity = clip_similarity(tiny, views, texts)
    assert similarity.shape == (2, 3)
    with torch.no_grad():
        for b in range(2):
            for k, text in enumerate(texts):
                each = [(tiny.embed_images(views[b, v : v + 1]) * tiny.embed_texts([text])).sum() for v in range(3)]
                torch.testing.assert_close(similarity[b, k], torch.stack(each).mean(), atol=1e-5, rtol=0)
