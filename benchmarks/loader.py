"""What the loader of `mvdream train` gives and takes: objects a second of each path, the index of 350,000 objects, memory.

python -m benchmarks.loader speed | index | latents [--steps N] | set [--steps N] | need

`speed` counts processor time, so that other work on the machine does not count. `index`, `latents` and `set` work on sparse
files that are larger than the memory of any machine at hand: what is read is true, what lies between is a hole.
"""

import json
import os
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch

from benchmarks.gpu.full_size import published_unet, published_vae
from mvdream_cli.commands.toybox_stream import stream_law
from mvdream_cli.commands.toybox_world import draw_toy
from mvdream_cli.data.latents import Latents
from mvdream_cli.data.render_set import render_dataset
from mvdream_cli.data.set_stream import SetStream
from mvdream_cli.data.shards import read_shard_index
from mvdream_cli.data.soundness import sound_objects
from mvdream_cli.data.sources import AssetSource
from mvdream_cli.data.stream import Stream
from mvdream_cli.data.views import index_views, set_identity
from mvdream_cli.parts import Part
from mvdream_cli.settings.resolve import resolve
from mvdream_toybox.world import build, draw_spec

OBJECTS, VIEWS, IN_SHARD = 350_000, 32, 256
PUBLISHED, MINI = (4, 32, 32), (16, 16, 16)  # latents of a view
H100_BF16 = 989e12  # operations a second that its data sheet promises, dense


def rendered(folder: Path, objects: int, size_px: int, views: int = VIEWS) -> Path:
    sources = [AssetSource(f"toy-{i}", partial(build, draw_spec(0, i)), f"a toy number {i}, 3d asset") for i in range(objects)]
    render_dataset(sources, folder, num_views=views, size_px=size_px, workers=1)
    return folder


def sparse_set(folder: Path, size_px: int) -> Path:
    """Shards of 350,000 objects, 700 GB of them holes: every object of a shard has the bytes of one."""
    rendered(folder / "one", 1, size_px)
    one = next((folder / "one").glob("*.tar"))
    index, content = read_shard_index(one), one.read_bytes()
    (item,) = index["objects"]
    size = IN_SHARD * 2_000_000
    told = [item | {"id": f"asset-SHARD-{k:03d}", "caption": f"a thing SHARD {k}, 3d asset"} for k in range(IN_SHARD)]
    for number, start in enumerate(range(0, OBJECTS, IN_SHARD)):
        shard = folder / f"views-{number:06d}.tar"
        shard.write_bytes(content)
        os.truncate(shard, size)
        if start == 0 or OBJECTS - start < IN_SHARD:
            text = json.dumps({"bytes": size, "sha256": "0" * 64, "objects": told[: OBJECTS - start]})
        shard.with_suffix(".json").write_text(text.replace("SHARD", f"{number:06d}"))
    return folder


def sparse_latents(folder: Path, shape: tuple[int, ...], in_file: int = 512) -> Latents:
    """Files of 350,000 objects in the form of `LatentFiles`, all holes: zeros, mapped."""
    files = []
    for start in range(0, OBJECTS, in_file):
        count, path = min(in_file, OBJECTS - start), folder / f"latents-{start:06d}"
        numbers = count * VIEWS * int(np.prod(shape))
        with path.open("wb") as file:
            os.truncate(file.fileno(), 4 * numbers)
        storage = torch.from_file(str(path), shared=False, size=2 * numbers, dtype=torch.float16)
        mean, spread = storage.view(2, count, 1, VIEWS, *shape)
        entries = torch.arange(start, start + count)
        cameras = torch.zeros(1).expand(count, VIEWS, 16)  # 2 kB an object, in the file where there is one
        files.append({"latents": mean, "spread": spread, "cameras": cameras, "entries": entries})
    return Latents(files, [f"a thing {k}" for k in range(OBJECTS)], seed=0)


def kib(name: str) -> int:
    return int(next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name)))


def objects_a_second(draw, objects: int, repeats: int) -> float:
    """Of one core: processor time of all threads counts."""
    draw(0)
    started = time.process_time()
    for i in range(1, repeats + 1):
        draw(i)
    return objects * repeats / (time.process_time() - started)


