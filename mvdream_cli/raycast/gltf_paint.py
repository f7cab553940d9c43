"""What a material of glTF looks like: color, opacity and emission, with the extensions that change them."""

import numpy as np

from mvdream_cli.errors import DataError
from mvdream_cli.raycast.gltf import CURES, Gltf
from mvdream_cli.raycast.mesh import BLEND, CLAMP, MATTE, MIRROR, OPAQUE, REPEAT
from mvdream_cli.raycast.paint import WHITE, Paint, Texture, linear_to_srgb, srgb_to_linear
from mvdream_cli.raycast.texture_files import decode_texture

_WRAPS = {33071: CLAMP, 33648: MIRROR, 10497: REPEAT}
_IMAGE_EXTENSIONS = ("EXT_texture_webp", "EXT_texture_avif", "MSFT_texture_dds")
GLASS = 0.25  # opacity of what lets all light through: what its reflections would show of it
_DIELECTRIC = 0.04  # what every surface reflects, in the model of metallic and rough


class Materials:
    """The paints of a file, each made when it is first asked for."""

    def __init__(self, gltf: Gltf):
        self.gltf = gltf
        self._paints: dict[int, Paint] = {}
        self._pixels: dict[tuple[int, bool], np.ndarray | None] = {}

    def __getitem__(self, index) -> Paint:
        """The paint of a primitive; white, and a loss, if there is no such material."""
        if index is None:
            return WHITE
        if index not in self._paints if isinstance(index, int) else True:
            try:
                paint = self._paint(self.gltf.item("materials", index))
            except DataError:
                self.gltf.lost(f"material {index!r} is not there"[:60])
                return WHITE
            except (TypeError, ValueError, KeyError, AttributeError) as error:
                self.gltf.lost(f"material {index} cannot be read ({error})"[:120])
                return WHITE
            self._paints[index] = paint
        return self._paints[index]

    def _paint(self, material: dict) -> Paint:
        extensions = material.get("extensions") or {}
        base = material.get("pbrMetallicRoughness") or {}
        factor = _numbers(base.get("baseColorFactor"), [1.0, 1.0, 1.0, 1.0])
        mode = material.get("alphaMode", "OPAQUE")
        cutoff = {"MASK": max(float(material.get("alphaCutoff", 0.5)), 1e-4), "BLEND": BLEND}.get(mode, OPAQUE)
        transmission = float((extensions.get("KHR_materials_transmission") or {}).get("transmissionFactor", 0.0))
        gloss = extensions.get("KHR_materials_pbrSpecularGlossiness")
        if isinstance(gloss, dict):
            factor, texture = self._specular_glossiness(gloss, cutoff != OPAQUE)
        else:
            texture = self._texture(base.get("baseColorTexture"), "base color", cutoff != OPAQUE)
        if transmission > 0 and cutoff == OPAQUE:  # its alpha means nothing, and light comes through
            cutoff, factor[3] = BLEND, 1.0 - transmission * (1.0 - GLASS)
        emission = _numbers(material.get("emissiveFactor"), [0.0, 0.0, 0.0])
        strength = (extensions.get("KHR_materials_emissive_strength") or {}).get("emissiveStrength", 1.0)
        emission = np.maximum(emission * float(strength), 0.0)
        emission_texture = None
        if emission.any() and material.get("emissiveTexture") is not None:
            emission_texture = self._texture(material["emissiveTexture"], "emission")
            if emission_texture is None:  # unknown where it shines: rather nowhere than everywhere
                emission = np.zeros(3)
        return Paint(
            linear_to_srgb(factor[:3]), float(np.clip(factor[3], 0, 1)), texture, cutoff,
            emission if emission.any() else None, emission_texture,
            MATTE if isinstance(gloss, dict) else self._gloss(base),
        )  # fmt: skip

    def _gloss(self, base: dict) -> tuple[float, float]:
        """Roughness and metalness: factors, times the means of their texture over the picture."""
        factors = [float(np.clip(base.get(f"{name}Factor", 1.0), 0.0, 1.0)) for name in ("roughness", "metallic")]
        texture = self._texture(base.get("metallicRoughnessTexture"), "roughness") if any(factors) else None
        if texture is None:
            return factors[0], factors[1] if base else 0.0  # without any model of light: as if painted
        green, blue = texture.pixels[..., 1].mean() / 255.0, texture.pixels[..., 2].mean() / 255.0
        return float(factors[0] * green), float(factors[1] * blue)

    def _texture(self, info: dict | None, what: str, with_alpha: bool = False) -> Texture | None:
        """The texture that a material names; None, and a loss, if it cannot be had."""
        if info is None:
            return None
        index = info.get("index")
        try:
            texture = self.gltf.item("textures", index)
        except DataError:
            self.gltf.lost(f"the {what} texture {index!r} is not there"[:80])
            return None
        pixels = self._image(index, texture, what, with_alpha)
        if pixels is None:
            return None
        transform = (info.get("extensions") or {}).get("KHR_texture_transform") or {}
        uv_set = transform.get("texCoord", info.get("texCoord", 0))
        return Texture(pixels, self._wrap(texture.get("sampler")), int(uv_set), _affine(transform))

    def _wrap(self, index) -> tuple[str, str]:
        if index is None:
            return REPEAT, REPEAT
        try:
            sampler = self.gltf.item("samplers", index)
        except DataError:
            return REPEAT, REPEAT
        return tuple(_WRAPS.get(sampler.get(key), REPEAT) for key in ("wrapS", "wrapT"))

    def _image(self, index: int, texture: dict, what: str, with_alpha: bool) -> np.ndarray | None:
        if (index, with_alpha) not in self._pixels:
            self._pixels[index, with_alpha] = self._decoded(texture, what, with_alpha)
        return self._pixels[index, with_alpha]

    def _decoded(self, texture: dict, what: str, with_alpha: bool) -> np.ndarray | None:
        """Pixels of the first of the texture's images that can be decoded."""
        extensions = texture.get("extensions") or {}
        sources = [(extensions.get(name) or {}).get("source") for name in _IMAGE_EXTENSIONS]
        sources = [source for source in (*sources, texture.get("source")) if source is not None]
        reasons = []
        for source in sources:
            name = f"image {source!r}"[:20]
            try:
                image = self.gltf.item("images", source)
                label = image.get("uri") if not str(image.get("uri", "data:")).startswith("data:") else image.get("name")
                name = str(label or name)[:80]
                if image.get("bufferView") is not None:
                    content = bytes(self.gltf.view(image["bufferView"])[0])
                else:
                    content = self.gltf.resource(image.get("uri"), "the image")
                return decode_texture(content, with_alpha)
            except DataError as error:
                missing = "is not beside the model" in str(error)
                reasons.append(f"{name}: {'the file is not there' if missing else 'broken'}")
            except ValueError as error:
                reasons.append(f"{name}: {error}")
        if not sources and "KHR_texture_basisu" in extensions:
            reasons.append(f"KTX2 (KHR_texture_basisu) cannot be read; {CURES['KHR_texture_basisu']}")
        self.gltf.lost(f"the {what} texture ({'; '.join(reasons) or 'it names no image'})")
        return None

    def _specular_glossiness(self, gloss: dict, with_alpha: bool) -> tuple[np.ndarray, Texture | None]:
        """Base color factor (4,), linear, and texture of a specular-glossiness material, as viewers convert it."""
        diffuse = _numbers(gloss.get("diffuseFactor"), [1.0, 1.0, 1.0, 1.0])
        specular = _numbers(gloss.get("specularFactor"), [1.0, 1.0, 1.0])
        texture = self._texture(gloss.get("diffuseTexture"), "diffuse", with_alpha)
        shine = gloss.get("specularGlossinessTexture")
        shine = self._texture(shine, "specular") if shine else None
        if texture is None:
            level = specular if shine is None else specular * srgb_to_linear(shine.pixels.mean((0, 1)) / 255.0)
            return np.append(_base_color(diffuse[None, :3], level[None])[0], diffuse[3]), None
        pixels = texture.pixels
        light = srgb_to_linear(pixels[..., :3] / 255.0) * diffuse[:3]
        level = np.broadcast_to(specular, light.shape)
        if shine is not None:  # on the same places, in practice; else its mean
            same = shine.uv_set == texture.uv_set and np.array_equal(shine.transform, texture.transform)
            rows = np.arange(pixels.shape[0]) * shine.pixels.shape[0] // pixels.shape[0]
            columns = np.arange(pixels.shape[1]) * shine.pixels.shape[1] // pixels.shape[1]
            found = shine.pixels[rows][:, columns] if same else shine.pixels.mean((0, 1))
            level = specular * srgb_to_linear(found[..., :3] / 255.0)
        color = (linear_to_srgb(_base_color(light, level)) * 255 + 0.5).astype(np.uint8)
        pixels = np.concatenate([color, pixels[..., 3:]], -1)
        return np.array([1.0, 1.0, 1.0, diffuse[3]]), Texture(pixels, texture.wrap, texture.uv_set, texture.transform)


