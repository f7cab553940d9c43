"""Settings of `mvdream evaluate`. How samples are drawn is told by `sample_views`: a model is asked as it is asked for one."""

from typing import Literal

from pydantic import Field

from mvdream_cli.settings.fields import Count, Section, Size

Network = Literal["inception", "efficientnet-lite0"]


class Evaluate(Section):
    objects: Count = Field(1000, description="prompts, or objects, that are evaluated at most")
    batch_size: Count = Field(4, description="objects sampled at once; fewer where the memory is short")
    clip: str | None = Field(None, description="a CLIP folder that judges; none: the model's own CLIP, and named so")
    networks: tuple[Network, ...] = Field(
        ("inception", "efficientnet-lite0"), description="for distances between sets; one that cannot be had is left out"
    )
    judged_objects: int = Field(
        60, ge=0, description="objects of toybox prompts whose kind, color, worn thing and sides a judge is asked about"
    )
    fit_objects: int = Field(8, ge=0, description="objects whose views a field is fitted to, for their consistency")
    fit_steps: Count = Field(200, description="steps of such a fit")
    object_views: int = Field(8, ge=8, le=64, multiple_of=4, description="directions from which a finished object is seen")
    object_size_px: Size = Field(256, description="side of its pictures")
    examples: Count = Field(6, description="best and worst objects on the page")
