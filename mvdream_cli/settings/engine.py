"""Settings of the machine and of every long run."""

from typing import Literal

from pydantic import Field

from mvdream_cli.settings.fields import Count, Section


class Ray(Section):
    gpus: float = Field(1.0, ge=0, le=64, description="to3d --ray: GPUs of a prompt, such as 0.5, where there are any")
    cpus: float = Field(1.0, gt=0, le=1024, description="to3d --ray: cores of a prompt, and its threads")
    deaths: Count = Field(5, description="to3d --ray: of workers, after which a prompt has failed")


class Engine(Section):
    device: str = Field("auto", description="auto, cpu, cuda, cuda:N or mps")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="auto: the fast one that is exact enough, see docs/presets.md"
    )
    threads: int = Field(0, ge=0, le=1024, description="CPU threads; 0: the physical cores")
    vae_slicing: bool = Field(False, description="one image at a time through the autoencoder: less memory, slower")
    channels_last: bool = Field(False, description="channels-last layout of the networks: what GPUs with tensor cores read")
    compile: bool = Field(False, description="torch.compile UNet and encoder: faster after minutes; a CPU needs a C++ compiler")
    cuda_graphs: bool = Field(
        False,
        description="train: replay the UNet's steps as CUDA graphs, on a GPU in bfloat16; faster if it is small",
    )
    seed: int = Field(0, ge=0, lt=2**63, description="all randomness is a function of the seed and the step")
    offline: bool = Field(False, description="use no network")
    inline_pictures: bool = Field(True, description="show pictures in a terminal that can: kitty, iTerm2, sixel")
    tracker: Literal["tensorboard", "wandb"] | None = Field(
        None, description="where statistics also go, besides stats.jsonl; each needs its package of that name"
    )
    log_every: Count = Field(10, description="steps between lines of stats.jsonl")
    preview_every: int = Field(500, ge=0, description="steps between previews; 0: none")
    checkpoint_every: int = Field(0, ge=0, description="steps between checkpoints; 0: by time only")
    checkpoint_minutes: float = Field(10, ge=0, description="minutes between checkpoints; 0: by steps only")
    keep_checkpoints: Count = Field(2, description="how many checkpoints stay on the disk")
    ray: Ray = Ray()

    def networks(self) -> dict:
        """Keyword arguments of `models.load.load_pipeline`."""
        return {"vae_slicing": self.vae_slicing, "channels_last": self.channels_last, "compile_networks": self.compile}

    def loop(self) -> dict:
        """Keyword arguments of `engine.loop.fit`."""
        names = ("seed", "log_every", "preview_every", "checkpoint_every", "checkpoint_minutes", "keep_checkpoints")
        return {name: getattr(self, name) for name in names}
