"""The files beside a model that its text names: buffers, images, materials. Names lead nowhere above the model's folder."""

import unicodedata
from pathlib import Path
from urllib.parse import unquote

MOST_BYTES = 2**31  # of one such file


def find_beside(model: Path, name, decode_percent: bool = False) -> Path | None:
    """The file that a name in a model means, or None.

    The name is taken as it is written, then with backslashes as slashes, then without its first folders, one after the other
    ("C:/work/textures/paint.png" is found as textures/paint.png or paint.png). Where nothing has such a name, the case of the
    letters and the form of accents (NFC, NFD) may differ.

    Args:
        model: the file that names it. decode_percent: "%20" may stand for a blank, as in glTF.
    """
    if not isinstance(name, str) or not name.strip() or len(name) > 4096 or "\0" in name:
        return None
    name = name.strip().strip('"')
    written = [name, *([unquote(name)] if decode_percent and "%" in name else [])]
    try:
        folder = model.parent.resolve()
        for text in dict.fromkeys(written):
            if found := _inside(folder, folder / text):
                return found
        for text in dict.fromkeys(written):
            parts = [part for part in text.replace("\\", "/").split("/") if part not in ("", ".")]
            for first in range(len(parts)):
                if ".." not in parts[first:] and (found := _walk(folder, parts[first:])):
                    return found
    except (OSError, ValueError, RuntimeError):  # too long, a zero byte, links in a circle
        pass
    return None


def _inside(folder: Path, file: Path) -> Path | None:
    try:
        file = file.resolve()
        return file if file.is_relative_to(folder) and file.is_file() else None
    except (OSError, ValueError, RuntimeError):
        return None


def _walk(folder: Path, parts: list[str]) -> Path | None:
    """The file at `parts` below the folder, each part by its name or by one that differs in case or accents only."""
    here = [folder]
    for part in parts:
        following = []
        for place in here:
            if (place / part).exists():
                following.append(place / part)
            elif place.is_dir():
                following += sorted(item for item in place.iterdir() if _plain(item.name) == _plain(part))
        here = following[:8]
    return next((found for file in here if (found := _inside(folder, file))), None)


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
