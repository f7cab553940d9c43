"""What a program sees in a file, and whether several agree."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

_TOLERANCE = 2e-3  # of the longest side, of sizes; Draco's steps are smaller
Y_UP = ("glb", "gltf", "obj", "usdz")


@dataclass
class Seen:
    """Of one file by one client.

    triangles: counted after quadrilaterals are cut. size: of the bounding box along x, y, z of the file's own axes.
    pictures: textures that were loaded. colors: whether there are vertex colors. picture: file name in the output folder.
    problems: sentences; none where all is well.
    """

    client: str
    triangles: int | None = None
    size: list[float] | None = None
    pictures: int | None = None
    colors: bool | None = None
    picture: str | None = None
    problems: list[str] = field(default_factory=list)

    def cell(self) -> str:
        """Of the table."""
        if self.problems:
            return "**" + self.problems[0][:60].replace("|", "/") + "**"
        more = [f"{self.pictures} pictures"] if self.pictures else []
        more += ["colors"] if self.colors else []
        return ", ".join([f"{self.triangles:,} triangles" if self.triangles is not None else "valid", *more])


@dataclass
class Client:
    """A program. version None: it is not here, and `install` is the line that brings it. look: yields (file, what it sees)."""

    name: str
    formats: tuple[str, ...]
    version: str | None
    install: str
    look: Callable[[list[Path], Path], Iterator[tuple[Path, Seen]]]


def file_axes(size: list[float], file: Path, up: str) -> list[float]:
    """Sizes along the axes of a program that turned the file to its own up axis, along those of the file."""
    if up == "z" and file.suffix[1:].lower() in Y_UP:
        x, y, z = size
        return [x, z, y]
    return size


def disagreements(name: str, seen: list[Seen]) -> None:
    """Note with each that differs from what most see."""
    counts = [one.triangles for one in seen if one.triangles is not None]
    sizes = [one.size for one in seen if one.size is not None]
    for one in seen:
        if one.triangles == 0:
            one.problems.append("sees no triangle")
        elif one.triangles is not None and one.triangles != max(set(counts), key=counts.count):
            one.problems.append(f"sees {one.triangles} triangles, others {max(set(counts), key=counts.count)}")
        if one.size is not None:
            middle = [sorted(axis)[len(axis) // 2] for axis in zip(*sizes)]
            if max(abs(a - b) for a, b in zip(one.size, middle)) > _TOLERANCE * max(middle):
                one.problems.append(f"sees the size {[round(x, 4) for x in one.size]}, others {[round(x, 4) for x in middle]}")
