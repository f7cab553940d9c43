"""Films: they open, keep their frames, and appear only when they are whole."""

import os

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from mvdream_cli.errors import VideoError
from mvdream_cli.videos import save_video


def frames():
    made = np.zeros((6, 33, 34, 3), np.uint8)
    made[3:, :, :, 0] = 255
    return made


def test_an_mp4_opens_and_keeps_its_frames_at_an_even_size(tmp_path):
    path = save_video(tmp_path / "t.mp4", frames(), fps=6)
    about, *read = imageio_ffmpeg.read_frames(str(path))
    read = [np.frombuffer(frame, np.uint8).reshape(34, 34, 3) for frame in read]
    assert about["size"] == (34, 34) and about["fps"] == 6 and about["pix_fmt"].startswith("yuv420p")
    assert len(read) == 6 and read[0][:33].mean() < 10 and read[5][:33, :, 0].mean() > 200
    assert path.read_bytes().index(b"moov") < path.read_bytes().index(b"mdat")  # it plays while it is fetched


@pytest.mark.parametrize("suffix", ["gif", "webp"])
def test_pillow_writes_the_others(suffix, tmp_path):
    with Image.open(save_video(tmp_path / f"t.{suffix}", frames(), fps=20)) as film:
        assert film.is_animated and film.info["loop"] == 0 and film.size == (34, 33)
        film.seek(film.n_frames - 1)
        assert np.asarray(film.convert("RGB"))[..., 0].mean() > 200
        assert film.info["duration"] % 50 == 0  # GIF joins frames that are alike


STAND_INS = {
    "half": (
        'for last; do :; done; head -c 200 > "$last"; echo "no space for x264" >&2; exit 3',
        "exit code 3 .no space for x264",
    ),
    "at once": ("exit 7", "exit code 7 .without a word"),
    "nothing": ("cat > /dev/null", "exit code 0"),
}


@pytest.mark.parametrize("name", STAND_INS)
@pytest.mark.skipif(os.name == "nt", reason="the stand-ins are shell scripts")
def test_an_ffmpeg_that_fails_leaves_nothing_new_and_says_why(name, tmp_path, monkeypatch):
    script, said = STAND_INS[name]
    tool = tmp_path / "ffmpeg"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tool))
    film = tmp_path / "film" / "t.mp4"
    film.parent.mkdir()
    film.write_text("that of before")
    with pytest.raises(VideoError, match=said):
        save_video(film, np.zeros((40, 64, 64, 3), np.uint8))
    assert film.read_text() == "that of before" and [path.name for path in film.parent.iterdir()] == ["t.mp4"]


def test_an_ffmpeg_that_is_not_there_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "nothing"))
    with pytest.raises(VideoError, match="does not start .No such file"):
        save_video(tmp_path / "t.mp4", frames())
