"""USDZ: the object as augmented reality on phones opens it. A zip without compression of one USD text and its PNGs.

Written by hand from the USDZ specification (openusd.org): stored entries whose contents start at multiples of 64 bytes, the
layer first. Y up, front along +z, meters; the material is a UsdPreviewSurface.
"""

import io
import json
import zipfile

import numpy as np

from mvdream_cli import __version__
from mvdream_cli.mesh.formats.parts import Content, FileOptions, in_meters, pictures, png, quads_and_triangles, to_y_up
from mvdream_cli.mesh.texture import TexturedMesh
from mvdream_cli.raycast.paint import srgb_to_linear

_ALIGNMENT = 64
_LOCAL_HEADER = 30  # bytes of a zip local header before the file name

_LAYER = """#usda 1.0
(
    defaultPrim = "Object"
    doc = {comment}
    metersPerUnit = 1
    upAxis = "Y"
)
def Xform "Object" (
    kind = "component"
)
{{
    def Mesh "Mesh" (
        prepend apiSchemas = ["MaterialBindingAPI"]
    )
    {{
        uniform token subdivisionScheme = "none"
        float3[] extent = [{extent}]
        int[] faceVertexCounts = [{counts}]
        int[] faceVertexIndices = [{indices}]
        point3f[] points = [{points}]
        normal3f[] normals = [{normals}] (
            interpolation = "vertex"
        )
{colored} (
            interpolation = "vertex"
        )
        rel material:binding = </Object/Material>
    }}
    def Material "Material"
    {{
        token outputs:surface.connect = </Object/Material/Surface.outputs:surface>
        def Shader "Surface"
        {{
            uniform token info:id = "UsdPreviewSurface"
{inputs}
            float inputs:metallic = 0
            token outputs:surface
        }}
        def Shader "Reader"
        {{
            uniform token info:id = "UsdPrimvarReader_{kind}"
            string inputs:varname = "{primvar}"
            {kind} outputs:result
        }}
{readers}
    }}
}}
"""
_READER = """        def Shader "{shader}"
        {{
            uniform token info:id = "UsdUVTexture"
            asset inputs:file = @{name}.png@
            float2 inputs:st.connect = </Object/Material/Reader.outputs:result>
            token inputs:sourceColorSpace = "{space}"{more}
            token inputs:wrapS = "clamp"
            token inputs:wrapT = "clamp"
            {kind} outputs:{channel}
        }}"""
_TO_DIRECTIONS = """
            float4 inputs:scale = (2, 2, 2, 1)
            float4 inputs:bias = (-1, -1, -1, 0)"""
# Picture -> input of the surface and its type, output of the reader and its type, color space, more of the reader.
_INPUTS = {
    "color": ("diffuseColor", "color3f", "rgb", "float3", "sRGB", ""),
    "normal": ("normal", "normal3f", "rgb", "float3", "raw", _TO_DIRECTIONS),
    "occlusion": ("occlusion", "float", "r", "float", "raw", ""),
    "roughness": ("roughness", "float", "r", "float", "raw", ""),
}


def usdz(mesh: TexturedMesh, stem: str, options: FileOptions) -> Content:
    """One file."""
    found = pictures(mesh)
    files = {"object.usda": _layer(mesh, options, list(found)).encode()}
    return _archive(files | {f"{name}.png": png(picture) for name, picture in found.items()}), {}


def _layer(mesh: TexturedMesh, options: FileOptions, names: list[str]) -> str:
    """The USD text; `names` are those of the pictures."""
    if mesh.layout is None:
        index, corners, primvar, kind = slice(None), mesh.faces, "displayColor", "float3"
        colored = f"        color3f[] primvars:displayColor = [{_tuples(srgb_to_linear(mesh.colors / 255.0), 5)}]"
    else:
        index, corners, primvar, kind = mesh.layout.vertices, mesh.layout.faces, "st", "float2"
        colored = f"        texCoord2f[] primvars:st = [{_tuples(mesh.layout.uv, 6)}]"
    points = to_y_up(in_meters(mesh.vertices, options))[index]
    faces = quads_and_triangles(corners[..., None], mesh.quads)
    inputs, readers = [], []
    for name in names:
        target, wanted, channel, read, space, more = _INPUTS[name]
        shader = name.capitalize()
        inputs.append(f"            {wanted} inputs:{target}.connect = </Object/Material/{shader}.outputs:{channel}>")
        readers.append(_READER.format(shader=shader, name=name, space=space, more=more, kind=read, channel=channel))
    if not names:
        inputs.append("            color3f inputs:diffuseColor.connect = </Object/Material/Reader.outputs:result>")
    if "roughness" not in names:
        inputs.append("            float inputs:roughness = 1")
    prompt = str(options.about.get("prompt", ""))
    return _LAYER.format(
        comment=json.dumps(f"mvdream {__version__}: {prompt}" if prompt else f"mvdream {__version__}", ensure_ascii=True),
        extent=_tuples(np.stack([points.min(0), points.max(0)]), 7),
        counts=", ".join(str(group.shape[1]) for group in faces for _ in range(len(group))),
        indices=", ".join(str(k) for group in faces for k in group.ravel().tolist()),
        points=_tuples(points, 7),
        normals=_tuples(to_y_up(mesh.normals[index]), 4),
        colored=colored,
        primvar=primvar,
        kind=kind,
        inputs="\n".join(inputs),
        readers="\n".join(readers),
    )


def _tuples(array: np.ndarray, digits: int) -> str:
    pattern = "(" + ", ".join([f"%.{digits}g"] * array.shape[1]) + ")"
    return ", ".join(pattern % tuple(row) for row in array.tolist())


def _archive(files: dict[str, bytes]) -> bytes:
    """A stored zip whose contents are aligned."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            start = packed.tell() + _LOCAL_HEADER + len(name)
            padding = -(start + 4) % _ALIGNMENT  # an extra field has a header of 4 bytes
            entry.extra = b"\x86\x19" + padding.to_bytes(2, "little") + bytes(padding)
            archive.writestr(entry, content)
    return packed.getvalue()
