"""DreamFusion's 415 prompts: fetched once from threestudio, whose file is pinned by its checksum. Never imports torch.

They have no licence of their own, so they are not shipped. threestudio (Apache-2.0) keeps them in load/prompt_library.json.
"""

import json
import os
import urllib.request
from pathlib import Path

from mvdream_cli.atomic import written_whole
from mvdream_cli.errors import UsageError
from mvdream_cli.hashes import checksum

COMMIT = "28d9d80d9d00f308244adfcf3be8b17ca0cb6465"
URL = f"https://raw.githubusercontent.com/threestudio-project/threestudio/{COMMIT}/load/prompt_library.json"
SHA256 = "ba7d448824f84ee395ea9903871315ad1d366864c96defd199e516aeb53b0779"
SET = "dreamfusion"
TIMEOUT_SECONDS = 30


def library_path() -> Path:
    """Where the file is kept."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "mvdream" / "prompts" / "prompt_library.json"


def dreamfusion_prompts(offline: bool = False) -> list[str]:
    """The prompts, from the file that is kept, or fetched now.

    Raises:
        UsageError: the file is not here and cannot be fetched, or it is another one.
    """
    path = library_path()
    by_hand = f"put {URL} into {path.parent}"
    if not path.is_file():
        if offline:
            raise UsageError(f"--prompts dreamfusion: the prompts are not here and the network is not to be used; {by_hand}.")
        _fetch(path, by_hand)
    if checksum(path) != SHA256:
        raise UsageError(f"--prompts dreamfusion: {path} is not the pinned file; delete it, and the next call fetches it anew.")
    return json.loads(path.read_text(encoding="utf-8"))[SET]


def _fetch(path: Path, by_hand: str) -> None:
    try:
        with urllib.request.urlopen(URL, timeout=TIMEOUT_SECONDS) as answer:
            content = answer.read()
    except OSError as error:  # no network, no such host, an HTTP error, too slow
        raise UsageError(f"--prompts dreamfusion: the prompts cannot be fetched ({error}); {by_hand}.") from error
    with written_whole(path) as partial:
        partial.write_bytes(content)
        if checksum(partial) != SHA256:
            raise UsageError(
                f"--prompts dreamfusion: what {URL} gave has another checksum than the pinned file; nothing was kept. Fetch it "
                f"elsewhere and {by_hand}."
            )
