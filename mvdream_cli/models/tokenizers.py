"""CLIP's tokenizer: learnt from captions, found beside a checkpoint, or made of the merges that open_clip ships."""

import gzip
import importlib.util
from collections import Counter
from itertools import pairwise
from pathlib import Path

from tokenizers import pre_tokenizers
from transformers import CLIPTokenizer

from mvdream_cli.doors import MOST_BYTES, check_file, door
from mvdream_cli.errors import ModelError

START, END = "<|startoftext|>", "<|endoftext|>"
CLIP_VOCABULARY_SIZE = 49_408
TEXT_LENGTH = 77


def find_tokenizer(checkpoint: Path, pads_with_zero: bool = False) -> CLIPTokenizer:
    """The tokenizer in the folder `tokenizer` beside a checkpoint, else one of open_clip's merges if that is installed.

    Args:
        pads_with_zero: the text tower is OpenCLIP's (2.x), which was trained with pads of id 0, "!"; CLIP-L's (1.x) pads are
            the end token. A file that says otherwise is overruled: every pad is a position that the UNet attends to.

    Raises:
        ModelError: there is none.
    """
    folder = checkpoint.parent / "tokenizer"
    if folder.is_dir():
        tokenizer = read_tokenizer(folder)
    elif merges := _openclip_merges():
        tokenizer = clip_tokenizer(merges)
    else:
        raise ModelError(
            f"{checkpoint}: needs a tokenizer; put the folder tokenizer of stable-diffusion-2-1-base (vocab.json, merges.txt; "
            "1.5 MB) beside the file, or `pip install open_clip_torch`."
        )
    if tokenizer.convert_tokens_to_ids("!") == 0:  # CLIP's own vocabulary
        tokenizer.pad_token = "!" if pads_with_zero else END
    return tokenizer


def read_tokenizer(folder: Path) -> CLIPTokenizer:
    """The tokenizer of a folder.

    Raises:
        ModelError: it cannot be read.
    """
    with door(folder, ModelError, "copy the folder again.", Exception):  # its reader raises anything at all
        for path in folder.iterdir():
            check_file(path, MOST_BYTES)
        return CLIPTokenizer.from_pretrained(folder, local_files_only=True)


def clip_tokenizer(merges: list[str]) -> CLIPTokenizer:
    """CLIP's tokenizer from its merges in order ("i n", "t h", ...): the letters, the same as word ends, the merged pairs."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    symbols = [*alphabet, *(letter + "</w>" for letter in alphabet)]
    pairs = [tuple(line.split()) for line in merges[: CLIP_VOCABULARY_SIZE - 2 - len(symbols)]]
    symbols += ["".join(pair) for pair in pairs] + [START, END]
    vocabulary = {symbol: index for index, symbol in enumerate(symbols)}
    return CLIPTokenizer(vocab=vocabulary, merges=pairs, model_max_length=TEXT_LENGTH)


def _openclip_merges() -> list[str]:
    spec = importlib.util.find_spec("open_clip")  # its file is read, its code is not run
    places = spec.submodule_search_locations if spec else []
    file = next((f for place in places or [] if (f := Path(place) / "bpe_simple_vocab_16e6.txt.gz").is_file()), None)
    if file is None:
        return []
    with gzip.open(file, "rt", encoding="utf-8") as text:
        return text.read().split("\n")[1:]


def train_tokenizer(captions: list[str], vocabulary_size: int, text_length: int) -> CLIPTokenizer:
    """CLIP's byte-level BPE with a vocabulary learnt from captions; any other text still encodes, piece by piece.

    The trainer of `tokenizers` breaks ties at random, so that two runs would disagree on every id; this one is a function of
    the captions.
    """
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {START: 0, END: 1}
    for symbol in [*alphabet, *(letter + "</w>" for letter in alphabet)]:
        vocabulary[symbol] = len(vocabulary)
    backend = CLIPTokenizer(vocab=dict(vocabulary), merges=[]).backend_tokenizer
    counts = Counter(
        piece
        for caption in captions
        for piece, _ in backend.pre_tokenizer.pre_tokenize_str(backend.normalizer.normalize_str(caption))
    )
    words = {tuple([*piece[:-1], piece[-1] + "</w>"]): count for piece, count in counts.items()}
    merges = []
    while len(vocabulary) < vocabulary_size:
        pairs = Counter()
        for word, count in words.items():
            for pair in pairwise(word):
                pairs[pair] += count
        if not pairs:
            break
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges.append(best)
        vocabulary.setdefault("".join(best), len(vocabulary))
        words = {_merged(word, best): count for word, count in words.items()}
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=text_length)


def _merged(word: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    """The word with each occurrence of the pair, from the left, as one symbol."""
    merged, i = [], 0
    while i < len(word):
        step = 2 if word[i : i + 2] == pair else 1
        merged.append("".join(word[i : i + step]))
        i += step
    return tuple(merged)
