"""What every section of the settings is made of: the base class, and numbers with bounds."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _ordered(pair: tuple[float, float]) -> tuple[float, float]:
    if pair[0] > pair[1]:
        raise ValueError(f"the first number must not be above the second, as in {pair}")
    return pair


Fraction = Annotated[float, Field(ge=0, le=1)]
Probability = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Weight = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]
Size = Annotated[int, Field(ge=16, le=4096)]
Range = Annotated[tuple[float, float], AfterValidator(_ordered)]
DenoisingSteps = Annotated[int, Field(ge=1, le=1000)]
Views = Annotated[int, Field(ge=1, le=64)]
MeshFormat = Literal["glb", "gltf", "obj", "ply", "stl", "3mf", "usdz"]


class Section(BaseModel):
    """A group of settings. Its names are the keyword arguments that it feeds; `options` hands them over."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    def options(self, *left_out: str) -> dict:
        """The settings of this group by name, those in groups of their own left out, to be passed as keyword arguments."""
        return {
            name: value for name in type(self).model_fields
            if name not in left_out and not isinstance(value := getattr(self, name), Section)
        }  # fmt: skip
