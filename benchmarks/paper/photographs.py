"""Four photographs of one toy with their masks: what `mvdream dreambooth` learns a subject from.

    python -m benchmarks.paper.photographs --out photographs

A green spotted poodle with red parts, from random directions over random plain backgrounds; nothing in its name asks for them.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from mvdream_cli.cameras import orbit
from mvdream_cli.images import composite, save_image
from mvdream_cli.raycast.embree import render_views
from mvdream_cli.raycast.mesh import Mesh
from mvdream_toybox.world import Spec, build

SUBJECT = Spec("dog", "poodle", "green", "spotted", "red", seed=2)
COUNT, SIZE_PX, FOVY_DEG = 4, 128, 37.5
RADIUS = 0.5 * 1.2 / np.tan(np.deg2rad(FOVY_DEG / 2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    part = build(SUBJECT)
    mesh = Mesh.from_part(part.vertices, part.faces, part.colors).normalise()
    rng = np.random.default_rng(SUBJECT.seed)
    for k in range(COUNT):
        azimuth, elevation = torch.tensor([rng.uniform(0, 360)]), torch.tensor([rng.uniform(0, 30)])
        rgba = render_views(mesh, orbit(azimuth, elevation, RADIUS).numpy(), FOVY_DEG, SIZE_PX)
        save_image(arguments.out / f"{k}.png", composite(rgba, rng.uniform(0.1, 0.9, 3))[0])
        save_image(arguments.out / f"{k}.mask.png", rgba[0, ..., 3:].repeat(3, -1))


if __name__ == "__main__":
    main()
