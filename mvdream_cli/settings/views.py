"""Settings of `mvdream sample-views`."""

from pydantic import Field

from mvdream_cli.settings.fields import Count, DenoisingSteps, Section, Views


class SampleViews(Section):
    negative_prompt: str = Field("", description="what to stay away from")
    suffix: str = Field(", 3d asset", description="appended to the prompt, as in training")
    num_views: Views = Field(4, description="views of one object, at equal azimuth steps")
    samples: Count = Field(1, description="objects drawn, each from its own noise")
    steps: DenoisingSteps = Field(50, description="denoising steps")
    guidance_scale: float = Field(10.0, ge=0, le=200, description="classifier-free guidance; 1: none")
    elevation_deg: float = Field(15.0, ge=-89, le=89, description="of all views, above the horizon; trained on 0 to 30")
    azimuth_deg: float = Field(90.0, ge=-360, le=360, description="of the first view; 90 looks at the front")
