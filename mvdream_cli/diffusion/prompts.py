"""Prompts: what is refused, and what a model with a small vocabulary does not know."""

import difflib
import re

from mvdream_cli.errors import UsageError

LONGEST_PROMPT = 1000
FILLERS = frozenset(
    [
        "a",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "by",
        "for",
        "from",
        "has",
        "have",
        "having",
        "her",
        "him",
        "his",
        "i",
        "in",
        "into",
        "is",
        "it",
        "its",
        "made",
        "my",
        "no",
        "of",
        "on",
        "one",
        "or",
        "our",
        "over",
        "so",
        "some",
        "such",
        "than",
        "that",
        "the",
        "their",
        "them",
        "there",
        "these",
        "this",
        "those",
        "to",
        "too",
        "under",
        "up",
        "very",
        "was",
        "were",
        "which",
        "while",
        "who",
        "with",
        "4k",
        "8k",
        "hd",
        "hq",
        "hdr",
        "uhd",
        "3d",
        "asset",
        "blender",
        "render",
        "rendering",
        "raw",
        "dslr",
        "photo",
        "realistic",
        "detailed",
        "highly",
        "intricate",
        "ultra",
        "quality",
        "best",
        "fantasy",
        "art",
        "style",
        "fully",
        "whole",
        "full",
    ]
)


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


def unknown_words(prompt: str, words: set[str]) -> dict[str, list[str]]:
    """Words of the prompt that are neither in `words` nor mere fillers, each with up to three known words like it."""
    known = words | FILLERS
    unknown = {}
    for word in re.findall(r"[^\W\d_]+", prompt.lower()):
        singular = word[:-1] if word.endswith("s") else word
        if word not in known and singular not in known:
            unknown[word] = difflib.get_close_matches(word, sorted(words), n=3, cutoff=0.6)
    return unknown


def vocabulary_warning(prompt: str, words: set[str] | None) -> str | None:
    """One sentence about the words that a model was not trained on, or None. `words` is None when it does not say."""
    unknown = unknown_words(prompt, words) if words is not None else {}
    if not unknown:
        return None
    named = "; ".join(f"{w!r} (nearest: {', '.join(near)})" if near else repr(w) for w, near in unknown.items())
    return f"this model was not trained on {named}: expect something else in its place."
