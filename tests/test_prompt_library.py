"""DreamFusion's prompts: fetched once, kept, pinned. The network is a file of this machine."""

import json

import pytest

from mvdream_cli import prompt_library
from mvdream_cli.errors import UsageError
from mvdream_cli.hashes import checksum
from mvdream_cli.prompt_library import dreamfusion_prompts, library_path
from mvdream_cli.prompts import read_prompt_set


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A library of two prompts at the pinned address, and an empty cache."""
    path = tmp_path / "source.json"
    path.write_text(json.dumps({"dreamfusion": ["a corgi", "a  crab"], "other": ["a fox"]}))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(prompt_library, "URL", path.as_uri())
    monkeypatch.setattr(prompt_library, "SHA256", checksum(path))
    return path


def test_they_are_fetched_once_and_kept(source):
    assert read_prompt_set("dreamfusion") == ["a corgi", "a crab"]
    source.unlink()
    assert dreamfusion_prompts() == dreamfusion_prompts(offline=True) == ["a corgi", "a  crab"]


def test_offline_and_not_here_is_one_sentence_that_names_the_place(source):
    with pytest.raises(UsageError, match="network is not to be used") as raised:
        read_prompt_set("dreamfusion", offline=True)
    assert str(library_path().parent) in str(raised.value) and not library_path().exists()
    source.unlink()
    with pytest.raises(UsageError, match="cannot be fetched .*No such file"):
        read_prompt_set("dreamfusion")
    library_path().parent.mkdir(parents=True)
    library_path().write_text("{}")
    with pytest.raises(UsageError, match="not the pinned file; delete it"):
        dreamfusion_prompts()


def test_another_file_than_the_pinned_one_is_not_kept(source):
    source.write_text('{"dreamfusion": ["something else"]}')
    with pytest.raises(UsageError, match="another checksum than the pinned file; nothing was kept"):
        dreamfusion_prompts()
    assert not list(library_path().parent.glob("*"))
