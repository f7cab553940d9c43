"""Settings of `mvdream data`."""

from typing import Literal

from pydantic import Field

from mvdream_cli.settings.fields import Count, Positive, Probability, Range, Section, Size, Weight


class Toybox(Section):
    """Which part of the procedural world."""

    objects: Count = Field(1000, description="objects to make")
    first: int = Field(0, ge=0, description="index of the first object: parts made apart fit together")
    split: Literal["train", "held-out", "all"] = Field("train", description="part of the world")
    kinds: tuple[str, ...] = Field(
        (), description="kinds or breeds to which the world is narrowed; a name twice is drawn twice as often; empty: all"
    )
    worn: tuple[str, ...] = Field((), description="worn things to which the world is narrowed; empty: all")
    natural: Probability = Field(
        0.15, description="share of objects in the color of their kind, which the caption does not name"
    )

    def world(self) -> dict:
        """What is drawn, as the arguments of `draw_toy`; not how much of it."""
        return {"split": self.split, "kinds": self.kinds, "worn": self.worn, "natural": self.natural}


class Cameras(Section):
    """The camera distribution of the training views (MVDream, appendix)."""

    fovy_deg: Range = Field((15.0, 60.0), description="range of the vertical field of view")
    elevation_deg: Range = Field((0.0, 30.0), description="range of the elevation")
    distance: Range = Field((0.9, 1.1), description="range of the distance times 2 tan(fovy / 2)")


class DataLight(Section):
    """The light of an object, drawn for each rendering."""

    environment: Probability = Field(
        0.5, description="how often it comes from all around, with reflections; else from a soft lamp. The paper: always"
    )
    hdri: str = Field("", description="folder of panoramas (.hdr, .exr) from which it comes; empty: skies that are drawn")


class Limits(Section):
    """Of one asset while it is rendered: what needs more is tried again alone, then skipped with the reason."""

    seconds: Positive = Field(120.0, description="time to read and render it")
    memory_gb: Weight = Field(8.0, description="memory of its process, on Linux; 0: any")


class Data(Section):
    num_views: Count = Field(32, description="views of one object, at equal azimuth steps; a multiple of four")
    size_px: Size = Field(256, description="side of a view in pixels")
    renders: Count = Field(2, description="of one object, each with other cameras and light")
    points: int = Field(
        0,
        ge=0,
        description="of each object, where its distance and color are told: what the reconstructor learns from; 6144, say",
    )
    form: Literal["shards", "folder"] = Field("shards", description="WebDataset tar files, or a folder for each object")
    shard_size: Count = Field(256, description="objects in one tar file")
    workers: int = Field(0, ge=0, description="processes beside the one that writes; 0: one for each physical core")
    limits: Limits = Limits()
    cameras: Cameras = Cameras()
    light: DataLight = DataLight()
    toybox: Toybox = Toybox()
