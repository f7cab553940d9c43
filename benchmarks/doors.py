"""What reads files of others: each loader, with a small whole example of what it reads. For `fuzz` and tests/doors."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

from mvdream_cli.cameras import orbit
from mvdream_cli.data.captioned_images import index_images, load_picture
from mvdream_cli.data.latent_files import LatentFiles
from mvdream_cli.data.listing import sources_from_folder
from mvdream_cli.data.pictures import read_picture
from mvdream_cli.data.shards import write_shard
from mvdream_cli.data.soundness import sound_objects
from mvdream_cli.data.views import encode_object, index_views, load, load_points, write_object
from mvdream_cli.engine import checkpoint
from mvdream_cli.engine.records import read_run
from mvdream_cli.engine.run import open_run
from mvdream_cli.errors import MVDreamError
from mvdream_cli.hashes import tensors_checksum
from mvdream_cli.images import load_image
from mvdream_cli.methods.posed_views import read_posed_views
from mvdream_cli.models import ldm
from mvdream_cli.models.find import known_words
from mvdream_cli.models.networks import text_from_ldm, under, unet_from_ldm, vae_from_ldm
from mvdream_cli.models.parts import check_parts, open_scheduler
from mvdream_cli.models.single_file import refuse_foreign
from mvdream_cli.models.state_files import read_shapes, read_state
from mvdream_cli.models.tokenizers import read_tokenizer
from mvdream_cli.prompts import read_prompt_set, read_prompts
from mvdream_cli.raycast.assets import load_asset, referenced_files
from mvdream_cli.raycast.points import Points
from mvdream_cli.settings.resolve import resolve
from mvdream_cli.settings.to3d import SampledViews
from mvdream_cli.texts import read_caption

RNG = np.random.default_rng(0)


class Loader(NamedTuple):
    """make: writes an example into an empty folder, and returns the files that may be broken.

    load: reads the folder, or what of it one of those files is for.
    """

    make: Callable[[Path], list[Path]]
    load: Callable[[Path, Path], object]


def _written(folder: Path, **files: bytes | str) -> list[Path]:
    paths = []
    for name, content in files.items():
        path = folder / name.replace("__", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        paths.append(path)
    return paths


def _picture(form: str, mode: str = "RGB", **options) -> bytes:
    buffer = io.BytesIO()
    pixels = RNG.integers(0, 256, (12, 12, 4), np.uint8)
    Image.fromarray(pixels).convert(mode).save(buffer, form, **options)
    return buffer.getvalue()


def _preset(folder: Path) -> list[Path]:
    text = "to3d:\n  method: views\n  views: &v {steps: 5, candidates: 2}\n  minutes: 1.5\nengine: {seed: 3, dtype: float32}\n"
    return _written(folder, a__yaml=text)


def _prompts(folder: Path) -> list[Path]:
    text = '# toys\na red car\n{"prompt": "a caf\\u00e9", "seed": 3, "negative": "", "to3d.views.steps": 5}\n'
    return _written(folder, a__txt=text, b__jsonl='{"prompt": "a dog"}\n', c__json='{"x": ["a dog", "a cat"]}')


def _read_prompts(folder: Path, file: Path) -> None:
    if file.suffix == ".json":
        read_prompt_set(f"{file}:x")
    else:
        assert all(line.problem or line.prompt for line in read_prompts(file))


def _captions(folder: Path) -> list[Path]:
    _written(folder, a__glb=b"glTF", b__obj="v 0 0 0")
    row = {"file": "a.glb", "caption": "a red car", "source": "x", "licence": "CC0"}
    return _written(folder, captions__jsonl=json.dumps(row) + "\n", b__txt="a blue \u00e9 boat")


def _run(folder: Path) -> list[Path]:
    with open_run(folder / "run", "to3d", {"to3d": {"steps": 5}}, identity_keys=["to3d"], text="a dog") as run:
        for step in range(4):
            run.write_stats(step=step, loss=1.0)
        run.finish(mesh=run.folder / "log.txt")
    return [folder / "run" / "run.json", folder / "run" / "stats.jsonl"]


def _resume(folder: Path, file: Path) -> None:
    read_run(folder / "run")
    with open_run(folder / "run", "to3d", {"to3d": {"steps": 5}}, identity_keys=["to3d"], text="a dog") as run:
        run.cut_stats(2)


def _checkpoint(folder: Path) -> list[Path]:
    module = torch.nn.Linear(2, 2)
    optimizer = torch.optim.Adam(module.parameters())
    module(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    step = checkpoint.save(folder, step=5, modules={"a": module}, optimizer=optimizer, state={"seed": 0}, keep=2)
    return sorted(step.iterdir())


def _restore(folder: Path, file: Path) -> None:
    module = torch.nn.Linear(2, 2)
    checkpoint.read_weights(folder)
    checkpoint.restore(folder, {"a": module}, torch.optim.Adam(module.parameters()))


def _object(number: int) -> tuple[str, dict[str, bytes]]:
    c2w = orbit(np.arange(2) * 180.0, 15.0, 1.8)
    meta = {"id": f"o{number}", "caption": "a toy", "size_px": 8, "c2w": c2w.tolist(), "fovy_deg": [40.0, 40.0]}
    meta |= {"elevation_deg": [15.0] * 2, "azimuth_deg": [0.0, 180.0]}
    points = Points(*(RNG.random(shape).astype(np.float16) for shape in ((5, 3), (5,), (5, 3))))
    return f"o{number}", encode_object(RNG.integers(0, 256, (2, 8, 8, 4), np.uint8), meta, points)


def _view_folders(folder: Path) -> list[Path]:
    return sorted(write_object(folder, *_object(0)).iterdir())


def _shard(folder: Path) -> list[Path]:
    path = write_shard(folder / "views-000000.tar", [_object(0), _object(1)])
    return [path, path.with_suffix(".json")]


def _read_views(folder: Path, file: Path) -> None:
    for entry in sound_objects(index_views(folder), threads=1):
        load(entry)
        load_points(entry)


def _captioned(folder: Path) -> list[Path]:
    import tarfile

    with tarfile.open(folder / "0.tar", "w") as tar:
        for name, content in {
            "a.jpg": _picture("JPEG"),
            "a.txt": b"a dog",
            "b.png": _picture("PNG"),
            "b.json": b'{"caption": "a"}',
        }.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return [folder / "0.tar", *_written(folder, c__webp=_picture("WEBP"), c__txt="a cat")]


def _read_captioned(folder: Path, file: Path) -> None:
    for picture in index_images(folder)[0]:
        load_picture(picture, 8)


def _photographs(folder: Path) -> list[Path]:
    exif = Image.Exif()
    exif[274] = 6
    forms = {
        "a__png": ("PNG", "RGBA"),
        "b__webp": ("WEBP", "RGB"),
        "c__gif": ("GIF", "P"),
        "d__tif": ("TIFF", "RGB"),
        "e__bmp": ("BMP", "RGB"),
        "f__avif": ("AVIF", "RGB"),
        "h__png": ("PNG", "P"),
    }
    pictures = {name: _picture(*form) for name, form in forms.items()}
    pictures |= {"g__jpg": _picture("JPEG", exif=exif), "a__mask__png": _picture("PNG", "L")}
    return _written(folder, **pictures, a__txt="a photo of sks dog")


def _read_photograph(folder: Path, file: Path) -> None:
    if file.suffix == ".txt":
        read_caption(file)
    else:
        read_picture(file)
        load_image(file)


def _posed(folder: Path) -> list[Path]:
    pixels = np.zeros((3, 16, 16, 4), np.uint8)
    pixels[:, 4:12, 4:12] = 255
    for k, picture in enumerate(pixels):
        Image.fromarray(picture).save(folder / f"view-00-{k:02d}.png")
    told = {"c2w": orbit(np.arange(3) * 90.0, 15.0, 2.0).tolist(), "fovy_deg": 40.0, "center": [0, 0, 0], "half_side": 1.0}
    return [*_written(folder, cameras__json=json.dumps(told)), *sorted(folder.glob("*.png"))]


def _glb(folder: Path) -> list[Path]:
    import trimesh

    mesh = trimesh.creation.box()
    mesh.visual = trimesh.visual.TextureVisuals(
        uv=RNG.random((len(mesh.vertices), 2)),
        material=trimesh.visual.material.PBRMaterial(
            baseColorTexture=Image.fromarray(RNG.integers(0, 256, (4, 4, 3), np.uint8))
        ),
    )
    return _written(folder, a__glb=mesh.export(file_type="glb"))


def _gltf(folder: Path) -> list[Path]:
    content = _glb(folder)[0].read_bytes()
    length = int.from_bytes(content[12:16], "little")
    tree = json.loads(content[20 : 20 + length])
    tree["buffers"][0]["uri"] = "a.bin"
    tree["nodes"].append({"children": [0], "rotation": [0, 0, 0, 1], "scale": [1, 2, 1]})
    (folder / "a.glb").unlink()
    return _written(folder, a__gltf=json.dumps(tree), a__bin=content[28 + length :])


def _obj(folder: Path) -> list[Path]:
    text = "mtllib a.mtl\nv 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 1\nvt 0 0\nvt 1 0\nvt 1 1\n"
    text += "usemtl m\nf 1/1 2/2 3/3\nf 1 2 3 4\nf -1//1 2/1 1\n"
    material = "newmtl m\nKd 1 0 0\nd 0.5\nmap_Kd -s 2 2 -o 0.5 0 a.png\n"
    return _written(folder, a__obj=text, a__mtl=material, a__png=_picture("PNG"))


def _asset(folder: Path, file: Path) -> None:
    path = next(path for path in sorted(folder.iterdir()) if path.suffix in (".glb", ".gltf", ".obj"))
    referenced_files(path)
    load_asset(path).normalise()


def _ldm_state() -> dict[str, torch.Tensor]:
    """The first tensors of a file with LDM's names: enough to be taken for one."""
    shapes = {
        "input_blocks.0.0.weight": (32, 4, 3, 3),
        "input_blocks.3.0.op.weight": (32, 32, 3, 3),
        "out.2.weight": (4, 32, 3, 3),
    }
    shapes |= {f"input_blocks.{k}.0.out_layers.3.weight": (32, 32, 1, 1) for k in (1, 4)}
    shapes |= {"input_blocks.1.1.proj_in.weight": (32, 32), "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight": (32, 16)}
    shapes |= {f"input_blocks.1.0.x{k}.weight": (1,) for k in range(24)}
    state = {ldm.UNET_PREFIX + key: torch.zeros(shape) for key, shape in shapes.items()}
    state |= {"first_stage_model.post_quant_conv.weight": torch.zeros(4, 4, 1, 1)}
    return state | {"first_stage_model.encoder.down.0.block.0.conv1.weight": torch.zeros(8, 8, 1, 1)}


