import pytest

from mvdream_cli.models.vocabulary import MEANINGS, cut_words, length_warning, unknown_words, vocabulary_warning
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


def test_the_words_that_a_text_encoder_does_not_see_are_told(tiny):
    length = tiny.text_encoder.config.max_position_embeddings  # 16
    assert length_warning(tiny.tokenizer, ["a red dog, 3d asset", "", "a blue cat"], length) is None
    long = "a red dog wearing a black hat " * 3 + ", 3d asset"
    lost = cut_words(tiny.tokenizer, long, length)
    assert long.endswith(lost) and "3d asset" in lost and not lost.startswith("a red dog wearing a black hat a red dog wearing")
    kept = long[: len(long) - len(lost)]
    assert len(tiny.tokenizer(kept)["input_ids"]) == length  # to the last place that is not the end's
    said = length_warning(tiny.tokenizer, ["a cat", long, "a blue dog " * 12], length)
    assert "reads 14 tokens" in said and "1 other text the end" in said and "fewer words" in said
    assert (tiny.tokenize([long]) == tiny.tokenize([kept])).all()
