"""Versions: those that results depend on, and what a newer or an older mvdream has left. Never imports torch."""

import re
from importlib import metadata

from mvdream_cli import __version__

OURS = "mvdream-cli"
RECORDED = (
    "torch", "diffusers", "transformers", "tokenizers", "safetensors", "nerfacc", "numpy", "scipy", "scikit-image", "trimesh",
    "embreex", "xatlas", "fast-simplification", "pillow",
)  # fmt: skip


def versions() -> dict[str, str]:
    """{package: version} of mvdream and of the installed packages that results depend on."""
    found = {OURS: __version__}
    for name in RECORDED:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def is_newer(recorded, than: str = __version__) -> bool:
    """Whether versions that a file records name a newer mvdream. What names none, or nothing readable, is not newer."""
    return _order(recorded) > _numbers(than)


def is_older(recorded, than: str = __version__) -> bool:
    """Whether versions that a file records name an older mvdream, the last number left aside."""
    return () < _order(recorded)[:2] < _numbers(than)[:2]


def update_hint(recorded) -> str:
    """What to do with what a newer mvdream wrote."""
    return f"was written by mvdream {recorded[OURS]}, and this is {__version__}; pip install 'mvdream-cli>={recorded[OURS]}'"


def _order(recorded) -> tuple[int, ...]:
    version = recorded.get(OURS) if isinstance(recorded, dict) else None
    return _numbers(version) if isinstance(version, str) else ()


def _numbers(version: str) -> tuple[int, ...]:
    """(0, 2, 0) of "0.2.0.dev0"."""
    found = re.match(r"\d{1,9}(\.\d{1,9}){0,2}", version)
    return tuple(map(int, found[0].split("."))) if found else ()
