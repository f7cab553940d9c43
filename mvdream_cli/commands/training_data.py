"""What `mvdream train` learns from: a rendered set, the toybox as a stream that never ends, captioned pictures.

All say their identity and give latents to the methods; objects also have captions, a size and single pictures.
"""

import contextlib
from dataclasses import replace
from functools import partial
from pathlib import Path

from mvdream_cli import __version__
from mvdream_cli.captions import asset_caption
from mvdream_cli.commands.toybox_world import draw_toy
from mvdream_cli.data.captioned_images import images_identity, index_images, load_picture
from mvdream_cli.data.latents import Latents, cached_latents
from mvdream_cli.data.point_set import PointSet
from mvdream_cli.data.render_object import BUILT_VERSION
from mvdream_cli.data.set_stream import SetStream
from mvdream_cli.data.soundness import sound_objects
from mvdream_cli.data.stream import POINTS_VERSION, Stream, StreamLaw
from mvdream_cli.data.streamed import StreamedLatents, StreamedPictures
from mvdream_cli.data.streamed_objects import StreamedObjects
from mvdream_cli.data.training_cameras import CameraDistribution
from mvdream_cli.data.training_pictures import ViewSet
from mvdream_cli.data.views import Entry, index_views, is_view_set, load, set_identity
from mvdream_cli.engine.device import physical_cores
from mvdream_cli.engine.progress import Bar, say, warn
from mvdream_cli.errors import DataError

TELLINGS = 8  # captions of an object that is shown several times
PICTURE_BACKGROUND = 1.0  # white, behind pictures that are partly transparent
CAPTIONS = 8000  # of a stream, from which a fresh model learns its words


class RenderedSet:
    """A folder that `mvdream data render` has written."""

    def __init__(self, folder: str, suffix: str):
        self.folder = folder
        left_out: list[str] = []
        entries = whole_objects(folder, lambda name, reason: left_out.append(f"{name} ({reason})"))
        if left_out:
            named = "; ".join(left_out[:5] + ["..."] * (len(left_out) > 5))
            count = f"{len(left_out)} object{'s are' if len(left_out) > 1 else ' is'}"
            warn(f"{folder}: {count} left out: {named}; the command that rendered the set renders what is missing")
        self.identity = set_identity(entries)
        self.entries = [replace(entry, caption=asset_caption(entry.caption, suffix)) for entry in entries]
        self.captions = [entry.caption for entry in self.entries]
        self.size_px = load(entries[0], views=[0])[0].shape[1]
        self.about = f"{len(entries)} objects"
        self._streams = contextlib.ExitStack()

    def latents(self, pipeline, run, name: str, settings) -> Latents | StreamedLatents:
        """Latents of the views: encoded once and kept in the run's cache, or at each step over another gray.

        Raises:
            DataError: objects have fewer views than are asked for.
        """
        train, options = settings.train, settings.train.unet
        if name != "images":  # of which single pictures are taken
            self._refuse_too_few(options.views_per_object)
        if options.background is not None:
            with Bar("encoding views", len(self.entries)) as bar:
                return cached_latents(
                    pipeline, self.entries, run.cache / f"{name}.safetensors", identity=self.identity,
                    background=options.background, batch_size=options.encode_batch_size, on_progress=bar.update, say=say,
                )  # fmt: skip
        stream = SetStream(
            self.entries, views=options.views_per_object, seed=settings.engine.seed, batch_size=train.batch_size,
            workers=settings.data.workers or physical_cores(), ahead=train.stream.ahead,
        )  # fmt: skip
        self._streams.callback(stream.close)
        return StreamedLatents(
            stream, pipeline.encode_posterior, device=pipeline.vae.device, background=None, contrast=False,
            batch_size=options.encode_batch_size,
        )  # fmt: skip

    def _refuse_too_few(self, wanted: int) -> None:
        there = self.entries[0].num_views
        if there < wanted:
            raise DataError(
                f"{self.folder}: its objects have {there} views, fewer than train.unet.views_per_object ({wanted}); render the "
                f"set with --views {max(4, wanted)}, or give --set train.unet.views_per_object={there}"
            )
        if there % wanted:
            warn(f"{self.folder}: {there} views are no multiple of {wanted}: groups of {wanted} are not evenly spaced")

    def objects(self, redraw, device, settings) -> StreamedObjects:
        """Views and points, for the reconstructor.

        Raises:
            DataError: the set was rendered without points.
        """
        train = settings.train
        views, seed = train.reconstructor.views_per_object, settings.engine.seed
        stream = PointSet(self.entries, views=views, seed=seed, batch_size=train.batch_size)
        return streamed_objects(stream, redraw, device, settings)

    def pictures(self) -> ViewSet:
        return ViewSet(self.entries)

    def close(self) -> None:
        """End what reads ahead."""
        self._streams.close()


