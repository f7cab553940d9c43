"""Settings of `mvdream to3d`."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from mvdream_cli.settings.fields import (
    Count,
    DenoisingSteps,
    Fraction,
    MeshFormat,
    Positive,
    Probability,
    Range,
    Section,
    Size,
    Views,
    Weight,
)  # fmt: skip


class SampledViews(Section):
    """The first look, to which the object is fitted."""

    candidates: Annotated[int, Field(ge=1, le=64)] = Field(
        1, description="objects sampled, each from its own seed; the best by CLIP and by its views' agreement is made"
    )
    agreement_weight: Weight = Field(0.25, description="weight of the agreement of opposite silhouettes, against likeness")
    steps: DenoisingSteps = Field(50, description="denoising steps")
    guidance_scale: float = Field(7.5, ge=0, le=200, description="classifier-free guidance")
    guidance_rescale: Fraction = Field(0.0, description="blend towards the contrast of the conditional prediction")
    negative_prompt: str = Field("", description="what to stay away from")
    suffix: str | None = Field(None, description="behind a prompt that says no 3d; none: that of the model's training")
    elevation_deg: float = Field(15.0, ge=-90, le=90, description="elevation of the views")
    fovy_deg: float = Field(40.0, ge=1, le=120, description="field of view that the views are taken to have")
    distance: Positive = Field(1.0, description="distance times tan(fovy / 2) that they are taken to have")


class Reconstruction(Section):
    """An object from the views in one pass of the model's reconstructor."""

    resolution: Annotated[int, Field(ge=16, le=512)] = Field(128, description="cells along a side of the box")
    mirror: bool = Field(True, description="ask the network of the mirrored views too, and take both answers: twice the time")
    fit_steps: int = Field(40, ge=0, description="steps of fitting its surface to the views; 0: the network's own")
    refine: bool = Field(True, description="method both: distil the reconstructed object too")
    texture: Literal["views", "network"] = Field(
        "views", description="views: their pixels where they see the surface, else the network's colors; network: these"
    )


class Fit(Section):
    """Fitting the object to the sampled views."""

    steps: int = Field(200, ge=0, description="steps of fitting")
    rays: Count = Field(8192, description="pixels in one step")
    background_weight: Weight = Field(6.0, description="of a background pixel, against 1 for one of the object")
    rim_px: Annotated[int, Field(ge=0, le=32)] = Field(2, description="width of the object's rim that is left out")
    depth_variance: Weight = Field(
        10.0, description="of rays that are stopped along a stretch, from half of the steps on: a surface, not fog"
    )


class Distillation(Section):
    """Which pictures of the object score distillation looks at, and how often."""

    steps: int = Field(10_000, ge=0, description="score distillation steps")
    weight: Positive = Field(1.0, description="weight of the distillation loss")
    fit_probability: Probability = Field(0.0, description="method both: of a step that fits the sampled views again")
    coarse_fraction: Fraction = Field(0.5, description="of the steps, at the start, that render small pictures")
    coarse_size_px: Size = Field(64, description="side of the renderings then")
    coarse_rigs: Count = Field(2, description="rigs of `num_views` cameras in one step then")
    size_px: Size = Field(256, description="side of the renderings later")
    rigs: Count = Field(1, description="rigs in one step later")


