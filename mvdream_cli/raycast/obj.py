"""Meshes of OBJ files with materials of MTL files. trimesh reads the geometry; names, materials and pictures are read here."""

import io
import logging
import re
from pathlib import Path

import numpy as np

from mvdream_cli.doors import read_bytes
from mvdream_cli.errors import DataError
from mvdream_cli.raycast.beside import MOST_BYTES, find_beside
from mvdream_cli.raycast.mesh import BLEND, CLAMP, OPAQUE, REPEAT, Mesh
from mvdream_cli.raycast.paint import WHITE, Paint, Texture, join, painted, srgb_to_linear
from mvdream_cli.raycast.texture_files import decode_texture
from mvdream_cli.texts import decode

# Options of a map in an MTL file, and how many words follow each; those of -o, -s and -t are one to three numbers.
_OPTION_WORDS = {
    "-blendu": 1, "-blendv": 1, "-boost": 1, "-mm": 2, "-texres": 1, "-clamp": 1, "-bm": 1, "-imfchan": 1, "-type": 1, "-cc": 1,
}  # fmt: skip
_OPTION_NUMBERS = ("-o", "-s", "-t")
MOST_OBJ_BYTES = 1 << 29
_MAPS = {"map_kd": "color", "map_d": "opacity", "map_ke": "emission"}


def mesh_of_obj(path: Path) -> Mesh:
    """One mesh of an .obj file, in world axes.

    Raises:
        DataError: broken, or no triangles.
    """
    losses: list[str] = []
    materials = Materials(path, losses)
    pieces = []
    for part in _parts(path, materials.names()):
        vertices, faces = np.asarray(part["vertices"], np.float64), np.asarray(part["faces"])
        if vertices.shape[1:] != (3,):
            raise DataError(f"{path}: its vertices are no points in space; the file is broken or cut short")
        if len(faces) and (faces.min() < 0 or faces.max() >= len(vertices)):
            raise DataError(f"{path}: a triangle names a vertex that is not there; the file is broken or cut short")
        visual = part.get("visual")
        paint = materials[getattr(getattr(visual, "material", None), "name", None)]
        uv = getattr(visual, "uv", None)
        if uv is not None and len(uv) == len(vertices):
            uv = np.asarray(uv, np.float64)[:, :2]
            uv = np.pad(uv, ((0, 0), (0, 2 - uv.shape[1])))  # a coordinate that is left out is 0
        elif paint.texture is not None:
            losses.append("a texture lies on a part of the mesh that has no texture coordinates")
        uvs = [None if t is None or uv is None else _scaled(uv, t) for t in (paint.texture, paint.emission_texture)]
        colors = _vertex_colors(part.get("vertex_colors"), len(vertices))
        pieces.append(painted(vertices, faces, part.get("vertex_normals"), paint, colors=colors, uv=uvs[0], emission_uv=uvs[1]))
    if not pieces:
        raise DataError(f"{path}: no triangles in this file; nothing to render")
    return join(pieces, losses)


def obj_files(path: Path) -> list[Path]:
    """The MTL files and pictures from which the mesh of an .obj file is read too; raises OSError."""
    materials = Materials(path, [])
    found = [*materials.libraries, *(file for words in materials.maps() if (file := find_beside(path, words[-1])))]
    return list(dict.fromkeys(found))


