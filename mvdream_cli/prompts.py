"""Prompts: that of the command line, or a file of many. Never imports torch."""

import json
from pathlib import Path
from typing import Any

from mvdream_cli.errors import UsageError
from mvdream_cli.texts import read_text

LONGEST_PROMPT = 1000
MOST_PROMPTS = 10_000
PROMPT_SETS = Path(__file__).with_name("prompt_sets")
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


def prompt_set_names() -> list[str]:
    """The sets that are shipped."""
    return sorted(path.stem for path in PROMPT_SETS.glob("*.txt"))


def read_prompt_set(name: str) -> list[str]:
    """The prompts of a set, each once: a shipped one by its name, a text file as of `read_prompts`, or a JSON file.

    A JSON file holds a list of prompts, or several by name, of which one is taken: `prompt_library.json:dreamfusion`.

    Raises:
        UsageError: no such set or file, broken, or a prompt stands in it twice.
    """
    path, _, key = name.partition(".json:")
    if key:
        path += ".json"
    if name in prompt_set_names():
        prompts = [text for text, _ in read_prompts(PROMPT_SETS / f"{name}.txt")]
    elif name == "dreamfusion":
        raise UsageError(
            "--prompts dreamfusion: the 415 prompts of DreamFusion are not shipped; threestudio (Apache-2.0) has them: give "
            "--prompts prompt_library.json:dreamfusion, with its file load/prompt_library.json."
        )
    elif path.endswith(".json"):
        prompts = [check_prompt(text) for text in _read_json_set(Path(path), key)]
    else:
        prompts = [text for text, _ in read_prompts(Path(path))]
    first: dict[str, int] = {}
    for k, text in enumerate(prompts, 1):
        if (before := first.setdefault(text.lower(), k)) != k:
            raise UsageError(
                f"--prompts: {name}: prompts {before} and {k} are the same, {text!r}; no retrieval can tell them apart: "
                "leave one out."
            )
    return prompts


def _read_json_set(path: Path, key: str) -> list[str]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"--prompts: {path}: {error.strerror}; give a shipped set or a file.") from error
    except ValueError as error:
        raise UsageError(f"--prompts: {path} is no JSON ({error}).") from error
    if isinstance(content, dict):
        if key not in content:
            raise UsageError(f"--prompts: {path} holds several sets; name one: {path}:NAME of {', '.join(content)}.")
        content = content[key]
    if not isinstance(content, list) or not content or not all(isinstance(text, str) for text in content):
        raise UsageError(f"--prompts: {path}: is not a list of prompts.")
    return content


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