class Guidance(Section):
    """The diffusion model's loss on a rendering."""

    name: Literal["mvdream", "dreamfusion", "sjc", "vsd"] = Field(
        "mvdream", description="mvdream: all views of a rig together; the others: each alone, the prompt by direction"
    )
    prior: str | None = Field(None, description="model for single views, any Stable Diffusion; none: the model itself")
    form: Literal["auto", "x0", "sds", "sjc"] = Field(
        "auto", description="x0: MVDream's reconstruction loss; sds: DreamFusion's; sjc: its own; auto: that of the name"
    )
    negative_prompt: str | None = Field(
        None, description="what to stay away from; none: MVDream's words, of a model that knows them"
    )
    suffix: str | None = Field("", description="behind a prompt that says no 3d; none: that of the model's training")
    guidance_scale: float = Field(50.0, ge=0, le=1000, description="classifier-free guidance; 1: the conditional prediction")
    rescale: Fraction = Field(0.5, description="blend towards the contrast of the conditional prediction")
    t_min: tuple[Fraction, Fraction] = Field((0.98, 0.02), description="lowest noise level, at the start and after annealing")
    t_max: tuple[Fraction, Fraction] = Field((0.98, 0.50), description="highest noise level, at the start and after annealing")
    anneal_start: Fraction = Field(0.0, description="of the steps, from which on the noise levels are annealed")
    anneal_fraction: Fraction = Field(0.8, description="of the steps, to which they are; where both are equal they jump")
    sector_deg: Annotated[float, Field(gt=0, le=90)] | None = Field(
        None, description="up to which from the front a view is called so, and the back; none: interpolated by azimuth"
    )
    lora_rank: Annotated[int, Field(ge=1, le=256)] = Field(4, description="vsd: rank of the LoRA that learns the renderings")
    lora_learning_rate: Positive = Field(1e-4, description="vsd: of that LoRA and its embedding of the camera")

    @model_validator(mode="after")
    def _one_loss(self):
        if self.name == "vsd" and self.form != "auto":
            raise ValueError("guidance vsd has a loss of its own; leave form at auto")
        if self.name == "mvdream" and self.prior is not None:
            raise ValueError("prior is for single views; use it with guidance dreamfusion, sjc or vsd")
        if self.t_min[0] > self.t_max[0] or self.t_min[1] > self.t_max[1]:
            raise ValueError("t_min must not be above t_max")
        if self.anneal_start > self.anneal_fraction:
            raise ValueError("anneal_start must not be above anneal_fraction")
        return self


class Cameras(Section):
    """Random cameras of score distillation."""

    fovy_deg: Range = Field((15.0, 60.0), description="range of the vertical field of view")
    elevation_deg: Range = Field((0.0, 30.0), description="range of the elevation")
    sphere_probability: Probability = Field(0.5, description="of a rig drawn evenly over the sphere, not in degrees")
    distance: Range = Field((0.8, 1.0), description="range of the distance, times tan(fovy / 2) if relative")
    relative_distance: bool = Field(True, description="the object fills the same part of the picture at every field of view")
    position_jitter: Weight = Field(0.0, description="largest random shift of a rig")
    target_jitter: Weight = Field(0.0, description="standard deviation of the point that a rig looks at")
    up_jitter: Weight = Field(0.0, description="standard deviation of a rig's up")


class Background(Section):
    """What is behind the object."""

    kind: Literal["network", "color", "gray", "middle gray"] = Field(
        "network", description="learnt surroundings, a random color, a random gray, or the middle one"
    )
    random_probability: Probability = Field(0.5, description="network: of a step with a random color instead")


class Light(Section):
    """Light on the object during score distillation."""

    shading: Literal["none", "lambertian"] = Field("none", description="lambertian: a point light near the camera, at times")
    unlit_fraction: Fraction = Field(0.5, description="of the steps, at the start, without light")
    albedo_probability: Probability = Field(0.25, description="of a step without light later")
    textureless_probability: Probability = Field(0.5, description="of a white object in a lit step")
    ambient: tuple[Fraction, Fraction] = Field((0.0, 1.0), description="range of the light from everywhere")
    distance: Range = Field((0.8, 1.5), description="range of the lamp's distance from the centre")


