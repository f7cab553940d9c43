"""The words a model was trained with, and a warning for those it was not."""

import difflib
import re

RARE_WORDS = ("sks", "ohwx", "zwx")  # one token of CLIP's, and no word of anybody's
FILLERS = frozenset(
    """a an and any are as at be by for from has have having her him his i in into is it its made my no of on one or our
    over so some such than that the their them there these this those to too under up very was were which while who with
    3d asset blender render rendering raw dslr photo realistic detailed highly intricate ultra quality best fantasy art style
    full d k hd hq hdr uhd""".split()  # noqa: SIM905 - a list of fifty words is easier to read as text
)
# What a word that nobody taught the model is nearest to in meaning; spelling alone would not find it.
MEANINGS = {
    word: line.split(":")[0].strip()
    for line in """
        car: corvette ferrari porsche lamborghini mustang limousine vehicle convertible
        truck: jeep van suv
        ship: boat vessel frigate
        rocket: spaceship spacecraft shuttle missile
        airplane: jet aircraft glider
        dog: labrador retriever terrier beagle shepherd spaniel canine
        bulldog: pug boxer mastiff
        husky: wolf coyote malamute
        cat: siamese persian lynx
        tiger: panther puma
        bear: koala raccoon badger
        mouse: hamster squirrel gerbil hedgehog
        horse: donkey mule
        cow: buffalo ox yak
        sheep: goat llama alpaca
        deer: moose elk antelope
        elephant: mammoth rhino rhinoceros hippo hippopotamus
        bird: eagle sparrow crow pigeon robin hawk
        duck: goose swan
        chicken: turkey
        flamingo: ostrich heron stork
        whale: dolphin orca
        fish: salmon trout tuna
        crab: lobster shrimp
        dinosaur: lizard raptor stegosaurus
        bee: wasp hornet
        butterfly: dragonfly
        man: person guy human father
        woman: mother lady
        robot: cyborg automaton
        sword: katana dagger saber
        tree: oak birch
        hat: fedora sombrero
        crown: diadem
        purple: indigo plum
        tan: khaki
        maroon: bordeaux
        silver: metal metallic chrome
        stone: marble rock concrete
        cake: pie tart
    """.strip().splitlines()
    for word in line.split(":")[1].split()
}


def unknown_words(prompt: str, words: set[str]) -> dict[str, list[str]]:
    """Words of the prompt that are neither in `words` nor mere fillers, each with up to three known ones nearest in meaning
    or spelling."""
    unknown = {}
    for word in re.findall(r"[^\W\d_]+", prompt.lower()):
        singular = word.removesuffix("s")
        if not {word, singular} & (words | FILLERS):
            meaning = MEANINGS.get(word) or MEANINGS.get(singular)
            near = difflib.get_close_matches(word, sorted(words - FILLERS), n=3, cutoff=0.65)
            unknown[word] = list(dict.fromkeys([meaning, *near] if meaning in words else near))[:3]
    return unknown


def vocabulary_warning(prompt: str, words: set[str] | None) -> str | None:
    """One sentence about the words that a model was not trained on, or None. `words` is None when it does not say."""
    unknown = unknown_words(prompt, words) if words is not None else {}
    if not unknown:
        return None
    named = "; ".join(f"{w!r} (nearest: {', '.join(near)})" if near else repr(w) for w, near in unknown.items())
    return f"this model was not trained on {named}: expect something else in its place."


def common_pieces(tokenizer, word: str) -> list[str]:
    """Words of three letters and more that a tokenizer makes of `word`; empty for a word that is rare to the model."""
    pieces = [piece.removesuffix("</w>") for piece in tokenizer.tokenize(word.lower())]
    return [piece for piece in pieces if len(piece) >= 3 and (len(pieces) > 1 or word.lower() not in RARE_WORDS)]


def cut_words(tokenizer, text: str, length: int) -> str:
    """What of a text a text encoder of `length` tokens does not see, because it is cut there; empty if nothing."""
    found = tokenizer(text, truncation=False, return_offsets_mapping=True, verbose=False)
    if len(found["input_ids"]) <= length:
        return ""
    return text[found["offset_mapping"][length - 1][0] :].strip()  # the last place is that of the end


def length_warning(tokenizer, texts: list[str], length: int) -> str | None:
    """One sentence about the texts that a text encoder of `length` tokens does not see to their end, or None."""
    lost = {text: words for text in dict.fromkeys(texts) if (words := cut_words(tokenizer, text, length))}
    if not lost:
        return None
    first, words = max(lost.items(), key=lambda item: len(item[1]))
    shown = first if len(first) <= 60 else f"{first[:57]}..."
    more = f" and of {len(lost) - 1} other text{'s' if len(lost) > 2 else ''} the end" if len(lost) > 1 else ""
    return f"the model reads {length - 2} tokens: of {shown!r} it does not see {words!r}{more}; say it in fewer words."
