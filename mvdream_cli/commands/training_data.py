"""What `mvdream train` learns from: a rendered set, the toybox as a stream that never ends, captioned pictures.

All say their identity and give latents to the methods; objects also have captions, a size and single pictures.
"""

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from mvdream_cli.captions import asset_caption
from mvdream_cli.commands.toybox_stream import ToyboxStream, streamed_objects
from mvdream_cli.data.captioned_images import images_identity, index_images, load_picture
from mvdream_cli.data.held_out import is_held_out
from mvdream_cli.data.latent_files import LatentFiles
from mvdream_cli.data.latents import Latents
from mvdream_cli.data.object_index import Entry, ObjectIndex
from mvdream_cli.data.set_stream import SetStream
from mvdream_cli.data.soundness import sound_objects
from mvdream_cli.data.streamed import StreamedLatents, StreamedPictures
from mvdream_cli.data.streamed_objects import StreamedObjects
from mvdream_cli.data.training_cameras import object_rng
from mvdream_cli.data.views import index_views, is_view_set, load, set_identity
from mvdream_cli.engine import distributed
from mvdream_cli.engine.device import physical_cores
from mvdream_cli.engine.progress import Bar, say, warn
from mvdream_cli.errors import DataError

PICTURE_BACKGROUND = 1.0  # white, behind pictures that are partly transparent


class RenderedSet:
    """A folder that `mvdream data render` has written. The first rank looks at it; all get what it found."""

    def __init__(self, folder: str, settings):
        self.folder, train = folder, settings.train
        with_words = train.component in ("unet", "clip", "prior")
        entries, self.identity = distributed.from_main(lambda: usable_set(folder, with_words))
        validated = train.component == "unet" and train.validation.every > 0
        fraction = train.validation.fraction if validated else 0.0
        told = (replace(entry, caption=asset_caption(entry.caption, train.suffix)) for entry in entries)
        self.entries, self.unseen = parted(told, lambda entry: is_held_out(entry.id, fraction))
        if validated and not (self.unseen and self.entries):
            raise DataError(
                f"{folder}: train.validation.fraction {fraction:g} of {len(entries)} objects leaves {len(self.unseen)} to "
                f"validate with and {len(self.entries)} to learn; take another fraction, or train.validation.every=0"
            )
        self.captions = [entry.caption for entry in self.entries]
        self.size_px = load(entries[0], views=[0])[0].shape[1]
        self.about = f"{len(self.entries)} objects" + (f", {len(self.unseen)} held out" if self.unseen else "")
        self._streams: list[SetStream] = []

    def latents(self, pipeline, run, name: str, settings) -> Latents | StreamedLatents:
        """Latents of the views: encoded once and kept in the run's cache, or at each step over another gray.

        Raises:
            DataError: objects have fewer views than are asked for.
        """
        if name != "images":  # of which single pictures are taken
            self._refuse_too_few(settings.train.unet.views_per_object)
        return self._latents(self.entries, pipeline, run.cache / name, settings)

    def held_out(self, pipeline, run, settings) -> Latents | StreamedLatents:
        """As `latents`, of the objects that are not learnt."""
        count, once = settings.train.validation.objects, {"ahead": 0}
        return self._latents(self.unseen, pipeline, run.cache / "held-out", settings, batch_size=count, **once)

    def _latents(self, entries: ObjectIndex, pipeline, folder: Path, settings, **of_stream) -> Latents | StreamedLatents:
        options = settings.train.unet
        if options.background is None and not options.grays:
            stream = self._stream(settings, entries, views=options.views_per_object, **of_stream)
            return StreamedLatents(
                stream, pipeline.encode_posterior, device=pipeline.vae.device, background=None, contrast=False,
                batch_size=options.encode_batch_size,
            )  # fmt: skip
        grays, law = grays_of(options.background, options.grays, settings.engine.seed)
        files = LatentFiles(
            pipeline, entries, folder, identity=self.identity, grays=grays, law=law,
            batch_size=options.encode_batch_size, say=say,
        )  # fmt: skip
        return encoded(files, "views", len(entries) * settings.train.stream.broken_fraction, settings)

    def objects(self, redraw, device, settings) -> StreamedObjects:
        """Views and points, for the reconstructor.

        Raises:
            DataError: the set was rendered without points.
        """
        stream = self._stream(settings, self.entries, views=settings.train.reconstructor.views_per_object, points=True)
        return streamed_objects(stream, redraw, device, settings)

    def pictures(self, settings) -> StreamedPictures:
        """Single views. CLIP, which tells the objects of a batch apart, sees none of them twice in it.

        Raises:
            DataError: CLIP has nothing to tell apart.
        """
        clip, batch_size = settings.train.component == "clip", settings.train.batch_size
        if clip and len(self.entries) < max(2, distributed.world_size()):
            raise DataError(f"{self.folder}: {len(self.entries)} objects are too few for CLIP, which tells them apart")
        batch_size = min(batch_size, len(self.entries)) if clip else batch_size
        stream = self._stream(settings, self.entries, views=1, apart=clip, batch_size=batch_size)
        return StreamedPictures(stream, contrast=False)

    def close(self) -> None:
        """End what reads ahead, and say what was broken."""
        for stream in self._streams:
            stream.close()
            if stream.broken:
                named = ", ".join([*list(stream.broken)[:5], *["..."] * (len(stream.broken) > 5)])
                warn(f"{self.folder}: {len(stream.broken)} objects could not be read and were replaced: {named}")

    def _stream(self, settings, entries: ObjectIndex, **options) -> SetStream:
        train = settings.train
        options = {"batch_size": train.batch_size, "ahead": train.stream.ahead} | options
        stream = SetStream(
            entries, seed=settings.engine.seed, places=distributed.share(options["batch_size"]),
            workers=settings.data.workers or distributed.own_cores(physical_cores()),
            broken_fraction=train.stream.broken_fraction, say=warn, **options,
        )  # fmt: skip
        self._streams.append(stream)
        return stream

    def _refuse_too_few(self, wanted: int) -> None:
        there = self.entries[0].num_views
        if there < wanted:
            raise DataError(
                f"{self.folder}: its objects have {there} views, fewer than train.unet.views_per_object ({wanted}); render the "
                f"set with --views {max(4, wanted)}, or give --set train.unet.views_per_object={there}"
            )
        if there % wanted:
            warn(f"{self.folder}: {there} views are no multiple of {wanted}: groups of {wanted} are not evenly spaced")


