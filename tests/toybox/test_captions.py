"""Captions say what the object is, in words that the vocabulary knows."""

import numpy as np
import pytest

from mvdream_cli.toybox.captions import MEANINGS, STOP_WORDS, _words, caption, unknown_words, vocabulary, with_article
from mvdream_cli.toybox.palette import COLOUR_WORDS, MADE_OF, PATTERN_WORDS
from mvdream_cli.toybox.world import KINDS, WORN, Spec, draw_spec


def _draws(count: int, seed: int = 0):
    for i in range(count):
        spec = draw_spec(seed, i)
        yield spec, caption(spec, np.random.default_rng((seed, i)))


def _says(text: str, words) -> bool:
    return any(f" {word.lower()} " in f" {text} " for word in words)


def test_captions_name_kind_colour_pattern_and_worn_things():
    for spec, text in _draws(2000):
        plain = text.lower().replace(",", " ")
        kind = KINDS[spec.kind]
        assert _says(plain, kind.variants[spec.variant] if spec.variant else kind.nouns), (spec, text)
        if spec.colour:
            assert _says(plain, COLOUR_WORDS[spec.colour] + MADE_OF.get(spec.colour, ())), (spec, text)
        if spec.pattern:
            assert _says(plain, PATTERN_WORDS[spec.pattern]) and _says(plain, COLOUR_WORDS[spec.second]), (spec, text)
        if spec.pose:
            assert _says(plain, (spec.pose,)), (spec, text)
        for name, colour in spec.worn:
            assert _says(plain, WORN[name].words), (spec, text)
            assert colour is None or _says(plain, COLOUR_WORDS[colour]), (spec, text)


def test_vocabulary_covers_all_captions():
    known = vocabulary()
    for spec, text in _draws(2000, seed=1):
        assert set(_words(text)) <= known, (spec, text, set(_words(text)) - known)
        assert unknown_words(text) == {} if spec.seed % 50 == 0 else True


def test_captions_are_a_function_of_the_generator_and_vary():
    spec = Spec("dog", "bulldog", "tan", worn=(("pirate hat", "black"),))
    texts = [caption(spec, np.random.default_rng(i)) for i in range(300)]
    assert texts == [caption(spec, np.random.default_rng(i)) for i in range(300)]
    assert len(set(texts)) > 120
    assert "a tan bulldog wearing a black pirate hat" in texts
    assert {caption(Spec("dog"), np.random.default_rng(i)) for i in range(80)} >= {"dog", "a dog", "a puppy"}


def test_half_of_the_captions_are_short():
    lengths = np.array([len(text.split()) for spec, text in _draws(2000, seed=2) if not spec.worn and not spec.pattern])
    assert 0.4 < np.mean(lengths <= 4) < 0.8


def test_articles():
    phrases = ("orange cat", "unicorn", "red dog", "octopus", "ufo", "elephant", "owl")
    assert [with_article(p).split()[0] for p in phrases] == ["an", "a", "a", "an", "a", "an", "an"]
    for _, text in _draws(1500, seed=3):
        words = text.lower().replace(",", "").split()
        for article, word in zip(words, words[1:]):
            if article in ("a", "an"):
                assert with_article(word).split()[0] == article, text
    assert all(" a glasses" not in text for _, text in _draws(500, seed=4))


@pytest.mark.parametrize(
    ("prompt", "word", "near"),
    [("a red corvette", "corvette", "car"), ("a drgon", "drgon", "dragon"), ("two wolves and a wolf", "wolf", "husky")],
)
def test_unknown_words_get_their_nearest(prompt, word, near):
    found = unknown_words(prompt)
    assert near in found[word] and len(found[word]) <= 3


def test_known_words_and_stop_words_are_not_reported_and_nonsense_has_no_neighbour():
    assert unknown_words("A 3D model of the dog, wearing a crimson Crown, 4K, HD") == {}
    assert unknown_words("a qzxwvj") == {"qzxwvj": []}


def test_meanings_lead_to_known_words():
    known = vocabulary()
    assert {target for target in MEANINGS.values() if target not in known} == set()
    assert not STOP_WORDS & set(MEANINGS)
