"""Geometry compressed with Draco, for the extension KHR_draco_mesh_compression."""

import numpy as np

_POSITION_BITS = 14  # a 16,384th of the longest side
_NORMAL_BITS = 10
_TEXTURE_BITS = 14  # a quarter of a texel of 4,096
_LEVEL = 7  # of 10; more takes longer and saves a hundredth
_POSITION, _NORMAL, _TEXTURE, _GENERIC = 0, 1, 3, 4  # Draco's kinds of attributes


def compress(
    attributes: dict[str, np.ndarray], faces: np.ndarray
) -> tuple[bytes, dict[str, int], dict[str, np.ndarray], np.ndarray]:
    """Draco's bytes, its identifiers of the attributes, and the attributes and faces that a reader gets out of them.

    Draco puts vertices in an order of its own, and accessors have to describe what comes out. Tangents are left out: they would
    be four fifths of the file, and clients compute them from the texture coordinates where there are none.

    Args:
        attributes: (A, C) by glTF's name: POSITION, NORMAL, and TEXCOORD_0 or COLOR_0. faces: (M, 3).
    """
    import DracoPy

    kinds = {"POSITION": _POSITION, "NORMAL": _NORMAL, "TEXCOORD_0": _TEXTURE, "COLOR_0": _GENERIC}
    kept = {name: values for name, values in attributes.items() if name in kinds}
    uv, colors = kept.get("TEXCOORD_0"), kept.get("COLOR_0")
    content = DracoPy.encode(
        kept["POSITION"].astype(np.float64),
        faces.astype(np.uint32),
        quantization_bits=_POSITION_BITS,
        compression_level=_LEVEL,
        normals=kept["NORMAL"].astype(np.float64),
        normal_quantization_bits=_NORMAL_BITS,
        tex_coord=None if uv is None else uv.astype(np.float64),
        tex_coord_quantization_bits=_TEXTURE_BITS,
        generic_attributes=None if colors is None else {100: colors},
    )
    decoded = DracoPy.decode(content)
    found = {attribute["attribute_type"]: attribute for attribute in decoded.attributes}
    identifiers = {name: int(found[kinds[name]]["unique_id"]) for name in kept}
    read = {name: np.asarray(found[kinds[name]]["data"]).astype(values.dtype) for name, values in kept.items()}
    return content, identifiers, read, np.asarray(decoded.faces).reshape(-1, 3).astype(faces.dtype)
