"""The model that the wheel carries."""

import zlib
from importlib.resources import files


def test_it_leaves_one_of_the_wheels_60_mb_to_the_program():
    """Its UNet holds float16 numbers of bfloat16's precision, which deflate to three quarters (docs/mini-training.md)."""
    folder = files("mvdream_cli") / "mini"
    contents = [path.read_bytes() for part in folder.iterdir() if part.is_dir() for path in part.iterdir()]
    assert sum(len(zlib.compress(content)) for content in contents) < 59e6
