"""Settings of the film of an object that turns, which `mvdream to3d` and `mvdream export` leave."""

from typing import Annotated, Literal

from pydantic import Field

from mvdream_cli.settings.fields import Section


class Turntable(Section):
    """The film of the finished object."""

    formats: list[Literal["mp4", "gif", "webp"]] = Field(["mp4"], description="files to leave; [] for none")
    passes: list[Literal["shaded", "normal", "depth"]] = Field(
        ["shaded", "normal", "depth"], min_length=1, description="what is shown, side by side"
    )
    frames: Annotated[int, Field(ge=2, le=720)] = Field(72, description="pictures of one turn")
    size_px: Annotated[int, Field(ge=16, le=2048)] = Field(384, description="side of one pass")
    fps: Annotated[int, Field(ge=1, le=60)] = Field(24, description="pictures a second")
    elevation_deg: float = Field(15.0, ge=-89, le=89, description="of the camera")
