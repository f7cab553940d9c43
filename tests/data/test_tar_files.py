"""Archives that lie about what is in them."""

import io
import os
import tarfile

import pytest

from mvdream_cli.data.captioned_images import index_images
from mvdream_cli.data.shards import scan_shard
from mvdream_cli.data.tar_files import files_in_tar
from mvdream_cli.errors import DataError


def an_archive(path, *names: str):
    with tarfile.open(path, "w") as tar:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = 3
            tar.addfile(member, io.BytesIO(b"abc"))
    return path


def with_size(content: bytes, size: int) -> bytes:
    """The archive with another size of its first member, and the checksum that belongs to it."""
    head = bytearray(content[:512])
    head[124:136] = (size & (1 << 96) - 1).to_bytes(12, "big") if size < 0 else b"\x80" + size.to_bytes(11, "big")
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head) + content[512:]


def test_files_are_told_where_they_lie(tmp_path):
    path = an_archive(tmp_path / "a.tar", "./b.txt", "c/d.txt")
    assert dict(files_in_tar(path)) == {"b.txt": (512, 3), "c/d.txt": (1536, 3)}


@pytest.mark.parametrize("size", [-1024, -512, -1])
def test_a_size_below_nothing_does_not_lead_back_for_ever(tmp_path, size):
    path = an_archive(tmp_path / "views-000000.tar", "b.txt", "c.txt")
    path.write_bytes(with_size(path.read_bytes(), size))
    with pytest.raises(ValueError, match=r"cannot be|broken"):
        list(files_in_tar(path))
    told = []
    assert scan_shard(path, lambda object_id, reason: told.append(reason)) == [] and "broken shard" in told[-1]
    with pytest.raises(DataError, match="broken shard"):
        index_images(tmp_path)


def test_a_size_beyond_the_end_takes_no_memory(tmp_path):
    path = an_archive(tmp_path / "views-000000.tar", "b.json")
    path.write_bytes(with_size(path.read_bytes(), 1 << 60))
    told = []
    scan_shard(path, lambda object_id, reason: told.append(reason))
    assert any("cut short" in reason for reason in told)


def test_what_is_no_file_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "a.tar")
    with pytest.raises(OSError, match="named pipe"):
        list(files_in_tar(tmp_path / "a.tar"))