def _safetensors(folder: Path) -> list[Path]:
    save_file(_ldm_state(), folder / "a.safetensors")
    return [folder / "a.safetensors"]


def _pickles(folder: Path) -> list[Path]:
    torch.save({"state_dict": {"a": torch.zeros(3, 2), "b": torch.ones(2, dtype=torch.float16)}}, folder / "a.pt")
    torch.save(
        {"a": torch.zeros(3), "b": torch.nn.Parameter(torch.ones(2))}, folder / "b.pt", _use_new_zipfile_serialization=False
    )
    return sorted(folder.iterdir())


def _read_networks(folder: Path, file: Path) -> None:
    read_shapes(file)
    state = read_state(file)
    for build in (
        lambda: refuse_foreign(file, state), lambda: unet_from_ldm(under(state, ldm.UNET_PREFIX), file),
        lambda: vae_from_ldm(under(state, ldm.VAE_PREFIX), file), lambda: text_from_ldm(state, file),
    ):  # fmt: skip
        try:
            build()
        except MVDreamError:
            continue


def _model(folder: Path) -> list[Path]:
    from mvdream_cli.models.architectures import build_pipeline
    from mvdream_cli.models.load import save_pipeline

    torch.manual_seed(0)
    made = save_pipeline(build_pipeline("tiny", ["a red dog"]), folder / "model", words={"red", "dog"})
    return [*sorted(made.rglob("*.json")), *sorted(made.rglob("*.safetensors"))]


