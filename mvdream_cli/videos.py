"""Short films of frames: mp4 by ffmpeg, GIF and WebP by Pillow. A film has its name only when it is whole."""

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mvdream_cli.atomic import written_whole
from mvdream_cli.errors import VideoError

FORMATS = ("mp4", "gif", "webp")
_WAY_OUT = "name one that works in IMAGEIO_FFMPEG_EXE, or leave the film out with --set turntable.formats=[]"


def save_video(path: Path | str, frames: Sequence[np.ndarray], fps: int = 24) -> Path:
    """Write frames (N, H, W, 3) uint8, sRGB, as a film that browsers and players open; it plays again and again.

    Args:
        path: its suffix, .mp4, .gif or .webp, names the format.

    Raises:
        VideoError: ffmpeg is not there, or it failed; nothing is left then.
    """
    path = Path(path)
    with written_whole(path) as partial:
        if path.suffix == ".mp4":
            _by_ffmpeg(path, partial, frames, fps)
        else:
            _by_pillow(partial, frames, fps)
    return path


def _by_ffmpeg(path: Path, partial: Path, frames: Sequence[np.ndarray], fps: int) -> None:
    """H.264 in even sizes and yuv420p, which every browser plays; its index first, so that it plays while it is fetched."""
    import imageio_ffmpeg

    height, width = frames[0].shape[:2]
    try:
        command = [
            imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error",
            "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(fps), "-i", "-",
            "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2:color=white", "-c:v", "libx264", "-crf", "20", "-pix_fmt", "yuv420p",
            "-movflags", "+faststart", str(partial),
        ]  # fmt: skip
    except RuntimeError as error:
        raise VideoError(f"{path}: there is no ffmpeg; pip install imageio-ffmpeg, or {_WAY_OUT}") from error
    with tempfile.TemporaryFile() as told:
        try:
            encoder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=told)
        except OSError as error:
            raise VideoError(f"{path}: ffmpeg does not start ({error.strerror}); {_WAY_OUT}") from error
        try:
            with encoder.stdin as pipe:
                for frame in frames:
                    pipe.write(np.ascontiguousarray(frame, np.uint8).data)
        except BrokenPipeError:
            pass  # it ended early: why is in its exit code and its words
        except BaseException:
            encoder.kill()
            raise
        finally:
            code = encoder.wait()
        told.seek(0)
        words = told.read().decode(errors="replace").strip().splitlines()
    if code or not partial.is_file() or not partial.stat().st_size:
        raise VideoError(
            f"{path}: ffmpeg failed with exit code {code} ({words[-1] if words else 'without a word'}); {_WAY_OUT}"
        )


def _by_pillow(partial: Path, frames: Sequence[np.ndarray], fps: int) -> None:
    from PIL import Image

    first, *rest = (Image.fromarray(frame) for frame in frames)
    look = {"quality": 80, "method": 3} if partial.suffix == ".webp" else {"optimize": True}
    first.save(partial, save_all=True, append_images=rest, duration=round(1000 / fps), loop=0, **look)