class Materials:
    """The materials of an OBJ file, by name; each is made into a paint when it is first asked for."""

    def __init__(self, path: Path, losses: list[str]):
        self.path, self.losses = path, losses
        self.libraries: list[Path] = []
        self._lines: dict[str, list[tuple[str, str]]] = {}
        self._paints: dict[str, Paint] = {}
        text = obj_text(path)
        for line in dict.fromkeys(re.findall(r"(?m)^[ \t]*mtllib[ \t]+([^\r\n]*)", text)):
            self._read_library(line.strip())
        used = dict.fromkeys(" ".join(name.split()) for name in re.findall(r"(?m)^[ \t]*usemtl[ \t]+([^\r\n]*)", text))
        unknown = [name for name in used if name not in self._lines]
        if unknown and not losses:  # else a file is missing, which says as much
            losses.append(f"{len(unknown)} of {len(used)} materials, such as {unknown[0][:60]!r}, are in no material file")

    def _read_library(self, name: str) -> None:
        names = [name] if find_beside(self.path, name) else name.split()  # several on a line, or one with blanks
        for name in names:
            file = find_beside(self.path, name)
            if file is None:
                self.losses.append(f"the material file {name[:80]!r} is not there")
                continue
            if file.stat().st_size > MOST_BYTES // 64:
                self.losses.append(f"the material file {name[:80]!r} is too large")
                continue
            self.libraries.append(file)
            lines = None
            for line in _decoded(read_bytes(file)).splitlines():
                key, _, rest = line.strip().partition(" ") if " " in line.strip() else line.strip().partition("\t")
                key, rest = key.lower(), rest.strip()
                if key == "newmtl":
                    lines = self._lines.setdefault(" ".join(rest.split()), [])
                elif lines is not None and rest:
                    lines.append((key, rest))

    def names(self) -> list[str]:
        return list(self._lines)

    def maps(self) -> list[list[str]]:
        """The words of each map that is used: its options, and last its file's name."""
        return [_map_words(rest) for lines in self._lines.values() for key, rest in lines if key in _MAPS]

    def __getitem__(self, name: str | None) -> Paint:
        """The paint of a material; white if it is in no file."""
        if name is None or name not in self._lines:
            return WHITE
        if name not in self._paints:
            self._paints[name] = self._paint(dict(self._lines[name]))
        return self._paints[name]

    def _paint(self, lines: dict[str, str]) -> Paint:
        texture = self._texture(lines.get("map_kd"), "color")
        # most programs write Kd as sRGB, and beside a texture a grey that is not meant
        color = np.ones(3) if "map_kd" in lines and texture is not None else _color(lines.get("kd"), np.ones(3))
        opacity = _opacity(lines)
        mask = self._texture(lines.get("map_d"), "opacity", with_alpha=True)
        cutoff = OPAQUE if opacity == 1.0 and mask is None else BLEND
        if mask is not None:
            texture = _with_opacity(texture, mask)
        emission = srgb_to_linear(_color(lines.get("ke"), np.zeros(3)))
        emission_texture = self._texture(lines.get("map_ke"), "emission")
        if emission_texture is not None and not emission.any():
            emission = np.ones(3)
        elif "map_ke" in lines and emission_texture is None:
            emission = np.zeros(3)
        return Paint(color, opacity, texture, cutoff, emission if emission.any() else None, emission_texture)

    def _texture(self, rest: str | None, what: str, with_alpha: bool = False) -> Texture | None:
        if rest is None:
            return None
        words = _map_words(rest)
        file = find_beside(self.path, words[-1])
        try:
            if file is None:
                raise ValueError("the file is not there")
            pixels = decode_texture(file, with_alpha)
        except ValueError as error:
            self.losses.append(f"the {what} texture ({words[-1][:80]}: {error})")
            return None
        wrap = (CLAMP, CLAMP) if _after(words, "-clamp") == "on" else (REPEAT, REPEAT)
        scale, shift = _numbers(words, "-s", 1.0), _numbers(words, "-o", 0.0)
        transform = None
        if scale != [1.0, 1.0] or shift != [0.0, 0.0]:
            transform = np.array([[scale[0], 0.0, shift[0]], [0.0, scale[1], shift[1]]])
        return Texture(pixels, wrap, transform=transform)


def obj_text(path: Path) -> str:
    """The text of an .obj file, in one piece where a backslash continues a line. Raises OSError."""
    return _decoded(read_bytes(path, MOST_OBJ_BYTES)).replace("\\\r\n", "").replace("\\\n", "")


def _parts(path: Path, names: list[str]) -> list[dict]:
    """What trimesh reads of the file, one part for each of its materials: vertices, faces and what they carry.

    Raises:
        DataError: cannot be read.
    """
    from trimesh.exchange.obj import load_obj
    from trimesh.geometry import triangulate_quads

    class Names:
        """In place of the file's materials: their names, so that trimesh keeps the parts apart. It opens no other file."""

        def __getitem__(self, _) -> bytes:
            return "".join(f"newmtl {name}\nKd 1 1 1\n" for name in names).encode()

        get = __getitem__

    log = logging.getLogger("trimesh")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        with io.BytesIO(obj_text(path).encode("utf-8", "replace")) as file:  # whatever its encoding, trimesh need not guess
            parts = (load_obj(file, resolver=Names()).get("geometry") or {}).values()
        parts = [part for part in parts if np.shape(part["faces"])[1:] in ((3,), (4,))]  # lines may call themselves faces
        return [{**part, "faces": triangulate_quads(part["faces"], dtype=np.int64)} for part in parts if len(part["faces"])]
    except Exception as error:  # trimesh raises anything at all on broken files
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise DataError(f"{path}: cannot be read as a model ({reason}); the file is broken or cut short") from error
    finally:
        log.setLevel(level)


