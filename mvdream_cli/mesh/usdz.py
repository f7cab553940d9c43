"""USDZ: the object as augmented reality on phones opens it. A zip without compression of one USD text and one PNG.

Written by hand from the USDZ specification (openusd.org): stored entries whose contents start at multiples of 64 bytes.
"""

import io
import zipfile
from pathlib import Path

import numpy as np

_ALIGNMENT = 64
_LOCAL_HEADER = 30  # bytes of a zip local header before the file name

_MATERIAL = """
    def Material "Material"
    {
        token outputs:surface.connect = </Object/Material/Surface.outputs:surface>
        def Shader "Surface"
        {
            uniform token info:id = "UsdPreviewSurface"
            color3f inputs:diffuseColor.connect = </Object/Material/Color.outputs:rgb>
            float inputs:metallic = 0
            float inputs:roughness = 1
            token outputs:surface
        }
        def Shader "Reader"
        {
            uniform token info:id = "UsdPrimvarReader_float2"
            string inputs:varname = "st"
            float2 outputs:result
        }
        def Shader "Color"
        {
            uniform token info:id = "UsdUVTexture"
            asset inputs:file = @texture.png@
            float2 inputs:st.connect = </Object/Material/Reader.outputs:result>
            token inputs:sourceColorSpace = "sRGB"
            token inputs:wrapS = "clamp"
            token inputs:wrapT = "clamp"
            float3 outputs:rgb
        }
    }
"""


def _tuples(array: np.ndarray, digits: int) -> str:
    pattern = "(" + ", ".join([f"%.{digits}g"] * array.shape[1]) + ")"
    return ", ".join(pattern % tuple(row) for row in array.tolist())


def usda(points: np.ndarray, faces: np.ndarray, normals: np.ndarray, uv: np.ndarray) -> str:
    """The USD text of a textured mesh: points (A, 3) y up, faces (M, 3), normals (A, 3), uv (A, 2) v up."""
    low, high = points.min(0), points.max(0)
    return f"""#usda 1.0
(
    defaultPrim = "Object"
    metersPerUnit = 1
    upAxis = "Y"
)
def Xform "Object"
{{
    def Mesh "Mesh" (
        prepend apiSchemas = ["MaterialBindingAPI"]
    )
    {{
        uniform token subdivisionScheme = "none"
        float3[] extent = [{_tuples(np.stack([low, high]), 7)}]
        int[] faceVertexCounts = [{", ".join(["3"] * len(faces))}]
        int[] faceVertexIndices = [{", ".join(map(str, faces.ravel().tolist()))}]
        point3f[] points = [{_tuples(points, 7)}]
        normal3f[] normals = [{_tuples(normals, 4)}] (
            interpolation = "vertex"
        )
        texCoord2f[] primvars:st = [{_tuples(uv, 6)}] (
            interpolation = "vertex"
        )
        rel material:binding = </Object/Material>
    }}
{_MATERIAL}}}
"""


def write_usdz(path: Path, text: str, texture: np.ndarray) -> None:
    """Pack the USD text first, as the format demands, then the texture (T, T, 3) uint8."""
    from PIL import Image

    image = io.BytesIO()
    Image.fromarray(texture).save(image, format="PNG")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, content in (("object.usda", text.encode()), ("texture.png", image.getvalue())):
            entry = zipfile.ZipInfo(name)
            start = archive.fp.tell() + _LOCAL_HEADER + len(name)
            padding = -(start + 4) % _ALIGNMENT  # an extra field has a header of 4 bytes
            entry.extra = b"\x86\x19" + padding.to_bytes(2, "little") + bytes(padding)
            archive.writestr(entry, content)
