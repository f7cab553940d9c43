"""The toybox as training data: objects drawn while the training goes on."""

from functools import partial

from mvdream_cli import __version__
from mvdream_cli.commands.toybox_world import draw_toy
from mvdream_cli.data.render_object import BUILT_VERSION
from mvdream_cli.data.stream import POINTS_VERSION, Stream, StreamLaw
from mvdream_cli.data.streamed import StreamedLatents, StreamedPictures
from mvdream_cli.data.streamed_objects import StreamedObjects
from mvdream_cli.data.training_cameras import CameraDistribution
from mvdream_cli.engine import distributed
from mvdream_cli.engine.device import physical_cores
from mvdream_cli.engine.progress import say

TELLINGS = 8  # captions of an object that is shown several times
CAPTIONS = 8000  # of a stream, from which a fresh model learns its words


class ToyboxStream:
    """Objects of the toybox, drawn while the training goes on. Make it before the process has threads."""

    about = "the toybox, drawn on the way"

    def __init__(self, settings):
        toybox, seed = settings.data.toybox, settings.engine.seed
        draw = partial(draw_toy, **toybox.world(), suffix=settings.train.suffix)
        law, train = stream_law(settings), settings.train
        workers = settings.data.workers or distributed.own_cores(physical_cores())
        self.identity = f"toybox of mvdream {__version__}, rendering {BUILT_VERSION}: {(seed, toybox.world(), law)}"
        if law.points:
            self.identity += f", {law.points} points of version {POINTS_VERSION}"
        self.stream = Stream(
            draw, law, seed=seed, batch_size=train.batch_size, places=distributed.share(train.batch_size), workers=workers,
            ahead=train.stream.ahead, say=say,
        )  # fmt: skip
        self.captions = self.stream.captions(CAPTIONS)
        self.size_px = settings.data.size_px

    def held_out(self, pipeline, run, settings) -> StreamedLatents:
        """Latents of objects of the held-out split, drawn once, by this process."""
        toybox, options, count = settings.data.toybox, settings.train.unet, settings.train.validation.objects
        draw = partial(draw_toy, **toybox.world() | {"split": "held-out"}, suffix=settings.train.suffix)
        seed, places = settings.engine.seed, distributed.share(count)
        stream = Stream(draw, stream_law(settings), seed=seed, batch_size=count, places=places, say=say)
        return StreamedLatents(
            stream, pipeline.encode_posterior, device=pipeline.vae.device, background=options.background,
            batch_size=options.encode_batch_size,
        )  # fmt: skip

    def latents(self, pipeline, run, name: str, settings) -> StreamedLatents:
        """Latents that are encoded on the way."""
        options = settings.train.unet
        return StreamedLatents(
            self.stream, pipeline.encode_posterior, device=pipeline.vae.device,
            background=options.background, batch_size=options.encode_batch_size,
            repeats=settings.train.stream.repeats, keep=settings.train.stream.keep,
        )  # fmt: skip

    def objects(self, redraw, device, settings) -> StreamedObjects:
        """Views and points, for the reconstructor."""
        return streamed_objects(self.stream, redraw, device, settings)

    def pictures(self, settings) -> StreamedPictures:
        """Single views."""
        return StreamedPictures(self.stream)

    def close(self) -> None:
        """End the workers."""
        self.stream.__exit__()
        if self.stream.broken:
            say(f"{self.stream.broken} broken objects were replaced")


def streamed_objects(stream, redraw, device, settings) -> StreamedObjects:
    options, often = settings.train.reconstructor, settings.train.stream
    return StreamedObjects(
        stream, redraw, device=device, background=options.background, repeats=often.repeats, keep=often.keep
    )  # fmt: skip


def stream_law(settings) -> StreamLaw:
    """Most objects as `to3d` asks for them, the others as `data.cameras` says; UNet and reconstructor see groups of views."""
    data, stream, component = settings.data, settings.train.stream, settings.train.component
    of_points = component == "reconstructor"
    views = settings.train.reconstructor.views_per_object if of_points else settings.train.unet.views_per_object
    rig = CameraDistribution(*((value, value) for value in (stream.fovy_deg, stream.elevation_deg, stream.distance)))
    tellings = min(stream.repeats, TELLINGS)
    cameras = CameraDistribution(data.cameras.fovy_deg, data.cameras.elevation_deg, data.cameras.distance)
    return StreamLaw(
        views,
        data.size_px,
        stream.rig_probability,
        rig,
        cameras,
        data.num_views,
        component in ("vae", "clip"),
        1 if of_points else tellings,
        points=settings.train.reconstructor.points_per_object if of_points else 0,
    )
