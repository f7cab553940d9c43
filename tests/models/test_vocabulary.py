import pytest

from mvdream_cli.models.vocabulary import MEANINGS, unknown_words, vocabulary_warning
from mvdream_toybox.captions import vocabulary


@pytest.mark.parametrize(
    ("prompt", "word", "near"),
    [("a red corvette", "corvette", "car"), ("a drgon", "drgon", "dragon"), ("two wolves and a wolf", "wolf", "husky")],
)
def test_unknown_words_get_their_nearest(prompt, word, near):
    found = unknown_words(prompt, vocabulary())
    assert near in found[word] and len(found[word]) <= 3


def test_known_words_and_fillers_are_not_reported_and_nonsense_has_no_neighbour():
    words = vocabulary()
    assert unknown_words("A 3D model of the dogs, wearing a crimson Crown, 4K, HD", words) == {}
    assert unknown_words("a qzxwvj \U0001f415", words) == {"qzxwvj": []}
    assert vocabulary_warning("a dog", words) is None and vocabulary_warning("a qzxwvj", None) is None
    assert "'corvette' (nearest: car" in vocabulary_warning("a corvette", words)


def test_meanings_lead_to_words_of_the_world():
    assert {target for target in MEANINGS.values() if target not in vocabulary()} == set()
