"""What people would type for an object: Spec -> caption; and the words that captions use."""

import re

import numpy as np

from mvdream_toybox.palette import COLOR_WORDS, MADE_OF, MATERIALS, PATTERN_WORDS
from mvdream_toybox.things import KINDS
from mvdream_toybox.things.worn import WORN
from mvdream_toybox.world import SIZES, Spec

OPENERS = (
    "a 3d model of",
    "a 3d render of",
    "3d model of",
    "3d asset of",
    "a toy of",
    "a figurine of",
    "a vinyl toy of",
    "a cartoon of",
    "an image of",
    "a picture of",
    "a photo of",
    "a dslr photo of",
    "a zoomed out dslr photo of",
    "a rendering of",
    "a full body view of",
    "a wide angle photo of",
    "an illustration of",
    "a sculpture of",
    "a 3d asset of",
)
ADJECTIVES = (
    "cute",
    "beautiful",
    "intricate",
    "majestic",
    "detailed",
    "adorable",
    "lovely",
    "nice",
    "funny",
    "simple",
    "stylized",
    "cartoon",
    "toy",
    "highly detailed",
    "little",
    "fancy",
    "pretty",
    "cool",
    "amazing",
    "realistic",
    "happy",
    "charming",
)
CLOSERS = (
    ", 3d asset",
    ", highly detailed",
    ", 4K, HD",
    ", 4K",
    ", 3d model",
    ", full body",
    ", high quality",
    ", studio lighting",
    ", best quality",
    ", toy style",
    ", cartoon style",
    ", 8K, HD, raw",
    ", 3d render",
    ", photorealistic, 4K, HD",
    ", plain background",
    ", smooth",
    ", game asset",
    ", masterpiece",
    ", high resolution",
    ", blender",
    ", octane render",
)
FLUFFY = {"sheep", "poodle", "panda", "teddy bear"}
SIZE_WORDS = {
    "tall": ("tall", "very tall"),
    "short": ("short", "squat"),
    "long": ("long", "very long"),
    "wide": ("wide", "broad"),
    "chubby": ("chubby", "fat", "round"),
    "thin": ("thin", "slim", "skinny"),
}
# People whose color is that of their clothes, and how that is said.
CLOTHED = frozenset(
    ("man", "woman", "boy", "girl", "baby", "grandmother", "king", "queen", "princess", "pirate", "chef", "firefighter")
    + ("police officer", "doctor", "cowboy", "ballerina", "viking", "fairy", "angel", "vampire", "zombie")
)
CLOTHES = ("in {} clothes", "in {} clothes", "dressed in {}", "in {}", "in {} clothing")
VERBS = {"wearing": ("wearing", "wearing", "with", "that wears", "dressed in", "in"), "with": ("with", "that has", "with")}
HOLDING = ("holding", "carrying", "with", "that holds")
# Nouns that go without "a".
UNCOUNTED = frozenset(("french fries", "grapes", "cherries", "ice cream", "corn", "cheese", "salmon sushi", "nigiri sushi"))


def _pick(rng: np.random.Generator, choices):
    choices = list(choices)
    return choices[int(rng.integers(len(choices)))]


def _first_or_any(rng: np.random.Generator, words, share_first: float):
    """The first, most common word with probability `share_first`, else any."""
    return words[0] if rng.random() < share_first else _pick(rng, words)


def with_article(phrase: str) -> str:
    """ "an orange cat" and "a unicorn": the indefinite article by sound."""
    vowel = phrase[0].lower() in "aeiou" and not re.match(r"(uni|use|euro|one|ufo)", phrase.lower())
    return f"{'an' if vowel else 'a'} {phrase}"


def _worn_phrase(spec: Spec, rng: np.random.Generator, plain: bool) -> str:
    """ "wearing a red scarf and a black hat"; an empty string when nothing is worn."""
    names, first_verb = [], None
    for name, color in spec.worn:
        worn = WORN[name]
        words = f"{_color(rng, color, plain)} " if color else ""
        noun = words + _first_or_any(rng, worn.words, 0.7 if plain else 0.4)
        names.append(noun if worn.plural else with_article(noun))
        if first_verb is None:
            choices = HOLDING if worn.anchor == "hand" else VERBS.get(worn.verb, VERBS["wearing"])
            first_verb = _first_or_any(rng, choices, 0.5 if plain else 0.3)
    if not names:
        return ""
    if len(names) == 2 and len({WORN[n].anchor == "hand" for n, _ in spec.worn}) == 2:
        second = HOLDING[0] if WORN[spec.worn[1][0]].anchor == "hand" else "wearing"
        return f" {first_verb} {names[0]} and {second} {names[1]}"
    return f" {first_verb} {' and '.join(names)}"