def _vertex_colors(colors: np.ndarray | None, count: int) -> np.ndarray | None:
    """(N, 3) in [0, 1], sRGB as programs write them; some write them up to 255."""
    if colors is None or len(colors) != count or np.ndim(colors) != 2 or np.shape(colors)[1] < 3:
        return None
    colors = np.nan_to_num(np.asarray(colors, np.float64)[:, :3])
    return np.clip(colors / (255.0 if colors.max(initial=0.0) > 1.0 else 1.0), 0.0, 1.0)


def _decoded(content: bytes) -> str:
    return decode(content, otherwise="latin-1")


def _map_words(rest: str) -> list[str]:
    """The words of a map's options, and last the name of its file, which may hold blanks."""
    words, used = rest.split(), 0
    while used < len(words) - 1 and words[used].lower() in {*_OPTION_WORDS, *_OPTION_NUMBERS}:
        option = words[used].lower()
        used += 1
        if option in _OPTION_WORDS:
            used += _OPTION_WORDS[option]
        else:
            last = used + 3
            while used < min(last, len(words) - 1) and _number(words[used]) is not None:
                used += 1
    options = [word.lower() for word in words[:used]]
    name = rest
    for _ in range(min(used, len(words) - 1)):
        name = name.lstrip().split(None, 1)[1]
    return [*options, name.strip()]


def _after(words: list[str], option: str) -> str | None:
    return words[words.index(option) + 1] if option in words[:-2] else None


def _numbers(words: list[str], option: str, otherwise: float) -> list[float]:
    """The first two numbers of an option."""
    found = []
    if option in words[:-1]:
        for word in words[words.index(option) + 1 : -1]:
            if (number := _number(word)) is None:
                break
            found.append(number)
    return [*found, otherwise, otherwise][:2] if found else [otherwise] * 2


def _number(word: str) -> float | None:
    try:
        number = float(word)
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def _color(rest: str | None, otherwise: np.ndarray) -> np.ndarray:
    values = [_number(word) for word in (rest or "").split()[:3]]
    if len(values) == 1:
        values *= 3
    if len(values) != 3 or None in values:
        return otherwise
    return np.clip(np.array(values), 0.0, 1.0)


def _opacity(lines: dict[str, str]) -> float:
    """`d`, or 1 - `Tr`. Some programs mean the opposite, so that what would be invisible is taken as opaque."""
    for key in ("d", "tr"):
        value = _number(lines.get(key, "").split()[-1]) if lines.get(key, "").split() else None
        if value is not None:
            value = value if key == "d" else 1.0 - value
            return value if 0.0 < value < 1.0 else 1.0
    return 1.0


def _with_opacity(texture: Texture | None, mask: Texture) -> Texture:
    """A color texture (white if None) with the opacity of another picture: its alpha if it has one, else its brightness."""
    alpha = mask.pixels[..., 3]
    if (alpha == 255).all():
        alpha = mask.pixels[..., :3].mean(-1).astype(np.uint8)
    if texture is None:
        color, wrap, transform = np.full((*alpha.shape, 3), 255, np.uint8), mask.wrap, mask.transform
    else:
        color, wrap, transform = texture.pixels, texture.wrap, texture.transform
        rows = np.arange(color.shape[0]) * alpha.shape[0] // color.shape[0]
        columns = np.arange(color.shape[1]) * alpha.shape[1] // color.shape[1]
        alpha = alpha[rows][:, columns]
    return Texture(np.dstack([color, alpha]), wrap, transform=transform)


def _scaled(uv: np.ndarray, texture: Texture) -> np.ndarray:
    if texture.transform is None:
        return uv
    return uv @ texture.transform[:, :2].T + texture.transform[:, 2]
