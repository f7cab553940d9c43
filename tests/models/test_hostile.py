"""Model files that ask for more than they hold: refused by what they declare, before anything is allocated."""

import json
import os
import shutil
import struct
import zipfile

import pytest
import torch
from safetensors.torch import save_file

from mvdream_cli.errors import ModelError
from mvdream_cli.models.find import base_of, known_words, subject_warning
from mvdream_cli.models.load import load_pipeline
from mvdream_cli.models.state_files import read_shapes, read_state

UNET = "model.diffusion_model."


def refused(path, says: str, read=read_state) -> None:
    with pytest.raises(ModelError, match=says) as raised:
        read(path)
    assert str(path) in str(raised.value) and "\n" not in str(raised.value)


def header(path, **tensors):
    """A safetensors file of zeros whose header says what it is told."""
    text = json.dumps(tensors).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(64))
    return path


@pytest.mark.parametrize(
    "tensors",
    [
        {"a": {"dtype": "F32", "shape": [1 << 62, 8], "data_offsets": [0, 64]}},
        {"a": {"dtype": "F32", "shape": [16], "data_offsets": [0, 1 << 40]}},
        {"a": {"dtype": "F99", "shape": [16], "data_offsets": [0, 64]}},
        {"a": {"dtype": "F32", "shape": [8], "data_offsets": [0, 64]}},
        dict.fromkeys("ab", {"dtype": "F32", "shape": [16], "data_offsets": [0, 64]}),
    ],
    ids=["overflow", "beyond the file", "type", "size", "overlap"],
)  # fmt: skip
def test_headers_that_cannot_be(tmp_path, tensors):
    path = header(tmp_path / "a.safetensors", **tensors)
    refused(path, "cannot be read")
    refused(path, "cannot be read", read_shapes)


def test_lengths_that_cannot_be(tmp_path):
    for length in (1 << 40, (1 << 64) - 1):
        (tmp_path / "a.safetensors").write_bytes(struct.pack("<Q", length) + b"{}")
        refused(tmp_path / "a.safetensors", "cut short")
    (tmp_path / "a.safetensors").write_bytes(struct.pack("<Q", 4) + b"[[[[" + bytes(8))
    refused(tmp_path / "a.safetensors", "neither")


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_tensors_larger_than_their_file(tmp_path, zipped):
    state = {"state_dict": {"a": torch.zeros(1).expand(1 << 20, 1 << 20)}}
    torch.save(state, tmp_path / "a.pt", _use_new_zipfile_serialization=zipped)
    refused(tmp_path / "a.pt", "larger than the file")


def test_contents_that_are_compressed_or_no_usual_tensors(tmp_path):
    torch.save({"a": torch.zeros(1000)}, tmp_path / "a.pt")
    with zipfile.ZipFile(tmp_path / "a.pt") as plain, zipfile.ZipFile(tmp_path / "b.pt", "w", zipfile.ZIP_DEFLATED) as packed:
        for name in plain.namelist():
            packed.writestr(name, plain.read(name))
    refused(tmp_path / "b.pt", "compressed")
    for value in (torch.eye(3).to_sparse(), torch.zeros(3, device="meta"), torch.zeros(3, dtype=torch.complex64), [1], 5):
        torch.save({"a": value}, tmp_path / "c.pt")
        refused(tmp_path / "c.pt", "no dictionary of tensors")
    torch.save({3: torch.zeros(3)}, tmp_path / "c.pt")
    refused(tmp_path / "c.pt", "no dictionary of tensors")


