"""What may come in at all: regular files of limited size and depth. Whatever is wrong is told in one sentence."""

import os
import socket

import pytest

from mvdream_cli import doors
from mvdream_cli.errors import DataError, ModelError


def test_only_regular_files_are_opened(tmp_path):
    (tmp_path / "file").write_bytes(b"[1]")
    (tmp_path / "link").symlink_to("file")
    assert doors.read_bytes(tmp_path / "link") == b"[1]" and doors.read_json(tmp_path / "link") == [1]
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "to-the-pipe").symlink_to("pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "socket"))
    odd = {"pipe": "named pipe", "to-the-pipe": "named pipe", "zero": "a device", "socket": "a socket", ".": "a folder"}
    for name, kind in odd.items():
        for read in (doors.check_file, doors.open_file, doors.read_bytes, doors.read_json):
            with pytest.raises(OSError, match=kind):
                read(tmp_path / name)
    server.close()
    with pytest.raises(FileNotFoundError):
        doors.read_bytes(tmp_path / "none")


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    with (tmp_path / "large").open("wb") as file:
        file.truncate(1 << 40)  # a hole: it takes no space
    with pytest.raises(OSError, match="1099511627776 bytes"):
        doors.read_bytes(tmp_path / "large")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[" * 90 + "]" * 90, None), ("[" * 101 + "]" * 101, "too deeply"), ('{"a":' * 100_000, "too deeply"),
        ('{"\\ud83d\\ude00": 1}', None), ('{"\\ud800": 1}', "surrogates"), ('["\\ud800"]', "surrogates"), ("[1", "delimiter"),
    ],
)  # fmt: skip
def test_json_by_depth_and_by_whole_characters(content, says):
    if says is None:
        doors.parse_json(content)
    else:
        with pytest.raises(ValueError, match=says):
            doors.parse_json(content)


def test_a_door_turns_what_its_reader_raises_and_nothing_else():
    def through(error, *broken):
        with doors.door("a.bin", DataError, "get it again", *broken):
            raise error

    for error, told in {
        ValueError("line one\nline two"): "line one line two", RecursionError("x"): "it is nested too deeply",
        FileNotFoundError(2, "No such file or directory", "a.bin"): "No such file or directory", MemoryError(): "more memory",
    }.items():  # fmt: skip
        with pytest.raises(DataError) as raised:
            through(error)
        assert str(raised.value).startswith("a.bin: cannot be read (") and told in str(raised.value)
        assert str(raised.value).endswith("; get it again") and raised.value.__cause__ is error
    with pytest.raises(DataError, match="c2w is missing"):
        through(KeyError("c2w"), KeyError)
    with pytest.raises(ZeroDivisionError):  # a fault of ours stays one
        through(ZeroDivisionError())
    with pytest.raises(ModelError, match="^said$"):
        through(ModelError("said"), Exception)
