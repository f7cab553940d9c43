"""How well views show what a text says, by CLIP (Radford et al. 2021): the model's own towers, or those of any CLIP folder.

The model's own text tower is the one that its UNet listens to, so its samples may please it more than the truth does. A
CLIP that has nothing to do with the model is the better judge: `towers_from_folder`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from mvdream_cli.errors import ModelError


@dataclass(frozen=True)
class Towers:
    """Two towers that put pictures and texts into one space.

    name, resize: told beside every figure. embed_images: (N, H, W, 3) in [0, 1] to (N, E) of unit length. embed_texts: texts to
    (T, E) of unit length.
    """

    name: str
    resize: str
    embed_images: Callable[[Tensor], Tensor]
    embed_texts: Callable[[list[str]], Tensor]


def own_towers(pipeline, model: str, batch_size: int = 32) -> Towers:
    """The towers of a model itself, named as such; None where it has no image tower."""
    if pipeline.image_encoder is None:
        raise ModelError(f"{model} has no CLIP image tower; give --clip a CLIP folder")
    size, device = pipeline.image_encoder.config.image_size, pipeline.image_encoder.device

    @torch.no_grad()
    def embed_images(images: Tensor) -> Tensor:
        return torch.cat([pipeline.embed_images(chunk.to(device)).cpu() for chunk in images.split(batch_size)])

    @torch.no_grad()
    def embed_texts(texts: list[str]) -> Tensor:
        return torch.cat([pipeline.embed_texts(texts[k : k + batch_size]).cpu() for k in range(0, len(texts), batch_size)])

    return Towers(f"the own CLIP of {model}", f"{size} px, bilinear, antialiased", embed_images, embed_texts)


def towers_from_folder(name: str, device: str = "cpu", batch_size: int = 32) -> Towers:
    """Any CLIP that transformers can open: a folder, or a name that is in its cache or can be fetched.

    Pictures and texts are prepared by the processor of the folder, as torchmetrics' CLIPScore does; long texts are cut.

    Raises:
        ModelError: there is none, or it cannot be opened.
    """
    from transformers import CLIPModel, CLIPProcessor

    try:
        model = CLIPModel.from_pretrained(name).eval().to(device)
        processor = CLIPProcessor.from_pretrained(name)
    except Exception as error:  # whatever a missing or broken file makes the readers raise
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(
            f"--clip {name}: cannot be opened ({why}); give a folder of a CLIP model with its processor"
        ) from error

    @torch.no_grad()
    def embed_images(images: Tensor) -> Tensor:
        parts = []
        for chunk in images.split(batch_size):
            pixels = (chunk.cpu().permute(0, 3, 1, 2) * 255).round().to(torch.uint8)
            ready = processor.image_processor(list(pixels), return_tensors="pt").pixel_values.to(device)
            seen = model.visual_projection(model.vision_model(pixel_values=ready).pooler_output)
            parts.append(F.normalize(seen.float(), dim=-1).cpu())
        return torch.cat(parts)

    @torch.no_grad()
    def embed_texts(texts: list[str]) -> Tensor:
        longest, parts = model.config.text_config.max_position_embeddings, []
        for k in range(0, len(texts), batch_size):
            tokens = processor.tokenizer(
                texts[k : k + batch_size], padding=True, truncation=True, max_length=longest, return_tensors="pt"
            ).to(device)
            told = model.text_projection(model.text_model(tokens.input_ids, tokens.attention_mask).pooler_output)
            parts.append(F.normalize(told.float(), dim=-1).cpu())
        return torch.cat(parts)

    size = getattr(processor.image_processor, "crop_size", None) or {"height": "its own"}
    return Towers(f"CLIP {name}", f"{size['height']} px, as its processor does", embed_images, embed_texts)


@torch.no_grad()
def clip_similarity(pipeline, views: Tensor, texts: list[str]) -> Tensor:
    """Cosine similarity of each object with each text, its views' embeddings averaged.

    Args:
        pipeline: with an image encoder.
        views: (B, V, H, W, 3) in [0, 1].

    Returns:
        (B, len(texts)), in [-1, 1].
    """
    embeds = torch.stack([pipeline.embed_images(object_views).mean(0) for object_views in views])
    return embeds @ pipeline.embed_texts(texts).T


def clip_scores(views: Tensor, texts: Tensor) -> Tensor:
    """CLIP score of each object (Hessel et al. 2021, without their factor 2.5): 100 cos, the mean over its views.

    As torchmetrics, which cuts off the mean of a set at 0 and not single pairs; a trained CLIP's is far above.

    Args:
        views: embeddings (N, V, E) of unit length. texts: (N, E), of each object's own prompt.

    Returns:
        (N,), in [-100, 100].
    """
    return 100 * (views * texts[:, None]).sum(-1).mean(1)


def own_text_first(embeddings: Tensor, texts: Tensor, own: Tensor | None = None) -> Tensor:
    """CLIP R-Precision (DreamFusion, section 4.1; Park et al. 2021): is the own text the nearest of all to a rendering?

    Args:
        embeddings: (N, E) of one picture each. texts: (T, E), of all prompts of the set, each once.
        own: (N,) which text is that of picture i; None: text i.

    Returns:
        (N,) bool; a tie with another text is a miss.
    """
    likeness = embeddings @ texts.T
    own = torch.arange(len(embeddings)) if own is None else own
    return (likeness >= likeness.gather(1, own[:, None])).sum(1) == 1