def test_what_is_no_regular_file(tmp_path, tiny_folder):
    os.mkfifo(tmp_path / "a.pt")
    for read in (read_state, read_shapes):
        refused(tmp_path / "a.pt", "named pipe", read)
    folder = shutil.copytree(tiny_folder, tmp_path / "model")
    (folder / "tokenizer" / "merges.txt").unlink(missing_ok=True)
    os.mkfifo(folder / "tokenizer" / "merges.txt")
    with pytest.raises(ModelError, match=r"merges.txt: cannot be read \(it is a named pipe"):
        load_pipeline(str(folder))


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"input_blocks.0.0.weight": (0, 4, 3, 3)}, "list index|missing"),
        ({f"input_blocks.{2 * k}.0.op.weight": (4, 4, 3, 3) for k in range(1, 400)}, "cannot be"),
        ({"input_blocks.999999999.0.op.weight": (4, 4, 3, 3)}, "cannot be"),
        ({f"input_blocks.{'9' * 5000}.0.op.weight": (4, 4, 3, 3)}, "limit"),
    ],
    ids=["nothing", "many blocks", "a large number", "a larger number"],
)
def test_names_that_ask_for_a_network_larger_than_the_file(tmp_path, keys, says):
    save_file({UNET + key: torch.zeros(shape) for key, shape in keys.items()}, tmp_path / "a.safetensors")
    refused(
        tmp_path / "a.safetensors",
        f"the UNet is incomplete or of another architecture .*({says})",
        lambda p: load_pipeline(str(p)),
    )


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("text_encoder/config.json", {"num_hidden_layers": 10**9}), ("text_encoder/config.json", {"vocab_size": 10**14}),
        ("unet/config.json", {"block_out_channels": [32] * 2000}), ("unet/config.json", {"layers_per_block": 10**8}),
        ("unet/config.json", {"cross_attention_dim": 1 << 40}), ("unet/config.json", {"block_out_channels": [7, 7]}),
        ("scheduler/scheduler_config.json", {"num_train_timesteps": 10**12}),
        ("vae/config.json", {"latent_channels": 1 << 50}), ("unet/config.json", {"_class_name": 5, "act_fn": []}),
    ],
)  # fmt: skip
def test_configurations_that_ask_for_more_than_there_is(tmp_path, tiny_folder, file, change):
    folder = shutil.copytree(tiny_folder, tmp_path / "model")
    config = json.loads((folder / file).read_text())
    (folder / file).write_text(json.dumps(config | change))
    with pytest.raises(ModelError) as raised:
        load_pipeline(str(folder))
    assert str(folder) in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize("file", ["model_index.json", "unet/config.json", "vae/config.json", "text_encoder/config.json",
    "scheduler/scheduler_config.json", "tokenizer/tokenizer_config.json", "tokenizer/tokenizer.json"])  # fmt: skip
@pytest.mark.parametrize("content", [b"", b"[1]", b"[" * 100_000, b'{"a": "\xff"}', b"5"])
def test_every_json_of_a_model_is_looked_at(tmp_path, tiny_folder, file, content):
    folder = shutil.copytree(tiny_folder, tmp_path / "model")
    (folder / file).write_bytes(content)
    with pytest.raises(ModelError) as raised:
        load_pipeline(str(folder))
    assert str(folder) in str(raised.value) and "\n" not in str(raised.value)


def test_notes_of_a_model_that_are_none(tmp_path, tiny_folder):
    folder = shutil.copytree(tiny_folder, tmp_path / "model")
    for content in (b"[", b"5", b'{"a": 1}' + b"[" * 5000):
        (folder / "words.json").write_bytes(content)
        refused(folder / "words.json", "words.json: cannot be read", lambda path: known_words(str(path.parent)))
        (folder / "subject.json").write_bytes(content)
        refused(
            folder / "subject.json", "subject.json: cannot be read", lambda path: subject_warning(str(path.parent), "a dog")
        )
    (folder / "subject.json").write_text('{"subject": 5}')
    assert subject_warning(str(folder), "a dog") is None


@pytest.mark.parametrize("note", ['{"base": "SELF"}', '{"base": 5}', "{}", "[]"])
def test_a_lora_that_changes_itself_or_nothing(tmp_path, note):
    (tmp_path / "pytorch_lora_weights.safetensors").write_bytes(b"")
    (tmp_path / "subject.json").write_text(note.replace("SELF", str(tmp_path)))
    with pytest.raises(ModelError, match="LoRA|subject.json"):
        base_of(tmp_path)
