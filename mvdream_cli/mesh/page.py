"""index.html: the object to turn, the turntable, the prompt and the settings in one file that opens offline.

The viewer inside the frame is the one that trimesh ships (three.js, MIT licence), asked for when the page is written.
"""

import base64
import html
from collections.abc import Mapping
from pathlib import Path

from mvdream_cli.atomic import written_whole
from mvdream_cli.mesh.texture import TexturedMesh
from mvdream_cli.mesh.writers import scene_of

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
body { margin: 0 auto; max-width: 68rem; padding: 2rem 1.25rem 4rem; font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; font-weight: 600; margin: 0 0 1.25rem; overflow-wrap: anywhere; }
main { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); gap: 1.25rem; }
figure { margin: 0; } figcaption { font-size: .85rem; opacity: .7; margin-top: .4rem; }
iframe, video { display: block; box-sizing: border-box; width: 100%; aspect-ratio: 1; border: 1px solid var(--line);
  border-radius: 10px; background: #fff; object-fit: contain; }
main + figure { margin-top: 1.25rem; } img { width: 100%; border-radius: 10px; }
details { margin-top: 2rem; } summary { cursor: pointer; font-weight: 600; }
table { border-collapse: collapse; margin-top: .75rem; font-size: .85rem; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--soft); }
th { font-weight: 500; white-space: nowrap; } td { overflow-wrap: anywhere; font-family: ui-monospace, monospace; }
"""

# The shipped viewer shows textures without the display curve and lights them from the camera alone.
_VIEWER_LIGHT = """<script>try {
renderer.outputEncoding = THREE.sRGBEncoding; tracklight.intensity = 0.35;
scene.add(new THREE.AmbientLight(0xffffff, 0.75)); scene.background = new THREE.Color(0xf4f4f2);
} catch (error) { console.warn(error); }</script>"""


def write_index_html(
    path: Path | str,
    *,
    prompt: str,
    scene,
    video: Path | str | None = None,
    views: Path | str | None = None,
    settings: Mapping | None = None,
) -> Path:
    """Write the page.

    Args:
        prompt: the headline. scene: trimesh's, of the object's file. video: an mp4, played in a loop; None leaves it out.
        views: the picture that the object was made from, PNG; None leaves it out.
        settings: nested mapping, shown as a table of dotted keys.
    """
    path = Path(path)
    figures = [_figure(_viewer(scene), "Drag to turn, scroll to zoom.")]
    if video is not None:
        encoded = base64.b64encode(Path(video).read_bytes()).decode()
        player = f'<video src="data:video/mp4;base64,{encoded}" autoplay loop muted playsinline controls></video>'
        figures.append(_figure(player, "Turntable."))
    sampled = ""
    if views is not None:
        encoded = base64.b64encode(Path(views).read_bytes()).decode()
        picture = f'<img src="data:image/png;base64,{encoded}" alt="sampled views">'
        sampled = _figure(picture, "The views that the model drew first.")
    rows = "".join(
        f"<tr><th>{html.escape(key)}</th><td>{html.escape(str(value))}</td></tr>" for key, value in _flatten(settings or {})
    )
    table = f"<details><summary>Settings</summary><table>{rows}</table></details>" if rows else ""
    title = html.escape(prompt)
    page = (
        '<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head>\n"
        f"<body><h1>{title}</h1>\n<main>{''.join(figures)}</main>\n{sampled}{table}</body>\n</html>\n"
    )
    with written_whole(path) as partial:
        partial.write_text(page, encoding="utf-8")
    return path


def write_page_of(mesh: TexturedMesh, path: Path, prompt: str, settings: Mapping) -> Path:
    """Write a page that shows a mesh before it became a file of any format."""
    return write_index_html(path, prompt=prompt, scene=scene_of(mesh), settings=settings)


def _figure(content: str, caption: str) -> str:
    return f"<figure>{content}<figcaption>{caption}</figcaption></figure>\n"


def _viewer(scene) -> str:
    """A frame that holds trimesh's viewer and the object, seen from its front and a little from above."""
    import numpy as np
    from trimesh.viewer.notebook import scene_to_html

    scene = scene.copy()  # it gets a camera
    radius = 0.5 * float(np.linalg.norm(scene.extents))
    scene.set_camera(
        angles=(np.deg2rad(-15.0), np.deg2rad(25.0), 0.0),
        distance=2.6 * radius,
        center=scene.centroid,
        fov=(45.0, 45.0),
    )
    page = scene_to_html(scene).replace("</body>", f"{_VIEWER_LIGHT}</body>")
    return f'<iframe srcdoc="{html.escape(page, quote=True)}" title="the object in 3D"></iframe>'


def _flatten(settings: Mapping, prefix: str = "") -> list[tuple[str, object]]:
    rows = []
    for key, value in settings.items():
        if isinstance(value, Mapping):
            rows += _flatten(value, f"{prefix}{key}.")
        else:
            rows.append((f"{prefix}{key}", value))
    return rows
