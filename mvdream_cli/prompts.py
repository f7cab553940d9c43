"""Prompts: that of the command line, or a file of many. Never imports torch."""

import sys
from pathlib import Path
from typing import Any, NamedTuple

from mvdream_cli.doors import MOST_BYTES, door, parse_json, read_json
from mvdream_cli.errors import UsageError
from mvdream_cli.prompt_library import dreamfusion_prompts
from mvdream_cli.texts import decode, read_text

LONGEST_PROMPT = 1000
MOST_PROMPTS = 1_000_000
PROMPT_SETS = Path(__file__).with_name("prompt_sets")
NEGATIVE_KEYS = ("to3d.guidance.negative_prompt", "to3d.views.negative_prompt")
SHORT_KEYS = {"seed": ("engine.seed",), "negative": NEGATIVE_KEYS}


class PromptLine(NamedTuple):
    """A line of a file of prompts, and values of settings by their dotted names.

    problem: one sentence if nothing can be made of the line; else empty.
    """

    prompt: str
    settings: dict[str, Any]
    problem: str = ""


def check_prompt(prompt: str) -> str:
    """The prompt on one line, outer blanks removed.

    Raises:
        UsageError: it is empty, longer than `LONGEST_PROMPT` characters, or holds half a character.
    """
    prompt = " ".join(prompt.split())
    if not prompt:
        raise UsageError('the prompt is empty; say what to make, as in "a bulldog wearing a black pirate hat".')
    if len(prompt) > LONGEST_PROMPT:
        raise UsageError(
            f"the prompt has {len(prompt)} characters, more than {LONGEST_PROMPT}; describe one object in a sentence."
        )
    if not prompt.isascii() and any("\ud800" <= letter <= "\udfff" for letter in prompt):
        raise UsageError("the prompt holds half a character, which no text can; write it again.")
    return prompt


def read_prompt(text: str) -> str:
    """`check_prompt` of the text; of what stdin holds if the text is "-".

    Raises:
        UsageError: as `check_prompt`, or stdin holds several lines.
    """
    if text != "-":
        return check_prompt(text)
    lines = [line for line in _read_stdin("the prompt").split("\n") if line.strip()]
    if len(lines) > 1:
        raise UsageError(f"-: stdin holds {len(lines)} lines; give one, or `to3d --prompts -` to make an object of each.")
    return check_prompt(lines[0] if lines else "")


def _read_stdin(what: str) -> str:
    if sys.stdin is None or sys.stdin.closed:
        raise UsageError(f"-: there is no stdin to read {what} from.")
    if sys.stdin.isatty():
        print(f"reading {what} from the terminal; Ctrl-D ends it", file=sys.stderr)
    with door("-", UsageError, f"write {what} to stdin as UTF-8 text."):
        return decode(sys.stdin.buffer.read(MOST_BYTES))


def read_prompts(path: Path) -> list[PromptLine]:
    """Each line of a file, of stdin if it is "-"; empty lines and lines that begin with # are passed over.

    A line is a prompt, or a JSON object: {"prompt": "a red car", "seed": 3, "to3d.fit.steps": 500}; in a .jsonl file each line
    is an object. A line of which nothing can be made does not keep the others from being made: it says its problem.

    Raises:
        UsageError: no such file, no text, no prompts, too many, or none that can be made.
    """
    try:
        with door(path, UsageError, "give a text file with one prompt a line."):
            lines = (_read_stdin("the prompts") if str(path) == "-" else read_text(path)).split("\n")
    except UsageError as error:
        raise UsageError(f"--prompts: {error}") from error
    written = [(k, line) for k, line in enumerate(lines, 1) if line.strip() and line.strip()[0] != "#"]
    if len(written) > MOST_PROMPTS:
        raise UsageError(f"--prompts: {path} holds {len(written)} prompts, more than {MOST_PROMPTS}; split the file.")
    found = [_read_line(line, f"{path}, line {k}", path.suffix == ".jsonl") for k, line in written]
    if not found:
        raise UsageError(f"--prompts: {path} holds no prompt; write one a line.")
    if all(line.problem for line in found):
        raise UsageError(found[0].problem)
    return found


def prompt_set_names() -> list[str]:
    """The sets that are shipped."""
    return sorted(path.stem for path in PROMPT_SETS.glob("*.txt"))


def read_prompt_set(name: str, offline: bool = False) -> list[str]:
    """The prompts of a set, each once: a shipped one by its name, "dreamfusion", a text file as of `read_prompts`, or JSON.

    A JSON file holds a list of prompts, or several by name, of which one is taken: `prompt_library.json:dreamfusion`.

    Raises:
        UsageError: no such set or file, broken, cannot be fetched, or a prompt stands in it twice.
    """
    path, _, key = name.partition(".json:")
    if key:
        path += ".json"
    if name in prompt_set_names():
        prompts = [line.prompt for line in read_prompts(PROMPT_SETS / f"{name}.txt")]
    elif name == "dreamfusion":
        prompts = [check_prompt(text) for text in dreamfusion_prompts(offline)]
    elif path.endswith(".json"):
        prompts = [check_prompt(text) for text in _read_json_set(Path(path), key)]
    elif not Path(path).exists():
        sets = ", ".join(["toybox", "dreamfusion", *prompt_set_names()])
        raise UsageError(f"--prompts: {name} is neither a file nor a set of prompts; the sets are {sets}.")
    else:
        lines = read_prompts(Path(path))
        if problem := next((line.problem for line in lines if line.problem), ""):
            raise UsageError(problem)
        prompts = [line.prompt for line in lines]
    first: dict[str, int] = {}
    for k, text in enumerate(prompts, 1):
        if (before := first.setdefault(text.lower(), k)) != k:
            raise UsageError(
                f"--prompts: {name}: prompts {before} and {k} are the same, {text!r}; no retrieval can tell them apart: "
                "leave one out."
            )
    return prompts


def _read_json_set(path: Path, key: str) -> list[str]:
    with door(f"--prompts: {path}", UsageError, "give a shipped set, or a file of JSON or of one prompt a line."):
        content = read_json(path)
    if isinstance(content, dict):
        if key not in content:
            raise UsageError(f"--prompts: {path} holds several sets; name one: {path}:NAME of {', '.join(content):.500}.")
        content = content[key]
    if not isinstance(content, list) or not content or not all(isinstance(text, str) for text in content):
        raise UsageError(f"--prompts: {path}: is not a list of prompts.")
    return content


def _read_line(line: str, where: str, json_only: bool) -> PromptLine:
    """The line, with its problem if it has one."""
    settings: dict[str, Any] = {}
    try:
        if json_only or line.lstrip().startswith("{"):
            with door(where, UsageError, "write a prompt, or a JSON object with the key prompt."):
                settings = parse_json(line)
                if not isinstance(settings, dict) or not isinstance(settings.get("prompt", ""), str):
                    raise ValueError("the object, or its prompt, is of another type")
            if "prompt" not in settings:
                raise UsageError(f'{where}: the key prompt is missing, as in {{"prompt": "a red car", "seed": 3}}.')
            line = settings.pop("prompt")
        prompt = check_prompt(line)
    except UsageError as error:
        problem = str(error) if str(error).startswith(where) else f"{where}: {error}"
        return PromptLine(" ".join(line.split())[:LONGEST_PROMPT], {}, problem)
    return PromptLine(prompt, {long: value for key, value in settings.items() for long in SHORT_KEYS.get(key, (key,))})
