"""`mvdream data`: captioned 3D objects (toybox) and their pictures from all sides (render)."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import trimesh

from mvdream_cli.atomic import written_whole
from mvdream_cli.data.render_set import render_dataset
from mvdream_cli.data.sources import AssetSource, sources_from_folder
from mvdream_cli.data.training_cameras import CameraDistribution
from mvdream_cli.engine.device import physical_cores
from mvdream_cli.engine.progress import Bar, clock, say, warn
from mvdream_cli.errors import UsageError
from mvdream_toybox.captions import caption
from mvdream_toybox.world import build, draw_spec


def toybox(settings, out: Path) -> dict:
    """Write objects of the procedural world as GLB files with captions.jsonl. Those already there are kept."""
    out.mkdir(parents=True, exist_ok=True)
    rows, seed = [], settings.engine.seed
    with Bar("toybox", settings.data.objects) as bar:
        for done, source in enumerate(toybox_sources(settings.data, seed), start=1):
            path = out / f"{source.id}.glb"
            if not path.is_file():
                part = source.load()
                colours = np.concatenate([to_linear(part.colours), np.ones((len(part.colours), 1))], 1)
                mesh = trimesh.Trimesh(
                    part.vertices[:, [1, 2, 0]],
                    part.faces,
                    process=False,
                    vertex_colors=(colours * 255 + 0.5).astype(np.uint8),
                )  # z up to glTF's y up
                with written_whole(path) as partial:
                    partial.write_bytes(mesh.export(file_type="glb"))
            rows.append({"file": path.name, "caption": source.caption})
            bar.update(done)
    captions = out / "captions.jsonl"
    captions.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return {"assets": out, "captions": captions}


def render(settings, source: str, out: Path) -> dict:
    """Render a folder of assets, or `toybox` itself, into a multi-view set. Rendered objects are kept."""
    data = settings.data
    if source == "toybox":
        sources = toybox_sources(data, settings.engine.seed)
    else:
        sources = sources_from_folder(source)
    with Bar("rendering", len(sources)) as bar:
        report = render_dataset(
            sources,
            out,
            num_views=data.views,
            size_px=data.size_px,
            seed=settings.engine.seed,
            cameras=CameraDistribution(data.fovy_deg, data.elevation_deg, data.camera_distance),
            workers=data.workers or physical_cores(),
            form=data.form,
            shard_size=data.objects_per_shard,
            on_progress=lambda done, total, skipped: bar.update(done, f"{skipped} skipped" if skipped else ""),
            on_forecast=lambda f: say(f"{f.objects} objects to go: about {clock(f.seconds)} and {f.bytes / 1e6:.0f} MB"),
        )
    if report.skipped:
        warn(f"skipped {len(report.skipped)} of {len(sources)} objects; the reasons are in {out / 'skipped.jsonl'}")
    return {"views": out, "rendered": report.rendered, "skipped": len(report.skipped)}


def toybox_sources(data, seed: int) -> list[AssetSource]:
    """Objects `first` to `first + objects` of world `seed`, each built when it is rendered."""
    sources = []
    for index in range(data.first, data.first + data.objects):
        try:
            spec = draw_spec(seed, index, data.split, data.kinds, data.worn)
        except ValueError as error:  # a name in the settings that the world does not know
            raise UsageError(str(error)) from None
        text = caption(spec, np.random.default_rng((seed, index, 1)))
        sources.append(AssetSource(f"toy-{index:07d}", partial(build, spec), text))
    return sources


def to_linear(srgb: np.ndarray) -> np.ndarray:
    """sRGB in [0, 1] to linear light, which glTF's COLOR_0 holds."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
