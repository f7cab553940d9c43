"""Samples of a model for many prompts, as the paper's evaluation draws them (MVDream, section 4.1): V views each, DDIM."""

from torch import Tensor

from mvdream_cli.cameras import orbit_views
from mvdream_cli.methods.view_store import ViewStore
from mvdream_cli.settings.views import SampleViews


def sample_set(pipeline, prompts: list[str], options: SampleViews, store: ViewStore, *, seed: int, batch_size: int) -> None:
    """Draw one object for each prompt; object k from seed + k, so that it depends neither on its batch nor on the rank.

    Args:
        options: how, as `mvdream sample-views` draws them.
    """
    c2w = orbit_views(options.num_views, options.elevation_deg, options.azimuth_deg)

    def make(some: list[int]) -> Tensor:
        return pipeline(
            [pipeline.asked(prompts[k], options.suffix) for k in some],
            c2w,
            seeds=[seed + k for k in some],
            negative_prompt=options.negative_prompt,
            guidance_scale=options.guidance_scale,
            guidance_rescale=options.guidance_rescale,
            steps=options.steps,
        )

    store.fill(make, batch_size, "sampling")
