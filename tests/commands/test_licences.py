"""`mvdream doctor --licences`: what the metadata of packages say, and which of it is marked."""

import json
from email.message import Message

import pytest
from conftest import mvdream

from mvdream_cli.commands.licences import NOTES, is_permissive, licence_of, packages


def about(**fields):
    message = Message()
    for name, value in fields.items():
        for text in value if isinstance(value, list) else [value]:
            message[name.replace("_", "-")] = text
    return message


@pytest.mark.parametrize(
    ("licence", "permissive"),
    [
        ("MIT", True), ("BSD License", True), ("Apache Software License", True), ("PSF-2.0", True), ("MIT-CMU", True),
        ("Apache-2.0 AND BSD-3-Clause AND BSL-1.0", True), ("GPL-3.0-or-later OR MIT", True), ("GPL-2.0 OR MPL-2.0", False),
        ("MIT AND GPL-3.0-only", False), ("MIT AND Something-Else", False), ("LGPL-2.1", False), ("MPL-2.0 AND MIT", False),
        ("GNU General Public License v3 (GPLv3)", False), ("CC-BY-NC-4.0", False), ("NVIDIA Proprietary Software", False),
        ("CreativeML Open RAIL-M", False), ("", False),
    ],
)  # fmt: skip
def test_what_is_marked(licence, permissive):
    assert is_permissive(licence) is permissive


def test_the_exactest_word_is_taken():
    old = "License :: OSI Approved"
    assert licence_of(about(License_Expression="MIT", License="GPL")) == "MIT"
    assert licence_of(about(Classifier=[f"{old} :: BSD License", "Topic :: Software"], License="see file")) == "BSD License"
    assert licence_of(about(Classifier=[old], License="Apache 2.0\nand its text")) == "Apache 2.0"
    assert licence_of(about(License="Copyright (c) somebody")) == "" and licence_of(about()) == ""
    assert len(licence_of(about(License="x" * 500))) == 60


def test_the_packages_that_are_asked_for():
    rows = {row["name"].lower(): row for row in packages()}
    assert {"torch", "diffusers", "tqdm", "certifi"} <= rows.keys()  # the last two through others
    assert rows["torch"]["permissive"] and rows["nerfacc"]["licence"] == "MIT"  # told by its licence file only
    assert not rows["tqdm"]["permissive"] and rows["tqdm"]["asked by"]
    for name in NOTES.keys() & rows.keys():
        assert not rows[name]["permissive"] and rows[name]["note"]


def test_the_command(tmp_path):
    shown = mvdream("doctor", "--licences", cwd=tmp_path)
    assert shown.returncode == 0 and "\n! tqdm" in shown.stdout and "  torch " in shown.stdout, shown.stdout
    assert "! sd-v2.1-base-4view" in shown.stdout and "RAIL++-M" in shown.stdout
    found = json.loads(mvdream("doctor", "--licences", "--json", cwd=tmp_path).stdout)
    assert {"name": "mini", "licence": "Apache-2.0", "permissive": True} in found["models"]
