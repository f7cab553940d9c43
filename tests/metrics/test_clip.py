"""CLIP: similarity, score and R-Precision against counts by hand and torchmetrics; any CLIP folder."""

import pytest
import torch
import torch.nn.functional as F

from mvdream_cli.errors import ModelError
from mvdream_cli.metrics.clip import clip_scores, clip_similarity, own_text_first, own_towers, towers_from_folder


@pytest.fixture(scope="module")
def clip_folder(tiny_folder, tmp_path_factory):
    """A tiny CLIP with the tokenizer of the tiny model."""
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, CLIPTokenizer

    torch.manual_seed(0)
    tokenizer = CLIPTokenizer.from_pretrained(tiny_folder / "tokenizer")
    tower = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    text = tower | {"vocab_size": len(tokenizer), "max_position_embeddings": 16, "eos_token_id": tokenizer.eos_token_id}
    config = CLIPConfig(text_config=text, vision_config=tower | {"image_size": 32, "patch_size": 8}, projection_dim=8)
    folder = tmp_path_factory.mktemp("clip")
    CLIPModel(config).save_pretrained(folder)
    image = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    CLIPProcessor(image, tokenizer).save_pretrained(folder)
    return folder


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


def test_the_score_equals_torchmetrics(clip_folder):
    theirs = pytest.importorskip("torchmetrics.multimodal.clip_score")
    from transformers import CLIPModel, CLIPProcessor

    torch.manual_seed(1)
    images = torch.randint(0, 256, (6, 40, 40, 3)).float() / 255
    texts = ["a red dog", "a blue car", "a crown", "a cat", "a green car", "a hat"]

    class Model(CLIPModel):
        """As torchmetrics 1.9 expects it: transformers 5 gives the features inside of an output."""

        def get_image_features(self, *args, **kwargs):
            return super().get_image_features(*args, **kwargs).pooler_output

        def get_text_features(self, *args, **kwargs):
            return super().get_text_features(*args, **kwargs).pooler_output

    metric = theirs.CLIPScore(lambda: (Model.from_pretrained(clip_folder), CLIPProcessor.from_pretrained(clip_folder)))
    metric.update([(image.permute(2, 0, 1) * 255).round().to(torch.uint8) for image in images], texts)
    towers = towers_from_folder(str(clip_folder), batch_size=4)
    ours = clip_scores(towers.embed_images(images)[:, None], towers.embed_texts(texts)).mean()
    assert float(ours.clamp(min=0)) == pytest.approx(float(metric.compute()), abs=1e-4)


def test_the_score_of_an_object_is_the_mean_of_its_views():
    views = F.normalize(torch.tensor([[[1.0, 0], [0, 1]], [[-1, 0], [-1, 0]]]), dim=-1)
    assert clip_scores(views, torch.tensor([[1.0, 0], [1, 0]])).tolist() == [50, -100]


def test_r_precision_equals_a_brute_force_count():
    torch.manual_seed(0)
    texts = F.normalize(torch.randn(60, 8), dim=-1)
    seen = F.normalize(texts + 0.7 * torch.randn(60, 8), dim=-1)
    right = own_text_first(seen, texts)
    by_hand = []
    for i in range(60):
        likeness = [float((seen[i] * texts[k]).sum()) for k in range(60)]
        by_hand.append(max(range(60), key=likeness.__getitem__) == i)
    assert right.tolist() == by_hand and 5 < sum(by_hand) < 55
    twice = own_text_first(torch.cat([seen, seen[:3]]), texts, torch.tensor([*range(60), 0, 1, 2]))
    assert twice.tolist() == by_hand + by_hand[:3]  # two objects of one prompt do not spoil each other
    same = torch.ones(3, 2)
    assert not own_text_first(same, same).any()  # a tie is no hit


def test_towers_say_what_they_are(tiny, clip_folder):
    own = own_towers(tiny, "tiny", batch_size=2)
    assert own.name == "the own CLIP of tiny" and own.embed_texts(["a dog", "a cat", "a car"]).shape[0] == 3
    images = torch.rand(5, 32, 32, 3)
    with torch.no_grad():
        torch.testing.assert_close(own.embed_images(images), tiny.embed_images(images), atol=1e-5, rtol=0)
    other = towers_from_folder(str(clip_folder))
    assert str(clip_folder) in other.name and other.resize.startswith("32 px")
    assert other.embed_texts(["a red dog " * 30]).norm().item() == pytest.approx(1)  # cut, not refused


def test_no_clip_is_said(tiny, tmp_path):
    with pytest.raises(ModelError, match="--clip .*cannot be opened"):
        towers_from_folder(str(tmp_path))
    tiny.image_encoder = None
    with pytest.raises(ModelError, match="no CLIP image tower; give --clip"):
        own_towers(tiny, "tiny")
