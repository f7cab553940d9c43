"""The record of a folder: equal values pass, others are refused with what differs."""

import pytest

from mvdream_cli.data.agreed import agree
from mvdream_cli.errors import ConfigError


def test_a_folder_keeps_to_its_first_values(tmp_path):
    path = tmp_path / "new" / "record.json"
    agree(path, {"seed": 1, "kinds": ("cat",)})
    agree(path, {"seed": 1, "kinds": ("cat",)})
    with pytest.raises(ConfigError, match=r"new: begun with other settings: seed \(there 1, here 2\); choose another folder"):
        agree(path, {"seed": 2, "kinds": ("cat",)})
    with pytest.raises(ConfigError, match=r"more \(there None, here 3\)"):
        agree(path, {"seed": 1, "more": 3})


@pytest.mark.parametrize("content", ["", "{", "3", '"text"', "[1]"])
def test_a_broken_record_is_refused(tmp_path, content):
    (tmp_path / "record.json").write_text(content)
    with pytest.raises(ConfigError, match="record.json: cannot be read"):
        agree(tmp_path / "record.json", {"seed": 1})