class ObjectField(Section):
    """The radiance field."""

    kind: Literal["dense_grid", "hash_grid", "mlp", "voxels"] = Field(
        "hash_grid", description="hash_grid: MVDream's; mlp: DreamFusion's; voxels: SJC's; dense_grid: fastest on a CPU"
    )
    box: Positive = Field(1.0, description="half side of the field's box, in the units of cameras, light and blob")
    voxels: Annotated[int, Field(ge=4, le=512)] = Field(100, description="voxels: along a side")
    levels: Annotated[int, Field(ge=1, le=32)] = Field(16, description="hash_grid: grids, coarse to fine")
    log2_table: Annotated[int, Field(ge=4, le=24)] = Field(19, description="hash_grid: at most 2 to this power nodes a level")
    resolutions: list[Annotated[int, Field(ge=4, le=512)]] = Field([24, 96], description="dense_grid: nodes along a side")
    blob_density: Weight = Field(10.0, description="density of the ball that an untouched field shows")
    blob_radius: Positive = Field(0.5, description="its radius")


class Rendering(Section):
    """Volume rendering of the field."""

    samples_per_ray: Count = Field(512, description="points on one ray, where the box is not empty")
    occupancy_every: Count = Field(16, description="steps between looks at which parts of the box are empty")
    normals: Literal["analytic", "finite_difference"] = Field(
        "analytic", description="from the density's gradient; a dense_grid has no analytic ones"
    )


class Regularizers(Section):
    """Weights of what a good object looks like, whatever the prompt."""

    orientation: tuple[Weight, Weight] = Field(
        (0.0, 0.0), description="of surfaces that face away, at the start and from `orientation_fraction` of the steps on"
    )
    orientation_fraction: Annotated[float, Field(gt=0, le=1)] = Field(0.5, description="of the steps, over which it grows")
    sparsity: Weight = Field(0.0, description="of covered pixels")
    opacity_entropy: Weight = Field(0.0, description="of half-transparent pixels")
    opacity_entropy_start: Fraction = Field(0.0, description="of the steps, before which they may be")
    emptiness: tuple[Weight, Weight] = Field(
        (0.0, 0.0), description="of space that is not empty, in the first and in the second half of the steps"
    )
    center_depth: Weight = Field(0.0, description="of a middle of the picture that is not nearer than its border")
    total_variation: Weight = Field(0.0, description="dense_grid: of differences between neighbours in the finest grid")


class Optimizer(Section):
    name: Literal["adamw", "adamax"] = Field("adamw", description="adamw: as the papers' Adam where weight_decay is 0")
    learning_rate: Positive = Field(0.01, description="of the grids")
    network_learning_rate: Positive = Field(0.001, description="of the networks")
    background_learning_rate: Positive | None = Field(None, description="of the surroundings; none: that of the networks")
    final_learning_rate_fraction: Fraction = Field(1.0, description="of the learning rates, at the end of half a cosine")
    weight_decay: Weight = Field(0.01, description="adamw's")


class To3D(Section):
    method: Literal["both", "views", "reconstruct", "sds"] = Field(
        "both",
        description="views: fit them; reconstruct: by the model's network; sds: distil; both: reconstruct or fit, then distil",
    )
    num_views: Views = Field(4, description="views sampled and guided together, at equal azimuth steps")
    minutes: Positive | None = Field(None, description="time budget: steps are left out to fit the measured speed")
    recipe: str | None = Field(
        None, description="a method's own values, over the preset's: mvdream, mvdream-shading, dreamfusion, sjc or vsd"
    )
    formats: list[MeshFormat] = Field(["glb"], description="files to leave; glb is always among them")
    views: SampledViews = SampledViews()
    reconstruction: Reconstruction = Reconstruction()
    fit: Fit = Fit()
    distillation: Distillation = Distillation()
    guidance: Guidance = Guidance()
    cameras: Cameras = Cameras()
    background: Background = Background()
    light: Light = Light()
    field: ObjectField = ObjectField()
    rendering: Rendering = Rendering()
    regularizers: Regularizers = Regularizers()
    optimizer: Optimizer = Optimizer()

    @model_validator(mode="after")
    def _latents_have_no_pixels(self):
        if self.field.kind == "voxels" and (self.method != "sds" or self.light.shading != "none"):
            raise ValueError("field voxels renders latents, which have no pixels to fit and no light: method sds, no shading")
        return self
