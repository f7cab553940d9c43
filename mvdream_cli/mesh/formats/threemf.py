"""3MF: a solid in millimeters, z up, standing on z = 0, with a color at each corner.

Written by hand from the 3MF core specification and its materials extension (3mf.io). Colors are a color group: sRGB, one for
each vertex, blended over a triangle. Programs that know the core alone read the same solid without them.
"""

import io
import zipfile
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from scipy.spatial import cKDTree

from mvdream_cli import __version__
from mvdream_cli.mesh.formats.parts import Content, FileOptions, on_the_printer
from mvdream_cli.mesh.texture import TexturedMesh
from mvdream_cli.mesh.watertight import watertight

_TYPES = """<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">\
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>\
<Default Extension="model" ContentType="application/vnd.ms-package.3dmanufacturing-3dmodel+xml"/></Types>"""
_RELATIONS = """<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">\
<Relationship Id="model" Target="/3D/3dmodel.model" \
Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/></Relationships>"""
_MODEL = """<?xml version="1.0" encoding="UTF-8"?>
<model unit="millimeter" xml:lang="en-US" xmlns="http://schemas.microsoft.com/3dmanufacturing/core/2015/02" \
xmlns:m="http://schemas.microsoft.com/3dmanufacturing/material/2015/02">
<metadata name="Application">mvdream {version}</metadata>{title}
<resources><m:colorgroup id="1">{colors}</m:colorgroup>
<object id="2" type="model" name={name} pid="1" pindex="0"><mesh>
<vertices>{vertices}</vertices>
<triangles>{triangles}</triangles>
</mesh></object></resources>
<build><item objectid="2"/></build>
</model>
"""


def threemf(mesh: TexturedMesh, stem: str, options: FileOptions) -> Content:
    """One file, a zip.

    Raises:
        ObjectError: the surface encloses nothing.
    """
    solid, faces = watertight(mesh.vertices, mesh.faces)
    nearest = cKDTree(mesh.vertices).query(solid)[1]  # nearly all of its vertices are vertices of the mesh
    colors, used = np.unique(mesh.colors[nearest], axis=0, return_inverse=True)
    prompt = str(options.about.get("prompt", ""))
    corners = np.hstack([faces, used.reshape(-1)[faces]])
    model = _MODEL.format(
        version=__version__,
        title=f'\n<metadata name="Title">{escape(_text(prompt))}</metadata>' if prompt else "",
        name=quoteattr(_text(stem)),
        colors=_rows('<m:color color="#{:02X}{:02X}{:02X}"/>', colors),
        vertices=_rows('<vertex x="{:.5f}" y="{:.5f}" z="{:.5f}"/>', on_the_printer(solid, options)),
        triangles=_rows('<triangle v1="{}" v2="{}" v3="{}" pid="1" p1="{}" p2="{}" p3="{}"/>', corners),
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (("[Content_Types].xml", _TYPES), ("_rels/.rels", _RELATIONS), ("3D/3dmodel.model", model)):
            entry = zipfile.ZipInfo(name)  # without the time of day: the same mesh, the same file
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, text)
    return file.getvalue(), {}


def _text(text: str) -> str:
    """Without characters that XML 1.0 cannot have."""
    return "".join(c for c in text if c in "\t\n\r" or " " <= c < "\ud800" or "\ue000" <= c <= "\ufffd" or c > "\uffff")


def _rows(pattern: str, values: np.ndarray) -> str:
    return "".join(pattern.format(*row) for row in values.tolist())
