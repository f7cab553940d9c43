"""Under which licences mvdream, its dependencies and its models are: `mvdream doctor --licences`. Never imports torch."""

import re
from importlib import metadata

from mvdream_cli.models.find import EMBEDDED
from mvdream_cli.models.published import PUBLISHED

OURS = "mvdream-cli"
# Words of licences that ask for nothing but that their text is kept; whatever has none of them is marked.
PERMISSIVE = (
    "apache", "mit", "bsd", "bsl-1.0", "isc", "psf", "python software foundation", "zlib", "hpnd", "cnri-python", "unlicense",
    "cc0",
)  # fmt: skip
RESTRICTIVE = ("gpl", "general public", "mpl", "mozilla", "noncommercial", "non-commercial", "proprietary", "cc-by", "sspl")
# What a licence text says that the metadata do not name.
TEXTS = {
    "Permission is hereby granted, free of charge": "MIT",
    "Redistribution and use in source and binary forms": "BSD",
    "Apache License": "Apache",
}
NOTES = {"imageio-ffmpeg": "its wheel carries ffmpeg, a program of its own under the GPL, which writes videos"}
LONGEST = 60


def run() -> dict:
    """{"packages": rows of `packages`, "models": rows of `models`}."""
    return {"packages": packages(), "models": models()}


def models() -> list[dict]:
    """{"name", "licence", "permissive"} of each model that has a name."""
    known = dict.fromkeys(EMBEDDED, "Apache-2.0") | {name: model.licence for name, model in PUBLISHED.items()}
    return [{"name": name, "licence": licence, "permissive": is_permissive(licence)} for name, licence in known.items()]


def packages(root: str = OURS) -> list[dict]:
    """{"name", "version", "licence", "permissive", "note", "asked by"} of each package that is installed and that `root` asks
    for, itself or through others; with those of its extras that are here.
    """
    found: dict[str, dict] = {}
    waiting = [(root, "")]
    while waiting:
        name, asked_by = waiting.pop(0)
        key = re.sub(r"[-_.]+", "-", name).lower()
        if key in found:
            continue
        try:
            package = metadata.distribution(name)
        except metadata.PackageNotFoundError:  # for another machine, or an extra that is not here
            continue
        licence = licence_of(package.metadata) or licence_in_files(package)
        found[key] = {
            "name": package.metadata["Name"],
            "version": package.version,
            "licence": licence,
            "permissive": is_permissive(licence) and key not in NOTES,
            "note": NOTES.get(key, ""),
            "asked by": asked_by,
        }
        waiting += [(required, key) for required in requirements(package, extras=key == OURS)]
    return sorted(found.values(), key=lambda row: row["name"].lower())


def requirements(package: metadata.Distribution, extras: bool) -> list[str]:
    """The names of the packages that one asks for; those of its extras only if `extras`."""
    texts = [text for text in package.requires or [] if extras or not re.search(r"\bextra\s*==", text)]
    return [re.match(r"[\w.-]+", text)[0] for text in texts]


def licence_of(about) -> str:
    """What the metadata of a package say, the exactest first: an SPDX expression, a classifier, free text; "" for nothing."""
    if expression := about.get("License-Expression"):
        return expression
    classes = [text.rpartition("::")[2].strip() for text in about.get_all("Classifier") or [] if text.startswith("License ::")]
    classes = [text for text in classes if text != "OSI Approved"]
    text = (about.get("License") or "").strip().split("\n")[0]
    if not classes and text.startswith("Copyright"):
        return ""
    return ", ".join(classes) or (text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}...")


def licence_in_files(package: metadata.Distribution) -> str:
    """What the licence files of a package begin with; "" for nothing known."""
    for path in package.files or []:
        if re.match(r"(LICEN[CS]E|COPYING)", path.name, re.IGNORECASE) and path.locate().is_file():
            text = path.locate().read_text(encoding="utf-8", errors="replace")
            return next((licence for words, licence in TEXTS.items() if words in text), "")
    return ""


def is_permissive(licence: str) -> bool:
    """Whether all that a licence asks is to keep its text: each part of those joined by AND, one part of those joined by OR."""
    return any(all(map(_plain, choice.split(" AND "))) for choice in licence.replace("(", " ").replace(")", " ").split(" OR "))


def _plain(part: str) -> bool:
    text = part.lower()
    return any(word in text for word in PERMISSIVE) and not any(word in text for word in RESTRICTIVE)
