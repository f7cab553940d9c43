"""Captions say what the object is, in words that the vocabulary knows."""

import numpy as np

from mvdream_toybox.captions import _words, caption, vocabulary, with_article
from mvdream_toybox.palette import COLOR_WORDS, MADE_OF, PATTERN_WORDS
from mvdream_toybox.things import KINDS
from mvdream_toybox.things.worn import WORN
from mvdream_toybox.world import Spec, draw_spec


def _draws(count: int, seed: int = 0):
    for i in range(count):
        spec = draw_spec(seed, i)
        yield spec, caption(spec, np.random.default_rng((seed, i)))


def _says(text: str, words) -> bool:
    return any(f" {word.lower()} " in f" {text} " for word in words)


def test_captions_name_kind_color_pattern_and_worn_things():
    for spec, text in _draws(2000):
        plain = text.lower().replace(",", " ")
        kind = KINDS[spec.kind]
        assert _says(plain, kind.variants[spec.variant] if spec.variant else kind.nouns), (spec, text)
        if spec.color:
            assert _says(plain, COLOR_WORDS[spec.color] + MADE_OF.get(spec.color, ())), (spec, text)
        if spec.pattern:
            assert _says(plain, PATTERN_WORDS[spec.pattern]) and _says(plain, COLOR_WORDS[spec.second]), (spec, text)
        if spec.pose:
            assert _says(plain, (spec.pose,)), (spec, text)
        for name, color in spec.worn:
            assert _says(plain, WORN[name].words), (spec, text)
            assert color is None or _says(plain, COLOR_WORDS[color]), (spec, text)


def test_vocabulary_covers_all_captions():
    known = vocabulary()
    for spec, text in _draws(2000, seed=1):
        assert set(_words(text)) <= known, (spec, text, set(_words(text)) - known)


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
