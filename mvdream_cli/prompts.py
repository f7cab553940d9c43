"""Prompts: that of the command line, or a file of many. Never imports torch."""

import json
from pathlib import Path
from typing import Any

from mvdream_cli.errors import UsageError
from mvdream_cli.texts import read_text

LONGEST_PROMPT = 1000
MOST_PROMPTS = 10_000
NEGATIVE_KEYS = ("to3d.guidance.negative_prompt", "to3d.views.negative_prompt")
SHORT_KEYS = {"seed": ("engine.seed",), "negative": NEGATIVE_KEYS}


def check_prompt(prompt: str) -> str:
    """The prompt on one line, outer blanks removed.

    Raises:
        UsageError: it is empty or longer than `LONGEST_PROMPT` characters.
    """
    prompt = " ".join(prompt.split())
    if not prompt:
        raise UsageError('the prompt is empty; say what to make, as in "a bulldog wearing a black pirate hat".')
    if len(prompt) > LONGEST_PROMPT:
        raise UsageError(
            f"the prompt has {len(prompt)} characters, more than {LONGEST_PROMPT}; describe one object in a sentence."
        )
    return prompt


def read_prompts(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """(prompt, {dotted setting: value}) for each line of a file; empty lines and lines that begin with # are passed over.

    A line is a prompt, or a JSON object: {"prompt": "a red car", "seed": 3, "to3d.fit.steps": 500}; in a .jsonl file each line
    is an object.

    Raises:
        UsageError: no such file, no text, a line that is no JSON or has no prompt, no prompts or too many.
    """
    try:
        lines = read_text(path).split("\n")
    except OSError as error:
        raise UsageError(f"--prompts: {path}: {error.strerror}; give a text file with one prompt a line.") from error
    except UnicodeDecodeError as error:
        raise UsageError(
            f"--prompts: {path} is neither UTF-8 nor UTF-16 text; give a text file with one prompt a line."
        ) from error
    found = [
        _read_line(line, f"{path}, line {k}", path.suffix == ".jsonl")
        for k, line in enumerate(lines, 1)
        if line.strip() and line.strip()[0] != "#"
    ]
    if not found:
        raise UsageError(f"--prompts: {path} holds no prompt; write one a line.")
    if len(found) > MOST_PROMPTS:
        raise UsageError(f"--prompts: {path} holds {len(found)} prompts, more than {MOST_PROMPTS}; split the file.")
    return found


def _read_line(line: str, where: str, json_only: bool) -> tuple[str, dict[str, Any]]:
    settings: dict[str, Any] = {}
    if json_only or line.lstrip().startswith("{"):
        try:
            settings = json.loads(line)
            if not isinstance(settings, dict) or not isinstance(settings.get("prompt", ""), str):
                raise ValueError("the object, or its prompt, is of another type")
            line = settings.pop("prompt")
        except ValueError as error:
            raise UsageError(f"{where}: is no JSON ({error}); write a prompt, or an object with the key prompt.") from error
        except KeyError:
            raise UsageError(f'{where}: the key prompt is missing, as in {{"prompt": "a red car", "seed": 3}}.') from None
    try:
        return check_prompt(line), {long: value for key, value in settings.items() for long in SHORT_KEYS.get(key, (key,))}
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from error
