"""The model that the wheel carries."""

import zlib
from importlib.resources import files


def test_it_takes_at_most_60_mb_of_the_wheel():
    """Its UNet holds float16 numbers of bfloat16's precision, which deflate to three quarters (docs/mini-training.md)."""
    folder = files("mvdream_cli") / "mini"
    contents = [path.read_bytes() for part in folder.iterdir() if part.is_dir() for path in part.iterdir()]
    assert sum(len(zlib.compress(content)) for content in contents) < 59e6
