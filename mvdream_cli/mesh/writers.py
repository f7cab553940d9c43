"""From a mesh to files on the disk: each appears under its name only when it is whole."""

import errno
import importlib.util
import os
from collections.abc import Iterable
from pathlib import Path

from mvdream_cli.atomic import written_whole
from mvdream_cli.errors import MVDreamError, UsageError
from mvdream_cli.mesh.formats.gltf import glb, gltf
from mvdream_cli.mesh.formats.obj import obj
from mvdream_cli.mesh.formats.parts import FileOptions, Writer, digest_in_name
from mvdream_cli.mesh.formats.ply import ply
from mvdream_cli.mesh.formats.stl import stl
from mvdream_cli.mesh.formats.threemf import threemf
from mvdream_cli.mesh.formats.usdz import usdz
from mvdream_cli.mesh.texture import TexturedMesh

WRITERS: dict[str, Writer] = {"glb": glb, "gltf": gltf, "obj": obj, "ply": ply, "stl": stl, "3mf": threemf, "usdz": usdz}


def write_mesh(mesh: TexturedMesh, path: Path | str, options: FileOptions = FileOptions()) -> list[Path]:
    """Write a mesh in the format that the path's ending names; its folder is made.

    Files beside it (.mtl, .bin, .png) are named by what is in them and come first. At any moment whoever sees the file finds
    what it refers to, also where it takes the place of an older one; what only that one referred to is removed at the end.

    Returns:
        The files written, `path` first.

    Raises:
        UsageError: the ending names no format. MVDreamError: the folder cannot be written, or the disk is full.
        ObjectError: a solid is asked for, and the surface encloses nothing.
    """
    path = Path(path)
    file_format = path.suffix[1:].lower()
    if file_format not in WRITERS:
        raise UsageError(f"export: unknown mesh format '{file_format}'; choose one of {', '.join(WRITERS)}")
    content, beside = WRITERS[file_format](mesh, path.stem, options)
    files = [path.with_name(name) for name in beside]
    fresh = [file for file in files if not file.exists()]
    try:
        for file, part in zip(files, beside.values()):
            _write(file, part)
        outdated = _outdated(path, keep=beside)
        _write(path, content)
    except BaseException as error:
        for file in fresh:
            file.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise not_writable(path, error) from error
        raise
    for file in outdated:
        file.unlink(missing_ok=True)
    return [path, *files]


def write_formats(
    mesh: TexturedMesh,
    folder: Path,
    formats: Iterable[str],
    options: FileOptions = FileOptions(),
) -> dict[str, Path | list[Path]]:
    """Write mesh.FORMAT for each of the formats, and mesh.glb in any case: turntable and page show that file.

    Returns {"mesh": mesh.glb, "mesh_obj": mesh.obj, "mesh_obj_beside": [its files beside it], ...}.
    """
    made = {"mesh": write_mesh(mesh, folder / "mesh.glb", options)[0]}
    for name in formats:
        if name != "glb":
            made[f"mesh_{name}"], *beside = write_mesh(mesh, folder / f"mesh.{name}", options)
            made |= {f"mesh_{name}_beside": beside} if beside else {}
    return made


def check_wanted(formats: Iterable[str], options: FileOptions) -> None:
    """Say before a long computation, not after it, what cannot be written.

    Raises:
        UsageError: Draco is asked for, and there is no format that knows it, or its package is not installed.
    """
    if options.draco and not {"glb", "gltf"} & {*formats}:
        raise UsageError("export: --draco compresses glb and gltf; ask for one of them, or leave --draco out")
    if options.draco and importlib.util.find_spec("DracoPy") is None:
        raise UsageError("export: --draco needs DracoPy; pip install 'mvdream-cli[draco]', or leave --draco out")


def check_writable(path: Path) -> None:
    """Say before a long computation, not after it, that a file cannot be written.

    Raises:
        MVDreamError: the folder, or the nearest that is there, takes no file; the file is protected; a folder has its name.
    """
    if path.is_dir():
        raise not_writable(path, IsADirectoryError(errno.EISDIR, "a folder has this name"))
    if path.exists() and not os.access(path, os.W_OK):
        raise not_writable(path, PermissionError(errno.EACCES, "the file there is protected"))
    there = next(folder for folder in path.absolute().parents if folder.exists())
    if not there.is_dir():
        raise not_writable(path, NotADirectoryError(errno.ENOTDIR, f"{there} is a file"))
    if not os.access(there, os.W_OK | os.X_OK):
        raise not_writable(path, PermissionError(errno.EACCES, "no permission, or a read-only disk"))


def not_writable(path: Path, error: OSError) -> MVDreamError:
    """What is told of a file that cannot be written."""
    return MVDreamError(f"{path}: cannot be written ({error.strerror or error}); choose another place with --output")


def _write(path: Path, content: bytes) -> None:
    with written_whole(path) as partial:
        partial.write_bytes(content)


def _outdated(path: Path, keep: Iterable[str]) -> list[Path]:
    """The files beside `path` that the file there now refers to, and that `write_mesh` once wrote for it."""
    if not path.is_file():
        return []
    with path.open("rb") as file:
        head = file.read(1 << 20)
    found = {file: digest_in_name(path.name, file.name) for file in path.parent.iterdir()}
    return [file for file, digest in found.items() if digest and digest.encode() in head and file.name not in keep]
