"""Text as editors save it: by its byte-order mark, else as UTF-8, else as the caller says."""

import codecs

import pytest

from mvdream_cli.errors import ConfigError
from mvdream_cli.settings.presets import load_preset
from mvdream_cli.texts import decode, printable, read_caption, read_text

TEXT = "un caf\u00e9, \u7ea2\u8272"
MARKED = {
    "utf-8": codecs.BOM_UTF8 + TEXT.encode("utf-8"),
    "utf-16-le": codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
    "utf-16-be": codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    "utf-32-le": codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"),
    "utf-32-be": codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"),
    "no mark": TEXT.encode(),
}


@pytest.mark.parametrize("name", MARKED)
def test_text_by_its_mark(name, tmp_path):
    assert decode(MARKED[name]) == TEXT
    (tmp_path / "a.txt").write_bytes(MARKED[name])
    assert read_text(tmp_path / "a.txt") == TEXT == read_caption(tmp_path / "a.txt")


def test_text_without_a_mark_that_is_not_utf8():
    with pytest.raises(UnicodeDecodeError):
        decode(b"caf\xe9")
    assert decode(b"caf\xe9", otherwise="cp1252") == "caf\u00e9"


def test_a_caption_is_one_line_whatever_is_in_its_file(tmp_path):
    for content, caption in {
        b"\xef\xbb\xbfa photo of\r\n sks dog \r\n": "a photo of sks dog", b"caf\xe9": "caf\u00e9", b"": "",
        codecs.BOM_UTF16_LE + b"a": "\ufffd",
    }.items():  # fmt: skip
        (tmp_path / "a.txt").write_bytes(content)
        assert read_caption(tmp_path / "a.txt") == caption


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_presets_in_the_encodings_of_editors(tmp_path, encoding):
    path = tmp_path / "mine.yaml"
    path.write_bytes("# caf\u00e9\r\nto3d:\r\n  method: views\r\n".encode(encoding))
    assert load_preset(path) == {"to3d": {"method": "views"}}
    path.write_bytes(b"to3d: caf\xe9")
    with pytest.raises(ConfigError, match="cannot be read .*give YAML"):
        load_preset(path)


def test_what_a_terminal_would_obey_is_written_out():
    told = printable("a \x1b[31mred\x9b2J \u202edog\r\x00\ud800 un caf\u00e9\n\tend")
    assert told == "a \\x1b[31mred\\x9b2J \\u202edog\\r\\x00\\ud800 un caf\u00e9\n\tend"
    told.encode()
