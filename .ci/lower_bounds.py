"""Print the lower bound of each dependency in pyproject.toml as `name==version`, for pip's -c; torch is left out.

A marker such as "; python_version >= '3.11'" goes along.
"""

import re
import sys
from pathlib import Path

text = Path(__file__).resolve().parent.parent.joinpath("pyproject.toml").read_text(encoding="utf-8")
listed = re.search(r"^dependencies = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL)[1]
requirements = re.findall(r'^\s*"([^"]+)"', listed, re.MULTILINE)
for requirement in requirements:
    match = re.fullmatch(r"([\w.-]+)\s*(?:>=|==)\s*([\w.]+)[^;]*(;.*)?", requirement)
    if match is None:
        sys.exit(f"pyproject.toml: {requirement} has no lower bound")
    name, version, marker = match.groups()
    if name != "torch":
        print(f"{name}=={version}{' ' + marker if marker else ''}")