def _base_color(diffuse: np.ndarray, specular: np.ndarray) -> np.ndarray:
    """Base color (..., 3) of (diffuse, specular), all linear: Khronos' conversion to metallic and rough.

    A point whose specular color is strong and whose diffuse color is not is a metal, and shows its specular color.
    """
    weights = np.array([0.299, 0.587, 0.114])
    bright, shine = (np.sqrt((x * x) @ weights) for x in (diffuse, specular))
    rest = 1.0 - specular.max(-1)
    b = bright * rest / (1 - _DIELECTRIC) + shine - 2 * _DIELECTRIC
    c = _DIELECTRIC - shine
    metallic = np.clip((-b + np.sqrt(np.maximum(b * b - 4 * _DIELECTRIC * c, 0.0))) / (2 * _DIELECTRIC), 0.0, 1.0)
    metallic = np.where(shine < _DIELECTRIC, 0.0, metallic)[..., None]
    of_diffuse = diffuse * rest[..., None] / (1 - _DIELECTRIC) / np.maximum(1 - metallic, 1e-4)
    of_specular = (specular - _DIELECTRIC * (1 - metallic)) / np.maximum(metallic, 1e-4)
    share = metallic * metallic
    return np.clip(of_diffuse * (1 - share) + of_specular * share, 0.0, 1.0)


def _affine(transform: dict) -> np.ndarray | None:
    """(2, 3) of KHR_texture_transform, on (u, v down, 1); None for none."""
    if not transform:
        return None
    (x, y), (width, height) = (_numbers(transform.get(k), d) for k, d in (("offset", [0.0, 0.0]), ("scale", [1.0, 1.0])))
    angle = float(transform.get("rotation", 0.0))
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos * width, sin * height, x], [-sin * width, cos * height, y]])


def _numbers(values, otherwise: list[float]) -> np.ndarray:
    """As many finite numbers as `otherwise` has, which stands in where they are missing."""
    if values is None:
        return np.array(otherwise)
    numbers = np.array(values, np.float64)
    if numbers.shape != (len(otherwise),) or not np.isfinite(numbers).all():
        raise ValueError(f"{len(otherwise)} finite numbers were expected")
    return numbers
