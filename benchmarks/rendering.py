"""Views a second on one core, of the 3D models of a folder: reading, rendering in both kinds of light, and PNG encoding apart.

    python -m benchmarks.rendering FOLDER [--views 8] [--size-px 256]

Processor time of this process, so that a busy machine tells less of a lie; each object has cameras of its own, as in a set.
"""

import argparse
import time
from dataclasses import replace

import numpy as np

from mvdream_cli.data.listing import sources_from_folder
from mvdream_cli.data.render_object import mesh_of, pictures_of
from mvdream_cli.data.training_cameras import draw_training_cameras, object_rng
from mvdream_cli.data.training_lights import LightDistribution
from mvdream_cli.data.views import encode_object
from mvdream_cli.errors import DataError


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--views", type=int, default=8)
    parser.add_argument("--size-px", type=int, default=256)
    args = parser.parse_args()
    names = ("reading", "lamp", "all around", "encoding")
    seconds, ids = [], []
    for source in sources_from_folder(args.folder):
        try:
            started = time.process_time()
            mesh = mesh_of(source)
            spent = [time.process_time() - started]
        except DataError as error:
            print(f"left out: {error}")
            continue
        for environment in (0.0, 1.0):
            rng = object_rng(0, source.id)
            azimuth_deg, *camera = draw_training_cameras(rng, args.views)
            started = time.process_time()
            _, rgba, _ = pictures_of(
                replace(source, load=lambda mesh=mesh: mesh), rng, azimuth_deg, *camera,
                size_px=args.size_px, samples=4, law=LightDistribution(environment),
            )  # fmt: skip
            spent.append(time.process_time() - started)
        started = time.process_time()
        encode_object(rgba, {})
        seconds.append([*spent, time.process_time() - started])
        ids.append(source.id)
    table = np.array(seconds)
    print(f"{len(ids)} objects, {args.views} views of {args.size_px} px each")
    for name, column in zip(names, table.T):
        print(f"{name:12} {column.sum():7.2f} s in all, {1e3 * np.median(column):7.1f} ms an object (median)")
    for name, column in (("lamp", table[:, 1]), ("all around", table[:, 2])):
        rate, whole = args.views / column, args.views * len(ids) / (column + table[:, 0] + table[:, 3]).sum()
        slow = [ids[k] for k in np.argsort(rate)[:3]]
        print(
            f"{name:12} {np.median(rate):6.1f} views a second (median), {args.views * len(ids) / column.sum():6.1f} over all, "
            f"{(rate < 60).sum()} objects below 60 ({', '.join(slow)}); {whole:.1f} with reading and encoding"
        )


if __name__ == "__main__":
    main()