def _color(rng: np.random.Generator, name: str, plain: bool) -> str:
    return _first_or_any(rng, COLOR_WORDS[name], 0.85 if plain else 0.5)


def _coat(spec: Spec, rng: np.random.Generator, plain: bool) -> tuple[list[str], list[str]]:
    """What is said of color and pattern, before the noun and after it."""
    if not spec.color:
        return [], []
    color = _color(rng, spec.color, plain)
    if spec.kind in CLOTHED:
        return [], [_pick(rng, CLOTHES).format(color)]
    if spec.pattern:
        adjective, plural = PATTERN_WORDS[spec.pattern][:2]
        second, form = _color(rng, spec.second, plain), rng.random()
        if form < 0.5:
            return [f"{adjective} {color} and {second}"], []
        if form < 0.75:
            return [f"{color} and {second} {adjective}"], []
        return [color], [f"with {second} {plural}"]
    if spec.color in MADE_OF and rng.random() < 0.3:
        return [], [_pick(rng, MADE_OF[spec.color])]
    if not plain and not spec.worn and spec.color not in MATERIALS and rng.random() < 0.15:
        return [], [f", {color}"]
    return [color], []


def caption(spec: Spec, rng: np.random.Generator) -> str:
    """One caption of `spec`; about half are short and plain, the others vary in grammar, synonyms and fillers.

    Whatever the spec names (variant or kind, color, pattern, worn things and their colors, size, pose) is said.
    """
    plain, kind = rng.random() < 0.5, KINDS[spec.kind]
    nouns = kind.variants[spec.variant] if spec.variant else kind.nouns
    noun = _first_or_any(rng, nouns, 0.75 if plain else 0.4)
    before, after = [], []
    if spec.size:
        before.append(_first_or_any(rng, SIZE_WORDS[spec.size], 0.6))
    coat, behind = _coat(spec, rng, plain)
    before, after = before + coat, after + behind
    if spec.pose and rng.random() < 0.5:
        before.insert(0, spec.pose)
    elif spec.pose:
        after.insert(0, _pick(rng, (spec.pose, f", {spec.pose}", f"that is {spec.pose}")))
    if not plain:
        fillers = ADJECTIVES + tuple(p for side, p in kind.extras if side == "before")
        if {spec.kind, spec.variant} & FLUFFY:
            fillers += ("fluffy",) * 6
        for _ in range(int(rng.integers(0, 3))):
            filler = _pick(rng, fillers)
            if not set(filler.split()) & set(" ".join([*before, noun]).split()):
                before.insert(0, filler)
        extras = [p for side, p in kind.extras if side == "after"]
        if extras and rng.random() < 0.3:
            after.append(_pick(rng, extras))
    phrase = " ".join([*before, noun])
    opener = "" if plain or rng.random() < 0.6 else _pick(rng, OPENERS) + " "
    if {"cartoon", "toy"} & set(opener.split()) & set(phrase.split()):
        opener = ""
    if noun not in UNCOUNTED and (opener or rng.random() < (0.6 if plain else 0.8)):
        phrase = with_article(phrase)
    text = opener + phrase + "".join(a if a.startswith(",") else f" {a}" for a in after) + _worn_phrase(spec, rng, plain)
    if not plain and rng.random() < 0.4:
        text += _pick(rng, CLOSERS)
    if not plain and rng.random() < 0.15:
        text = text[0].upper() + text[1:]
    return text


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+(?:['-][a-z0-9]+)*", text.lower())


def vocabulary() -> set[str]:
    """Every word, in lower case, that a caption can hold."""
    texts = [
        *OPENERS,
        *ADJECTIVES,
        *CLOSERS,
        *HOLDING,
        *SIZES,
        "fluffy",
        "a",
        "an",
        "and",
        "that",
        "is",
        "wearing",
        *PATTERN_WORDS,
    ]
    for group in (SIZE_WORDS, VERBS, MADE_OF, PATTERN_WORDS, COLOR_WORDS, {"clothes": CLOTHES}):
        texts += [word for words in group.values() for word in words]
    for kind in KINDS.values():
        texts += [*kind.nouns, *kind.poses, *(phrase for _, phrase in kind.extras)]
        texts += [word for words in kind.variants.values() for word in words]
    for worn in WORN.values():
        texts += worn.words
    return {word for text in texts for word in _words(text)}