def speed(folder: Path) -> None:
    print("| path | objects a second and core |\n|---|---|")
    for size_px in (128, 256):
        entries = index_views(rendered(folder / str(size_px), 24, size_px))
        stream = SetStream(entries, views=4, seed=0, batch_size=8, ahead=0)
        print(f"| a set, 4 of {VIEWS} views, {size_px} px | {objects_a_second(stream.batch, 8, 10):.0f} |", flush=True)
        stream.close()
    for name, shape in (("mini's", MINI), ("published", PUBLISHED)):
        (folder / name).mkdir()
        latents = sparse_latents(folder / name, shape)
        rate = objects_a_second(lambda i, latents=latents: latents.draw(i, Part(0, 64, 64), 4), 64, 20)
        print(f"| latents from files, {name} size | {rate:.0f} |", flush=True)
    settings = resolve("cpu", ["data.size_px=128"])
    toys = Stream(draw_toy, stream_law(settings), seed=0, batch_size=4)
    print(f"| the toybox, 4 views, 128 px | {objects_a_second(toys.batch, 4, 8):.0f} |", flush=True)


def index(folder: Path) -> None:
    root, before = sparse_set(folder, 32), kib("RssAnon")
    started = time.process_time()
    entries = index_views(root)
    read = time.process_time()
    entries = sound_objects(entries)
    sound = time.process_time()
    set_identity(entries)
    took = [round(seconds) for seconds in (read - started, sound - read, time.process_time() - sound)]
    print(f"{len(entries):,} objects of {VIEWS} views, {(kib('RssAnon') - before) / 1e6:.2f} GB; processor time:")
    print(f"{took[0]} s to read the index, {took[1]} s to look for odd ones, {took[2]} s for the identity")


def memory(folder: Path, draw, steps: int) -> None:
    """Resident memory over the steps, while `draw(i)` reads files of `folder` that are larger than the memory."""
    held = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(
        f"files of {held / 1e9:.0f} GB; RssAnon: what the process holds; RssFile: pages of files, which the system takes back"
    )
    print("| step | RssAnon GB | RssFile GB |\n|---|---|---|")
    for i in range(steps + 1):
        draw(i)
        if i % (steps // 10) == 0:
            print(f"| {i} | {kib('RssAnon') / 1e6:.3f} | {kib('RssFile') / 1e6:.2f} |", flush=True)


def latents(folder: Path, steps: int) -> None:
    """Four objects a step: what is kept from one step to the next shows as well as with 1,024, whose noise takes a CPU long."""
    found = sparse_latents(folder, PUBLISHED)
    memory(folder, lambda i: found.draw(i, Part(0, 4, 4), 4), steps)


def a_set(folder: Path, steps: int) -> None:
    """As a process that reads one object a step, of 1,024."""
    stream = SetStream(index_views(sparse_set(folder, 16)), views=4, seed=0, batch_size=1024, places=range(1))
    memory(folder, stream.batch, steps)
    stream.close()


def need() -> None:
    """Objects a second that an H100 would eat at the published size, from operations counted on shapes alone: an estimate."""
    from torch.utils.flop_counter import FlopCounterMode

    with torch.device("meta"):
        unet, vae = published_unet(), published_vae()
        inputs = torch.zeros(4, 4, 32, 32), torch.zeros(4, dtype=torch.long), torch.zeros(4, 77, 1024)
        with FlopCounterMode(display=False) as step:
            unet(*inputs, class_labels=torch.zeros(4, 16), cross_attention_kwargs={"num_views": 4})
        with FlopCounterMode(display=False) as encoding, torch.no_grad():
            vae.encode(torch.zeros(4, 3, 256, 256))
    training, encoder = 3 * step.get_total_flops(), encoding.get_total_flops()
    for name, cost in (("latents from files", training), ("encoded on the way", training + encoder)):
        print(f"{name}: {cost / 1e12:.2f} T operations an object; {0.45 * H100_BF16 / cost:.0f} objects/s at 45 % of an H100")


def main() -> None:
    what, steps = sys.argv[1], int(sys.argv[sys.argv.index("--steps") + 1]) if "--steps" in sys.argv else 10_000
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        {
            "speed": lambda: speed(Path(folder)), "index": lambda: index(Path(folder)),
            "latents": lambda: latents(Path(folder), steps), "set": lambda: a_set(Path(folder), steps), "need": need,
        }[what]()  # fmt: skip


if __name__ == "__main__":
    main()
