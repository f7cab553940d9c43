"""Whether a personalised model draws its subject, and whether it still draws everything else."""

import torch
from torch import Tensor


def _direction(pipeline, images: Tensor) -> Tensor:
    """Mean CLIP embedding of images (N, H, W, 3), of unit length."""
    return torch.nn.functional.normalize(pipeline.embed_images(images).mean(0), dim=-1)


class SubjectGauge:
    """Cosine similarities in the space of the model's own CLIP image tower.

    Args:
        pipeline: with an image encoder.
        photographs: (N, H, W, 3) in [0, 1], of the subject.
        class_views: (V, H, W, 3), the class as drawn before the tuning.
    """

    @torch.no_grad()
    def __init__(self, pipeline, photographs: Tensor, class_views: Tensor):
        self.pipeline = pipeline
        self.subject, self.before = _direction(pipeline, photographs), _direction(pipeline, class_views)

    @torch.no_grad()
    def measure(self, subject_views: Tensor, class_views: Tensor) -> dict[str, float]:
        """{"likeness": of the subject's views to the photographs, "class_kept": of the class's views to those before}."""
        return {
            "likeness": float(_direction(self.pipeline, subject_views) @ self.subject),
            "class_kept": float(_direction(self.pipeline, class_views) @ self.before),
        }


def likeness_to_photographs(views: Tensor, photographs: Tensor) -> Tensor:
    """CLIP-I of DreamBooth (Ruiz et al. 2023, section 4.1): mean cosine of each object's views with all photographs.

    Args:
        views: embeddings (N, V, E). photographs: (P, E); all of unit length.

    Returns:
        (N,), in [-1, 1].
    """
    return (views @ photographs.T).mean((1, 2))