class CaptionedImages:
    """Pictures with captions, for the 2D mode; their captions are left as they are."""

    def __init__(self, folder: str):
        def found():
            pictures, left_out = index_images(Path(folder))
            if left_out:
                warn(f"{folder}: {len(left_out)} pictures are left out, the first because: {left_out[0]}")
            return pictures, images_identity(pictures)

        self.pictures, self.identity = distributed.from_main(found)
        self.about = f"{len(self.pictures)} pictures"

    def latents(self, pipeline, run, name: str, settings) -> Latents:
        """Latents of the pictures at the size of the model's views, encoded once and kept in the run's cache."""
        size_px = pipeline.image_size
        grays, law = grays_of(PICTURE_BACKGROUND, 0, settings.engine.seed)
        files = LatentFiles(
            pipeline, self.pictures, run.cache / name, identity=f"{self.identity} at {size_px} px", grays=grays, law=law,
            batch_size=settings.train.unet.encode_batch_size, say=say, read=partial(load_picture, size_px=size_px),
        )  # fmt: skip
        return encoded(files, "pictures", len(self.pictures), settings)

    def close(self) -> None:
        """Nothing is open."""


def usable_set(folder: str, with_words: bool) -> tuple[ObjectIndex, str]:
    """The objects of a rendered set that can be used, and its identity; what is left out is told.

    Args:
        with_words: objects without a caption are left out too.

    Raises:
        DataError: there are none.
    """
    left_out: list[str] = []
    entries = whole_objects(folder, lambda name, reason: left_out.append(f"{name} ({reason})"))
    if with_words:
        entries, without = parted(entries, lambda entry: not entry.caption.strip())
        left_out += [f"{entry.id} (it has no caption)" for entry in without]
    if not entries:
        raise DataError(f"{folder}: none of its objects has a caption; render it again with captions (docs/files.md)")
    if left_out:
        named = "; ".join(left_out[:5] + ["..."] * (len(left_out) > 5))
        count = f"{len(left_out)} object{'s are' if len(left_out) > 1 else ' is'}"
        warn(f"{folder}: {count} left out: {named}; the command that rendered the set renders what is missing")
    return entries, set_identity(entries)


def parted(entries: Iterable[Entry], which: Callable[[Entry], bool]) -> tuple[ObjectIndex, ObjectIndex]:
    """Those for which `which` is false, and those for which it is true."""
    found = ObjectIndex(), ObjectIndex()
    for entry in entries:
        found[which(entry)].add(entry)
    return found


def whole_objects(folder: str, on_left_out) -> ObjectIndex:
    """The objects of a rendered set that can be used; see `views.index_views` and `soundness.sound_objects`."""
    return sound_objects(index_views(Path(folder), on_left_out), on_left_out, threads=physical_cores())


def grays_of(background: float | None, count: int, seed: int) -> tuple[Callable[[str], np.ndarray], str]:
    """The grays (G,) behind an object, by its id, and their law in words: one for all, or `count` of its own, dark to light."""
    if background is not None:
        return lambda object_id: np.array([background]), str(background)
    law = f"{count} random grays of seed {seed}"
    return lambda object_id: (np.arange(count) + object_rng(seed, object_id).random(count)) / count, law


def encoded(files: LatentFiles, what: str, may_be_broken: float, settings) -> Latents:
    """All latents of a set; each rank encodes its share of what is missing.

    Raises:
        DataError: more than `may_be_broken` cannot be read.
    """
    share = slice(distributed.rank(), None, distributed.world_size())
    with Bar(f"encoding {what}", files.objects(share)) as bar:
        files.make(share, bar.update)
    distributed.barrier()
    latents = files.latents(settings.engine.seed)
    if broken := len(files.entries) - len(latents):
        there = set(np.concatenate([file["entries"].numpy() for file in latents.files]).tolist())
        named = ", ".join([entry.id for k, entry in enumerate(files.entries) if k not in there][:5] + ["..."] * (broken > 5))
        told = f"{files.entries[0].path.parent}: {broken} of {len(files.entries)} {what} cannot be read: {named}"
        if broken > may_be_broken:
            raise DataError(f"{told}; that is more than train.stream.broken_fraction allows")
        warn(f"{told}; they are left out")
    return latents


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
        data = RenderedSet(name, settings)
    with contextlib.closing(data):
        yield data
