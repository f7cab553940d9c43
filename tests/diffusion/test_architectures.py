"""The tokenizer is a function of the captions, whatever the process."""

import subprocess
import sys

from conftest import ROOT

from mvdream_cli.diffusion.architectures import train_tokenizer

CAPTIONS = ["a red dog", "a green car, 3d asset", "a golden crown", "a dog's crown"]


def test_words_become_tokens_and_anything_encodes():
    tokenizer = train_tokenizer(CAPTIONS, 700, 16)
    ids = tokenizer(["A red   Dog", "zebra \U0001f993"]).input_ids
    assert len(ids[0]) == 5 and ids[0][0] == tokenizer.bos_token_id and ids[0][-1] == tokenizer.eos_token_id
    assert tokenizer.unk_token_id not in ids[1][1:-1]
    assert tokenizer(["a red dog"]).input_ids[0] == ids[0]
    assert len(tokenizer) < 700


def test_two_processes_agree():
    module = "mvdream_cli.diffusion.architectures"
    code = f"from {module} import train_tokenizer as t; print(t({CAPTIONS!r}, 700, 16)({CAPTIONS!r}).input_ids)"
    made = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(made) == 1
