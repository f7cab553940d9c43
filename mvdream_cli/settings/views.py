"""Settings of `mvdream sample-views`."""

from pydantic import Field, model_validator

from mvdream_cli.settings.fields import Count, DenoisingSteps, Fraction, Section, Size, Views


class SampleViews(Section):
    negative_prompt: str = Field("", description="what to stay away from")
    suffix: str | None = Field(None, description="behind a prompt that says no 3d; none: that of the model's training")
    num_views: Views = Field(4, description="views of one object, at equal azimuth steps")
    camera: bool | None = Field(None, description="tell the model the cameras; none: unless one view is asked for (2D mode)")
    size_px: Size | None = Field(None, description="side of a view in pixels; none: what the model was trained with")
    samples: Count = Field(1, description="objects drawn, each from its own noise")
    steps: DenoisingSteps = Field(50, description="denoising steps")
    guidance_scale: float = Field(10.0, ge=0, le=200, description="classifier-free guidance; 1: none")
    guidance_rescale: Fraction = Field(0.0, description="blend towards the contrast of the conditional prediction")
    elevation_deg: float = Field(15.0, ge=-89, le=89, description="of all views, above the horizon; trained on 0 to 30")
    azimuth_deg: float = Field(90.0, ge=-360, le=360, description="of the first view; 90 looks at the front")
    azimuth_span_deg: float = Field(
        360.0, ge=-360, le=360, description="over which the views are spread; the last one stands a step before its end"
    )

    @model_validator(mode="after")
    def _views_have_cameras(self):
        if self.camera is False and self.num_views > 1:
            raise ValueError(f"without a camera each view would be another object; ask for 1 view, not {self.num_views}")
        return self

    def has_camera(self) -> bool:
        """Whether the views are drawn with their cameras, not as a picture in the 2D mode."""
        return self.num_views > 1 if self.camera is None else self.camera
