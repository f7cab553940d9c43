"""A reconstructed surface moves to where the views show it: a short fit of a dense grid that begins as that surface."""

from mvdream_cli.engine.device import seed_step
from mvdream_cli.engine.optim import adamw
from mvdream_cli.engine.progress import Bar
from mvdream_cli.methods.posed_views import PosedViews
from mvdream_cli.methods.text_to_3d import TextTo3D, views_to_fit
from mvdream_cli.parts import Part
from mvdream_cli.scene.distance import DistanceGrid, moved
from mvdream_cli.settings.to3d import To3D

RESOLUTIONS = (24, 80)  # of the grid that is fitted: coarser than the lattice, which keeps its detail
LEARNING_RATE = 0.01


def fit_surface(seen: DistanceGrid, views: PosedViews, options: To3D, *, device, seed: int, prompt: str = "") -> DistanceGrid:
    """What a reconstructor sees, after `options.reconstruction.fit_steps` steps of fitting it to the views.

    The network answers for each point alone; here all that a ray passes makes the color of its pixel. What the fit changes in
    the density of its grid is added to the distance. A step moves a surface by about 1e-4 at most, so that the shape stays
    that of the network: thin tears close, and what is thin and not shown goes.

    Args:
        seen: on a lattice of (N, N, N) nodes, as what is returned.
        views: from which it was made. device: of `seen`. seed: of the rays that are drawn. prompt: only named in errors.

    Raises:
        ObjectError: nothing is left of the object, or it fills the whole box.
    """
    dense = options.field.model_copy(update={"kind": "dense_grid", "resolutions": list(RESOLUTIONS), "box": 1.0})
    options = options.model_copy(update={"field": dense})
    making = TextTo3D(options, None, views_to_fit(views.to(device), options), device=device, seed=seed, prompt=prompt)
    making.begin_with(seen)
    making.fit_steps = steps = options.reconstruction.fit_steps
    begun = [grid.detach().clone() for grid in making.field.grids]
    optimizer = adamw(making.field.grids, learning_rate=LEARNING_RATE, betas=(0.9, 0.99), eps=1e-15)
    rays = options.fit.rays
    with Bar("fitting the surface", steps) as bar:
        for i in range(steps):
            seed_step(seed, i)
            loss, _ = making.step(i, Part(0, rays, rays))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            bar.update(i + 1)
    return moved(seen, making.field, begun)