class CaptionedImages:
    """Pictures with captions, for the 2D mode; their captions are left as they are."""

    def __init__(self, folder: str):
        self.pictures, left_out = index_images(Path(folder))
        self.identity = images_identity(self.pictures)
        self.about = f"{len(self.pictures)} pictures"
        if left_out:
            warn(f"{folder}: {len(left_out)} pictures are left out, the first because: {left_out[0]}")

    def latents(self, pipeline, run, name: str, settings) -> Latents:
        """Latents of the pictures at the size of the model's views, encoded once and kept in the run's cache."""
        size_px, broken = pipeline.image_size, []
        with Bar("encoding pictures", len(self.pictures)) as bar:
            latents = cached_latents(
                pipeline, self.pictures, run.cache / f"{name}.safetensors", identity=f"{self.identity} at {size_px} px",
                background=PICTURE_BACKGROUND, batch_size=settings.train.unet.encode_batch_size, on_progress=bar.update,
                say=say, read=partial(load_picture, size_px=size_px), on_broken=broken.append,
            )  # fmt: skip
        if broken:
            warn(f"{len(broken)} pictures are left out, the first because: {broken[0]}")
        return latents

    def close(self) -> None:
        """Nothing is open."""


def whole_objects(folder: str, on_left_out) -> list[Entry]:
    """The objects of a rendered set that can be used; see `views.index_views` and `soundness.sound_objects`."""
    return sound_objects(index_views(Path(folder), on_left_out), on_left_out, threads=physical_cores())


class ToyboxStream:
    """Objects of the toybox, drawn while the training goes on. Make it before the process has threads."""

    about = "the toybox, drawn on the way"

    def __init__(self, settings):
        toybox, seed = settings.data.toybox, settings.engine.seed
        draw = partial(
            draw_toy, split=toybox.split, kinds=toybox.kinds, worn=toybox.worn, suffix=settings.train.suffix
        )  # fmt: skip
        law, train = stream_law(settings), settings.train
        workers = settings.data.workers or physical_cores()
        self.identity = (
            f"toybox of mvdream {__version__}, rendering {BUILT_VERSION}: {(seed, toybox.options('objects', 'first'), law)}"
        )
        if law.points:
            self.identity += f", {law.points} points of version {POINTS_VERSION}"
        self.stream = Stream(
            draw, law, seed=seed, batch_size=train.batch_size, workers=workers, ahead=train.stream.ahead, say=say
        )
        self.captions = self.stream.captions(CAPTIONS)
        self.size_px = settings.data.size_px

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

    def pictures(self) -> StreamedPictures:
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


@contextlib.contextmanager
def open_data(name: str, settings, singles: bool = False):
    """What a name means, closed on leaving: "toybox" a `ToyboxStream` (a folder of that name is ./toybox), a folder a
    `RenderedSet`, or `CaptionedImages` where single pictures will do.

    Raises:
        DataError: no such folder, or nothing in it.
    """
    if name == "toybox":
        data = ToyboxStream(settings)
    elif singles and not is_view_set(name):
        data = CaptionedImages(name)
    else:
        data = RenderedSet(name, settings.train.suffix)
    with contextlib.closing(data):
        yield data
