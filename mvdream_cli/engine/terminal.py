"""Pictures in a terminal that can show them, told by what such terminals set; nothing is asked of it. Never imports torch.

Protocols: kitty's graphics (also Ghostty), iTerm2's inline images (also WezTerm), sixel (foot, mlterm, contour).
"""

import base64
import io
import os
import sys
from collections.abc import Mapping
from pathlib import Path

MOST_PX = 640  # of the longer side
_SIXEL_TERMINALS = ("foot", "mlterm", "contour", "yaft")
_allowed = False


def allow(pictures: bool) -> None:
    """Whether `show_picture` may show any, in this process."""
    global _allowed
    _allowed = pictures


def protocol(environ: Mapping[str, str] = os.environ) -> str | None:
    """ "kitty", "iterm2", "sixel", or None where no picture can be shown, as inside of tmux and screen."""
    term, program = environ.get("TERM", ""), environ.get("TERM_PROGRAM", "")
    if term.startswith(("tmux", "screen", "dumb")) or "TMUX" in environ:
        return None
    if "KITTY_WINDOW_ID" in environ or term in ("xterm-kitty", "xterm-ghostty") or program == "ghostty":
        return "kitty"
    if program in ("iTerm.app", "WezTerm"):
        return "iterm2"
    return "sixel" if term.startswith(_SIXEL_TERMINALS) or "sixel" in term else None


def show_picture(path: Path) -> None:
    """Show a picture file, if it is allowed, stdout is a terminal, and that can."""
    chosen = protocol() if _allowed and sys.stdout.isatty() else None
    if chosen is not None:
        sys.stdout.write(ENCODERS[chosen](path) + "\n")
        sys.stdout.flush()


def _small(path: Path):
    from PIL import Image

    with Image.open(path) as image:
        picture = image.convert("RGB")
    picture.thumbnail((MOST_PX, MOST_PX))
    return picture


def _png(path: Path) -> bytes:
    buffer = io.BytesIO()
    _small(path).save(buffer, format="PNG")
    return buffer.getvalue()


def _kitty(path: Path) -> str:
    text = base64.b64encode(_png(path)).decode()
    parts = [text[k : k + 4096] for k in range(0, len(text), 4096)]
    heads = ["a=T,f=100,", *[""] * (len(parts) - 1)]
    more = [*[1] * (len(parts) - 1), 0]
    return "".join(f"\033_G{head}m={m};{part}\033\\" for head, m, part in zip(heads, more, parts))


def _iterm2(path: Path) -> str:
    content = _png(path)
    return f"\033]1337;File=inline=1;size={len(content)}:{base64.b64encode(content).decode()}\a"


def _sixel(path: Path) -> str:
    """Bands of six rows; in a band each color draws its dots over the whole width, as characters from "?" on."""
    import numpy as np

    picture = _small(path).quantize(64)
    index, palette = np.asarray(picture), np.asarray(picture.getpalette(), int).reshape(-1, 3)
    lines = [f'\033Pq"1;1;{index.shape[1]};{index.shape[0]}']
    lines += ["#{};2;{};{};{}".format(k, *(palette[k] * 100 + 127) // 255) for k in range(index.max() + 1)]
    for top in range(0, len(index), 6):
        band = index[top : top + 6]
        for color in np.unique(band):
            dots = ((band == color) << np.arange(len(band))[:, None]).sum(0)
            edges = np.flatnonzero(np.diff(dots, prepend=-1, append=-1))
            runs = zip(dots[edges[:-1]], np.diff(edges))
            lines.append(f"#{color}" + "".join(f"!{count}{chr(63 + dot)}" for dot, count in runs) + "$")
        lines.append("-")
    return "".join(lines) + "\033\\"


ENCODERS = {"kitty": _kitty, "iterm2": _iterm2, "sixel": _sixel}
