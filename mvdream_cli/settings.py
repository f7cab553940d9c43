"""Settings: one model per command and one for the engine, with units in the names, bounds and one line of help each.

Defaults are the paper's values (MVDream, arXiv 2308.16512, and its reference code); presets adapt them to a machine.
To add a setting: one `Field` line here, with its description; presets, --set, --dry-run and errors follow.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator


def _ordered(pair: tuple[float, float]) -> tuple[float, float]:
    if pair[0] > pair[1]:
        raise ValueError(f"the first number must not be above the second, as in {pair}")
    return pair


Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Size = Annotated[int, Field(ge=16, le=4096)]
Range = Annotated[tuple[float, float], AfterValidator(_ordered)]
Weight = Annotated[float, Field(ge=0)]
MeshFormat = Literal["glb", "obj", "ply", "stl", "usdz"]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Engine(Section):
    device: str = Field("auto", description="auto, cpu, cuda, cuda:N or mps")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field("auto", description="auto: the fast type of the device")
    threads: int = Field(0, ge=0, le=1024, description="CPU threads; 0: the physical cores")
    vae_slicing: bool = Field(False, description="one image at a time through the autoencoder: less memory, slower")
    channels_last: bool = Field(False, description="channels-last layout of the networks: what GPUs with tensor cores read")
    compile: bool = Field(False, description="torch.compile UNet and encoder: faster after minutes; a CPU needs a C++ compiler")
    seed: int = Field(0, ge=0, lt=2**63, description="all randomness is a function of the seed and the step")
    offline: bool = Field(False, description="use no network")
    log_every: Count = Field(10, description="steps between lines of stats.jsonl")
    preview_every: int = Field(500, ge=0, description="steps between previews; 0: none")
    checkpoint_every: int = Field(0, ge=0, description="steps between checkpoints; 0: by time only")
    checkpoint_minutes: float = Field(10, ge=0, description="minutes between checkpoints; 0: by steps only")
    keep_checkpoints: Count = Field(2, description="how many checkpoints stay on the disk")


class Train(Section):
    component: Literal["unet", "vae", "clip"] = Field("unet", description="which part of the model is trained")
    data: str | None = Field(None, description="multi-view set written by mvdream data render")
    images: str | None = Field(None, description="set whose views serve as single images; none: those of data")
    init: str | None = Field(None, description="model to start from; none: fresh weights of the architecture")
    autoencoder: str | None = Field(None, description="model whose autoencoder is taken; none: that of init")
    architecture: Literal["mini", "tiny"] = Field("mini", description="sizes of a model with fresh weights")
    steps: Count = Field(50_000, description="optimizer steps")
    batch_size: Count = Field(1024, description="objects (VAE and CLIP: images) in one optimizer step, over all GPUs")
    micro_batch_size: Count | None = Field(None, description="objects in one forward pass; none: batch_size")
    views_per_object: Count = Field(4, description="views seen together, at equal azimuth steps")
    learning_rate: Positive = Field(1e-5, description="AdamW's, after the warm-up (not stated in the paper)")
    final_learning_rate_share: Share = Field(1.0, description="learning rate at the end, after half a cosine; 1: constant")
    warmup_steps: int = Field(1000, ge=0, description="steps of linear warm-up")
    weight_decay: Weight = Field(0.01, description="AdamW's")
    grad_clip: Positive | None = Field(1.0, description="largest norm of all gradients together; none: no clipping")
    ema_decay: float = Field(0.9999, ge=0, lt=1, description="of the averaged weights that are exported")
    caption_dropout: Share = Field(0.1, description="share of captions left out, for classifier-free guidance")
    background: Share | None = Field(None, description="gray behind the objects; none: a random one for each")
    timestep_power: Positive = Field(1.0, description="timesteps are drawn as u**power; below 1: more of the noisy ones")
    single_image_share: Share = Field(0.3, description="share of steps on single images, without cameras")
    gradient_checkpointing: bool = Field(False, description="recompute activations: less memory, a third more time")
    encode_batch_size: Count = Field(8, description="objects encoded at once when latents are cached")
    crop_px: Size | None = Field(None, description="VAE: side of the training crops; none: whole views")
    latent_noise: Weight = Field(0.05, description="VAE: noise on the latents that the decoder sees, in their spread")
    edge_weight: Weight = Field(0.5, description="VAE: weight of the image-gradient term")
    save_half: bool = Field(True, description="write the finished model in float16")
    preview_prompts: list[str] = Field(
        ["a bulldog wearing a black pirate hat", "a red sports car", "a blue butterfly", "a wizard with white hair"],
        min_length=1, description="drawn in the previews",
    )  # fmt: skip

    @model_validator(mode="after")
    def _divides(self):
        micro = self.micro_batch_size
        if micro is not None and self.batch_size % micro:
            raise ValueError(f"batch_size ({self.batch_size}) must be a multiple of micro_batch_size ({micro})")
        return self


class SampleViews(Section):
    negative_prompt: str = Field("", description="what to stay away from")
    suffix: str = Field(", 3d asset", description="appended to the prompt, as in training")
    views: Annotated[int, Field(ge=1, le=64)] = Field(4, description="views of one object, at equal azimuth steps")
    samples: Count = Field(1, description="objects drawn, each from its own noise")
    steps: Annotated[int, Field(ge=1, le=1000)] = Field(50, description="denoising steps")
    guidance_scale: float = Field(10.0, ge=0, le=200, description="classifier-free guidance; 1: none")
    elevation_deg: float = Field(15.0, ge=-89, le=89, description="of all views, above the horizon; trained on 0 to 30")
    azimuth_deg: float = Field(90.0, ge=-360, le=360, description="of the first view; 90 looks at the front")


class To3D(Section):
    negative_prompt: str = Field(
        "ugly, bad anatomy, blurry, pixelated obscure, unnatural colors, poor lighting, dull, and unclear, cropped, lowres, "
        "low quality, artifacts, duplicate, morbid, mutilated, poorly drawn face, deformed, dehydrated, bad proportions",
        description="what to stay away from",
    )
    suffix: str = Field("", description="appended to the prompt for the distillation")
    method: Literal["both", "views", "sds"] = Field(
        "both", description="views: fit the object to sampled views; sds: score distillation; both: one after the other"
    )
    views: Annotated[int, Field(ge=1, le=64)] = Field(
        4, description="views sampled and judged together, at equal azimuth steps"
    )
    # the first look
    candidates: Annotated[int, Field(ge=1, le=64)] = Field(
        1, description="objects sampled, each from its own seed; the best by CLIP and by its views' agreement is made"
    )
    agreement_weight: Weight = Field(0.25, description="weight of the agreement of opposite silhouettes, against likeness")
    view_steps: Annotated[int, Field(ge=1, le=1000)] = Field(50, description="denoising steps of the sampled views")
    view_guidance_scale: float = Field(7.5, ge=0, le=200, description="classifier-free guidance of the sampled views")
    view_elevation_deg: float = Field(15.0, ge=-90, le=90, description="elevation of the sampled views")
    view_fovy_deg: float = Field(40.0, ge=1, le=120, description="field of view that the sampled views are taken to have")
    view_distance: Positive = Field(1.0, description="distance times tan(fovy / 2) that they are taken to have")
    fit_steps: int = Field(200, ge=0, description="steps of fitting to the sampled views")
    fit_rays: Count = Field(8192, description="pixels in one fitting step")
    fit_background_weight: Weight = Field(6.0, description="of a background pixel, against 1 for one of the object")
    fit_rim_px: Annotated[int, Field(ge=0, le=32)] = Field(2, description="width of the object's rim that is left out")
    minutes: Positive | None = Field(None, description="time budget: steps are left out to fit the measured speed")
    # score distillation
    recipe: str | None = Field(
        None, description="a method's own values, over the preset's: mvdream, mvdream-shading, dreamfusion, sjc or vsd"
    )
    guidance: Literal["mvdream", "dreamfusion", "sjc", "vsd"] = Field(
        "mvdream", description="mvdream: all views of a rig judged together; the others: each alone, the prompt by direction"
    )
    prior: str | None = Field(None, description="model that judges single views, any Stable Diffusion; none: the model itself")
    steps: int = Field(10_000, ge=0, description="score distillation steps")
    loss: Literal["auto", "x0", "sds", "sjc"] = Field(
        "auto", description="x0: MVDream's reconstruction loss; sds: DreamFusion's; sjc: its own; auto: that of the guidance"
    )
    guidance_scale: float = Field(50.0, ge=0, le=1000, description="classifier-free guidance of the distillation")
    rescale: Share = Field(0.5, description="blend towards the contrast of the conditional prediction")
    t_min: tuple[Share, Share] = Field((0.98, 0.02), description="lowest noise level, at the start and after annealing")
    t_max: tuple[Share, Share] = Field((0.98, 0.50), description="highest noise level, at the start and after annealing")
    t_anneal_share: Share = Field(0.8, description="share of the steps over which the noise levels are annealed")
    sds_weight: Positive = Field(1.0, description="weight of the distillation loss")
    anchor_share: Share = Field(0.0, description="method both: share of the distillation steps that fit the views again")
    coarse_share: Share = Field(0.5, description="share of the steps, at the start, that render small pictures")
    coarse_size_px: Size = Field(64, description="side of the renderings then")
    coarse_rigs: Count = Field(2, description="rigs of `views` cameras in one step then")
    render_size_px: Size = Field(256, description="side of the renderings later")
    rigs: Count = Field(1, description="rigs in one step later")
    fovy_deg: Range = Field((15.0, 60.0), description="range of the vertical field of view")
    elevation_deg: Range = Field((0.0, 30.0), description="range of the elevation")
    sphere_share: Share = Field(0.5, description="share of the rigs drawn evenly over the sphere, not in degrees")
    camera_distance: Range = Field((0.8, 1.0), description="range of the distance, times tan(fovy / 2) if relative")
    relative_distance: bool = Field(True, description="the object fills the same part of the picture at every field of view")
    camera_jitter: tuple[Weight, Weight, Weight] = Field(
        (0.0, 0.0, 0.0), description="random shifts of the camera, of the point that it looks at and of its up"
    )
    background: Literal["network", "color", "gray", "middle gray"] = Field(
        "network", description="behind the object: learnt surroundings, a random colour, a random gray, or the middle one"
    )
    background_random_share: Share = Field(0.5, description="network: share of the steps with a random colour instead")
    # light
    shading: Literal["none", "lambertian"] = Field("none", description="lambertian: a point light near the camera, at times")
    unlit_share: Share = Field(0.5, description="lambertian: share of the steps, at the start, without light")
    albedo_probability: Share = Field(0.25, description="lambertian: probability of a step without light later")
    textureless_probability: Share = Field(0.5, description="lambertian: probability of a white object in a lit step")
    ambient: tuple[Share, Share] = Field((0.0, 1.0), description="lambertian: range of the light from everywhere")
    light_distance: Range = Field((0.8, 1.5), description="lambertian: range of the lamp's distance from the centre")
    vsd_rank: Annotated[int, Field(ge=1, le=256)] = Field(
        4, description="vsd: rank of the LoRA that learns the object's pictures"
    )
    vsd_learning_rate: Positive = Field(1e-4, description="vsd: AdamW's, of that LoRA")
    normals: Literal["analytic", "finite_difference"] = Field(
        "analytic", description="from the density's gradient; a dense_grid has no analytic ones"
    )
    orient_weight: tuple[Weight, Weight] = Field(
        (0.0, 0.0), description="weight of the penalty on surfaces that face away, at the start and from half the steps on"
    )
    sparsity_weight: Weight = Field(0.0, description="weight of the penalty on covered pixels")
    # the object
    field: Literal["dense_grid", "hash_grid", "mlp"] = Field(
        "hash_grid", description="hash_grid: MVDream's; mlp: DreamFusion's; dense_grid: the fastest on a CPU"
    )
    hash_levels: Annotated[int, Field(ge=1, le=32)] = Field(16, description="grids of the hash grid, coarse to fine")
    hash_table_log2: Annotated[int, Field(ge=4, le=24)] = Field(
        19, description="a level of it has at most 2 to this power nodes"
    )
    grid_resolutions: list[Annotated[int, Field(ge=4, le=512)]] = Field([24, 96], description="nodes a side of each dense grid")
    blob_density: Weight = Field(10.0, description="density of the ball that an untouched field shows")
    blob_radius: Positive = Field(0.5, description="its radius, in a box from -1 to 1")
    samples_per_ray: Count = Field(512, description="points on one ray, where the box is not empty")
    occupancy_every: Count = Field(16, description="steps between looks at which parts of the box are empty")
    learning_rate: Positive = Field(0.01, description="AdamW's, of the grids")
    network_learning_rate: Positive = Field(0.001, description="AdamW's, of the networks")
    final_learning_rate_share: Share = Field(1.0, description="learning rates at the end, after half a cosine; 1: constant")
    weight_decay: Weight = Field(0.01, description="AdamW's")
    opaque_weight: Weight = Field(0.0, description="weight of the penalty on half-transparent pixels")
    smooth_weight: Weight = Field(0.0, description="dense_grid: weight of the total variation of the finest grid")
    formats: list[MeshFormat] = Field(["glb"], description="files to leave; glb is always among them")

    @model_validator(mode="after")
    def _one_loss(self):
        if self.guidance == "vsd" and self.loss != "auto":
            raise ValueError("guidance vsd has a loss of its own; leave loss at auto")
        if self.guidance == "mvdream" and self.prior is not None:
            raise ValueError("prior judges single views; use it with guidance dreamfusion, sjc or vsd")
        return self

    @model_validator(mode="after")
    def _noise_levels(self):
        if self.t_min[0] > self.t_max[0] or self.t_min[1] > self.t_max[1]:
            raise ValueError("t_min must not be above t_max")
        return self


class Dreambooth(Section):
    images: str | None = Field(None, description="folder with 3 to 20 photographs of the subject")
    subject: str = Field("sks dog", min_length=1, description="a rare word and the subject's class")
    prompt: str = Field("photo of a {subject}", description="caption of a photograph that has no text file beside it")
    steps: Count = Field(600, description="optimizer steps")
    batch_size: Count = Field(4, description="photographs in one step")
    learning_rate: Positive = Field(2e-6, description="AdamW's")
    weight_decay: Weight = Field(0.01, description="AdamW's")
    preservation: Literal["l1", "l2"] = Field("l1", description="norm of the term that keeps the weights where they were")
    preservation_weight: Weight = Field(1.0, description="weight of that term")
    lora_rank: Annotated[int, Field(ge=0, le=256)] = Field(0, description="tune thin matrices of this rank; 0: all weights")
    class_prompt: str | None = Field(None, description="of the prior images; none: the prompt without the rare word")
    prior_images: Annotated[int, Field(ge=0, le=1000)] = Field(
        0, description="pictures of the class drawn by the base; 0: none"
    )
    prior_weight: Weight = Field(1.0, description="weight of their loss")
    background: Share = Field(0.5, description="gray behind photographs that are partly transparent, or masked")
    attention: Literal["2d", "3d"] = Field(
        "2d", description="2d: each photograph alone, without a camera; 3d: taken for views of a rig, which costs consistency"
    )
    gradient_checkpointing: bool = Field(False, description="recompute activations: less memory, a third more time")
    keep_best: bool = Field(
        True, description="take the preview's best state, if the model has a CLIP image tower; else the last"
    )
    save_half: bool = Field(True, description="write the finished model in float16")
    preview_prompts: list[str] = Field([], description="drawn in the previews beside the subject itself")

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


class Export(Section):
    format: MeshFormat = Field("glb", description="file format")
    faces: int = Field(50_000, ge=4, description="triangles at most, after simplification")
    texture_size: Annotated[int, Field(ge=16, le=8192)] = Field(1024, description="side of the texture in pixels")
    resolution: Annotated[int, Field(ge=16, le=1024)] = Field(256, description="cells along a side of the marching-cubes grid")
    smooth_cells: float = Field(0.0, ge=0, le=8, description="Gaussian over the density before, in cells; closes a torn skin")
    level: Positive | Literal["auto"] = Field("auto", description="density of the surface; auto: the one that renders alike")


class Data(Section):
    objects: Count = Field(1000, description="objects to make (toybox)")
    first: int = Field(0, ge=0, description="index of the first object (toybox): parts made apart fit together")
    split: Literal["train", "held-out", "all"] = Field("train", description="part of the toybox world")
    kinds: tuple[str, ...] = Field(
        (), description="kinds or breeds to which toybox is narrowed; a name twice is drawn twice as often; empty: all"
    )
    worn: tuple[str, ...] = Field((), description="worn things to which toybox is narrowed; empty: all")
    views: Count = Field(32, description="views of one object, at equal azimuth steps; a multiple of four")
    size_px: Size = Field(256, description="side of a view in pixels")
    fovy_deg: Range = Field((15.0, 60.0), description="range of the vertical field of view")
    elevation_deg: Range = Field((0.0, 30.0), description="range of the elevation")
    camera_distance: Range = Field((0.9, 1.1), description="range of the distance times 2 tan(fovy / 2)")
    form: Literal["shards", "folder"] = Field("shards", description="WebDataset tar files, or a folder for each object")
    objects_per_shard: Count = Field(256, description="objects in one tar file")
    workers: int = Field(0, ge=0, description="processes; 0: one for each physical core")


class Settings(Section):
    model: str = Field("mini", description="mini, a name of mvdream models list, a folder, a file, or OWNER/NAME of the hub")
    engine: Engine = Engine()
    train: Train = Train()
    sample_views: SampleViews = SampleViews()
    to3d: To3D = To3D()
    dreambooth: Dreambooth = Dreambooth()
    export: Export = Export()
    data: Data = Data()

    def models_used(self, command: str) -> list[str]:
        """Names or paths of the models that a command (its section) opens."""
        if command == "train":
            return [name for name in (self.train.init, self.train.autoencoder) if name]
        names = [self.model] if command in ("sample_views", "to3d", "dreambooth") else []
        return [*names, self.to3d.prior] if command == "to3d" and self.to3d.prior else names
