"""Settings of `mvdream train`."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from mvdream_cli.settings.fields import Count, Fraction, Positive, Probability, Section, Size, Weight


class Optimizer(Section):
    learning_rate: Positive = Field(1e-5, description="AdamW's, after the warm-up (not stated in the paper)")
    warmup_steps: int = Field(1000, ge=0, description="steps of linear warm-up")
    final_learning_rate_fraction: Fraction = Field(1.0, description="learning rate at the end of half a cosine; 1: constant")
    weight_decay: Weight = Field(0.01, description="AdamW's")
    eight_bit: bool = Field(False, description="AdamW's averages in 8 bits, a quarter of the memory; needs bitsandbytes")
    grad_clip: Positive | None = Field(1.0, description="largest norm of all gradients together; none: no clipping")
    ema_decay: float = Field(0.9999, ge=0, lt=1, description="of the averaged weights that are exported")


class UNetTraining(Section):
    views_per_object: Count = Field(4, description="views seen together, at equal azimuth steps")
    attention: Literal["inflated", "temporal", "new-3d", "none"] | None = Field(
        None, description="between the views, the paper's ablation; none: that of init, else the paper's, inflated"
    )
    camera: Literal["time", "text"] | None = Field(
        None, description="with the timestep, or a token behind the text; none: that of init, else the paper's, time"
    )
    single_image_probability: Probability = Field(0.3, description="of a step on single images, without cameras")
    caption_dropout: Probability = Field(0.1, description="of a caption left out, for classifier-free guidance")
    timestep_power: Positive = Field(1.0, description="timesteps are drawn as u**power; below 1: more of the noisy ones")
    background: Fraction | None = Field(
        None, description="gray behind the objects, encoded once; none: a random one each time an object is seen"
    )
    grays: int = Field(
        0, ge=0, description="where the background is random: grays over which each object is encoded once; 0: anew each time"
    )
    min_snr_gamma: Positive | None = Field(
        None, description="weight of a timestep in the loss: min(SNR, gamma), in terms of x0; none: the paper's, all alike"
    )
    gradient_checkpointing: bool = Field(False, description="recompute activations: less memory, a third more time")
    encode_batch_size: Count = Field(8, description="objects encoded at once")


class VaeTraining(Section):
    crop_px: Size | None = Field(None, description="side of the training crops; none: whole views")
    latent_noise: Weight = Field(0.05, description="noise on the latents that the decoder sees, in their standard deviation")
    edge_weight: Weight = Field(0.5, description="weight of the image-gradient term")


class ClipTraining(Section):
    freeze_text: bool = Field(
        False, description="leave the text tower as a UNet reads it; its projection and the image tower learn"
    )
    word_weight: Weight = Field(
        1.0, description="of the words that the text tower's states must tell; 0: the contrast alone, which may forget them"
    )


class ReconstructorTraining(Section):
    """Views to signed distance and color; `train.stream` counts for rendered sets too."""

    views_per_object: Count = Field(4, description="views seen together, at equal azimuth steps")
    fewer_views_probability: Probability = Field(0.15, description="of a step that shows fewer of them")
    points: Count = Field(1536, description="points of an object in one step")
    points_per_object: Count = Field(6144, description="points drawn of an object of the toybox, for all steps that show it")
    background: Fraction | None = Field(0.5, description="gray behind the objects; none: a random one for each")
    redrawn_probability: Probability = Field(0.5, description="of an object that is noised and denoised by init's UNet")
    decoded_probability: Probability = Field(0.15, description="of one that goes through init's autoencoder only")
    timesteps: tuple[Annotated[int, Field(ge=1, le=999)], Annotated[int, Field(ge=1, le=999)]] = Field(
        (80, 650), description="range of the noise of redrawn objects"
    )
    redraw_steps: Count = Field(3, description="denoising steps of redrawn objects")
    mirror_probability: Probability = Field(0.5, description="of an object whose left and right are exchanged")
    tone: Fraction = Field(0.1, description="largest change of a color's strength")
    blur: Fraction = Field(0.8, description="largest blur of the views; 1: a pixel is half its neighbours, along a side")
    sign_weight: Weight = Field(0.3, description="of the cross-entropy of inside and outside")
    color_weight: Weight = Field(1.0, description="of the error in color")
    silhouette_rays: Count = Field(64, description="rays of an object in one step: where a view shows it they have to meet it")
    silhouette_weight: Weight = Field(4.0, description="of what they miss, and of what they meet elsewhere; 0: no rays")


class Validation(Section):
    """The UNet's loss on objects that it never learns: a part of a set by the hash of the ids, the toybox's held-out split."""

    every: int = Field(0, ge=0, description="steps between validations; 0: none, and a set is learnt whole")
    objects: Count = Field(64, description="objects that are looked at")
    fraction: Fraction = Field(0.02, description="of a set, that is held out")
    buckets: Count = Field(10, description="ranges of timesteps, each with a loss of its own")


class StreamTraining(Section):
    """Objects that are drawn while the training goes on; `data.cameras`, `data.size_px`, `data.workers` count for them too."""

    rig_probability: Probability = Field(0.7, description="of an object seen as to3d asks for it, from the front first")
    elevation_deg: float = Field(15.0, ge=-89, le=89, description="of the views that to3d asks for")
    fovy_deg: float = Field(37.5, ge=1, le=120, description="field of view of the views that to3d asks for")
    distance: Positive = Field(
        1.2, description="their distance times 2 tan(fovy / 2), farther only where it cuts an object off"
    )
    repeats: Count = Field(
        1, description="how often the UNet sees an object, with other words: more where a GPU waits for them"
    )
    keep: Count = Field(16, description="batches from which objects are chosen that are seen more than once")
    ahead: Count = Field(
        2, description="batches that are drawn, or read of a set, before they are needed; each is held in memory"
    )
    broken_fraction: Fraction = Field(
        0.01, description="of a set's objects that may turn out broken while it is read; others take their places"
    )


class Train(Section):
    component: Literal["unet", "vae", "clip", "prior", "reconstructor"] = Field(
        "unet", description="which part of the model is trained"
    )
    data: str | None = Field(None, description="multi-view set written by mvdream data render; toybox: an endless stream")
    images: str | None = Field(
        None, description="captioned pictures, img2dataset shards or a multi-view set for the 2D mode; none: views of data"
    )
    suffix: str = Field(", 3d asset", description="behind captions of 3D objects that say no 3d; kept in the model")
    init: str | None = Field(None, description="model to start from; none: fresh weights of the architecture")
    autoencoder: str | None = Field(None, description="model whose autoencoder is taken; none: that of init")
    architecture: Literal["mini", "tiny"] = Field("mini", description="sizes of a model with fresh weights")
    steps: Count = Field(50_000, description="optimizer steps")
    minutes: Positive | None = Field(
        None, description="end after so much work, wherever it is, with the learning rate at its end; none: by steps alone"
    )
    batch_size: Count = Field(1024, description="objects (VAE and CLIP: images) in one optimizer step")
    micro_batch_size: Count | None = Field(None, description="objects in one forward pass; none: batch_size")
    save_half: bool = Field(True, description="write the finished model in float16")
    preview_prompts: list[str] = Field(
        ["a bulldog wearing a black pirate hat", "a red sports car", "a blue butterfly", "a wizard with white hair"],
        min_length=1, description="drawn in the previews",
    )  # fmt: skip
    optimizer: Optimizer = Optimizer()
    unet: UNetTraining = UNetTraining()
    vae: VaeTraining = VaeTraining()
    clip: ClipTraining = ClipTraining()
    reconstructor: ReconstructorTraining = ReconstructorTraining()
    stream: StreamTraining = StreamTraining()
    validation: Validation = Validation()

    @model_validator(mode="after")
    def _divides(self):
        micro = self.micro_batch_size
        if micro is not None and self.batch_size % micro:
            raise ValueError(f"batch_size ({self.batch_size}) must be a multiple of micro_batch_size ({micro})")
        return self