def _open_parts(folder: Path, file: Path) -> None:
    model = folder / "model"
    known_words(str(model))
    if file.parent.name == "tokenizer":
        read_tokenizer(model / "tokenizer")
    else:
        check_parts(model)
        open_scheduler(model)


def _latents(folder: Path) -> list[Path]:
    made = {"latents": torch.zeros(2, 2, 1, 2, 2).half(), "cameras": torch.zeros(2, 2, 16), "entries": torch.arange(2)}
    about = {"made_from": json.dumps({"views": "x", "sha256": tensors_checksum(made)})}
    save_file(made, folder / "a.safetensors", about)
    return [folder / "a.safetensors"]


def _open_latents(folder: Path, file: Path) -> None:
    LatentFiles._opened(SimpleNamespace(_path=lambda number: file, made_from={"views": "x"}, entries=[0, 1]), 0)


LOADERS = {
    "settings": Loader(_preset, lambda folder, file: resolve(str(folder / "a.yaml"))),
    "prompts": Loader(_prompts, _read_prompts),
    "captions": Loader(_captions, lambda folder, file: list(sources_from_folder(folder, say=lambda text: None))),
    "run": Loader(_run, _resume),
    "checkpoint": Loader(_checkpoint, _restore),
    "view folders": Loader(_view_folders, _read_views),
    "shards": Loader(_shard, _read_views),
    "captioned pictures": Loader(_captioned, _read_captioned),
    "photographs": Loader(_photographs, _read_photograph),
    "posed views": Loader(_posed, lambda folder, file: read_posed_views(folder, SampledViews())),
    "glb": Loader(_glb, _asset),
    "gltf": Loader(_gltf, _asset),
    "obj": Loader(_obj, _asset),
    "safetensors": Loader(_safetensors, _read_networks),
    "pickles": Loader(_pickles, lambda folder, file: read_state(file)),
    "model folder": Loader(_model, _open_parts),
    "latents": Loader(_latents, _open_latents),
}
