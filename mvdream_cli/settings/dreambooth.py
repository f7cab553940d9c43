"""Settings of `mvdream dreambooth`."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from mvdream_cli.settings.fields import Count, DenoisingSteps, Fraction, Positive, Section, Weight


class Preservation(Section):
    """The term that keeps the weights near where they were (MVDream, section 4.3).

    Its N counts all weights of the UNet, the camera embedding's among them; with a LoRA those of the projections that have one.
    """

    norm: Literal["l1", "l2"] = Field("l1", description="norm of the difference of the weights")
    weight: Weight = Field(1.0, description="weight of the term")


class PriorImages(Section):
    """Pictures of the subject's class, drawn by the base, to learn beside (DreamBooth, section 3.3)."""

    count: Annotated[int, Field(ge=0, le=1000)] = Field(0, description="how many; 0: none")
    prompt: str | None = Field(None, description="what they show; none: the subject's prompt without the rare word")
    weight: Weight = Field(1.0, description="weight of their loss")
    steps: DenoisingSteps = Field(50, description="denoising steps; of the previews 20")
    guidance_scale: float = Field(10.0, ge=0, le=200, description="classifier-free guidance, of the previews too")


class Optimizer(Section):
    learning_rate: Positive = Field(2e-6, description="AdamW's")
    weight_decay: Weight = Field(0.01, description="AdamW's")
    grad_clip: Positive | None = Field(None, description="largest norm of all gradients together; none: no clipping")


class Dreambooth(Section):
    images: str | None = Field(None, description="folder with 3 to 20 photographs of the subject")
    subject: str = Field("sks dog", min_length=1, description="a rare word and the subject's class")
    prompt: str = Field("photo of a {subject}", description="caption of a photograph that has no text file beside it")
    steps: Count = Field(600, description="optimizer steps")
    batch_size: Count = Field(4, description="photographs in one step")
    lora_rank: Annotated[int, Field(ge=0, le=256)] = Field(0, description="tune a LoRA of this rank; 0: all weights")
    attention: Literal["2d", "3d"] = Field(
        "2d", description="2d: each photograph alone, without a camera; 3d: taken for views of a rig, which costs consistency"
    )
    background: Fraction = Field(0.5, description="gray behind photographs that are partly transparent, or masked")
    gradient_checkpointing: bool = Field(False, description="recompute activations: less memory, a third more time")
    keep_best: bool = Field(
        True, description="take the preview's best state, if the model has a CLIP image tower; else the last"
    )
    save_half: bool = Field(True, description="write the finished model in float16")
    preview_prompts: list[str] = Field([], description="drawn in the previews beside the subject itself")
    preservation: Preservation = Preservation()
    prior_images: PriorImages = PriorImages()
    optimizer: Optimizer = Optimizer()

    @field_validator("prompt")
    @classmethod
    def _has_subject(cls, prompt: str) -> str:
        if "{subject}" not in prompt:
            raise ValueError('must hold {subject}, as in "photo of a {subject}"')
        return prompt

    @model_validator(mode="after")
    def _whole_rigs(self):
        if self.attention == "3d" and self.batch_size % 4:
            raise ValueError(f"batch_size ({self.batch_size}) must be a multiple of 4, the views of a rig, with attention 3d")
        return self
