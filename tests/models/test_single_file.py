"""Published formats: names, round trips and refusals, on models of the published architecture at a reduced width."""

import pickle
import shutil

import pytest
import torch
from conftest import mvdream
from diffusers import AutoencoderKL
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel

from mvdream_cli.cameras import camera_condition, orbit_views
from mvdream_cli.diffusion.pipeline import MultiViewPipeline
from mvdream_cli.diffusion.unet import MultiViewUNet
from mvdream_cli.errors import ModelError
from mvdream_cli.models import ldm, single_file
from mvdream_cli.models.convert import convert, official_state, schedule_buffers
from mvdream_cli.models.load import load_pipeline
from mvdream_cli.models.tokenizers import train_tokenizer

UNET = {
    "down_block_types": ["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"],
    "up_block_types": ["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 3,
    "layers_per_block": 2,
    "class_embed_type": "projection",
    "projection_class_embeddings_input_dim": 16,
}
VARIANTS = {
    "sd21": {"attention_head_dim": [1, 1, 2, 2], "use_linear_projection": True},
    "sd15": {"attention_head_dim": 8, "use_linear_projection": False},
}


def same(first: dict, second: dict) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)


@pytest.fixture(scope="module", params=VARIANTS)
def small(request, captions, tmp_path_factory):
    """(variant, pipeline, official file)."""
    folder = tmp_path_factory.mktemp(request.param)
    pipeline = small_published(request.param, captions)
    pipeline.tokenizer.save_pretrained(folder / "tokenizer")
    torch.save(official_state(pipeline, {}), folder / "official.pt")
    return request.param, pipeline, folder / "official.pt"


def small_published(variant: str, captions: list[str]) -> MultiViewPipeline:
    """A model of the published architecture: widths of 64 and 128, a text tower of 64, four levels as published."""
    torch.manual_seed(0)
    tokenizer = train_tokenizer(captions, 600, 16)
    unet = MultiViewUNet(
        **UNET, **VARIANTS[variant], block_out_channels=[64, 64, 128, 128], cross_attention_dim=64, sample_size=32
    )
    vae = AutoencoderKL(
        block_out_channels=[32, 32, 64, 64], down_block_types=["DownEncoderBlock2D"] * 4, latent_channels=4,
        up_block_types=["UpDecoderBlock2D"] * 4, layers_per_block=2,
    )  # fmt: skip
    text = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=3, num_attention_heads=1,
            max_position_embeddings=16, bos_token_id=0, eos_token_id=1,
            hidden_act="gelu" if variant == "sd21" else "quick_gelu",
        )
    )  # fmt: skip
    pipeline = MultiViewPipeline(vae, text, tokenizer, unet, single_file.published_scheduler())
    for part in (vae, text, unet):
        part.eval().requires_grad_(False)
    return pipeline


def test_names_of_the_full_size_unet():
    with torch.device("meta"):
        unet = MultiViewUNet(
            **UNET, block_out_channels=[320, 640, 1280, 1280], cross_attention_dim=1024, attention_head_dim=[5, 10, 20, 20],
            use_linear_projection=True, sample_size=32,
        )  # fmt: skip
    names = {ldm.unet_name(key, 2, [False, True, True, True]): value.shape for key, value in unet.state_dict().items()}
    assert len(names) == 690 and sum(shape.numel() for shape in names.values()) == 867_572_164
    assert names["camera_embed.0.weight"] == (1280, 16)
    assert names["input_blocks.3.0.op.weight"] == (320, 320, 3, 3)
    assert names["input_blocks.4.0.skip_connection.weight"] == (640, 320, 1, 1)
    assert names["output_blocks.2.1.conv.weight"] == names["output_blocks.5.2.conv.weight"] == (1280, 1280, 3, 3)
    assert names["output_blocks.8.2.conv.weight"] == (640, 640, 3, 3)
    assert names["middle_block.1.transformer_blocks.0.attn2.to_k.weight"] == (1280, 1024)
    assert not any(name.startswith("input_blocks.10.1") or name.startswith("output_blocks.0.1") for name in names)


def test_names_of_the_full_size_vae():
    with torch.device("meta"):
        vae = AutoencoderKL(
            block_out_channels=[128, 256, 512, 512], down_block_types=["DownEncoderBlock2D"] * 4, latent_channels=4,
            up_block_types=["UpDecoderBlock2D"] * 4, layers_per_block=2,
        )  # fmt: skip
        names = {key: value.shape for key, value in ldm.vae_to_ldm(vae.state_dict(), 4).items()}
    assert len(names) == 248 and sum(shape.numel() for shape in names.values()) == 83_653_863
    assert names["encoder.mid.attn_1.q.weight"] == names["decoder.mid.attn_1.proj_out.weight"] == (512, 512, 1, 1)
    assert names["decoder.up.0.block.0.nin_shortcut.weight"] == (128, 256, 1, 1)  # the finest level has the lowest number
    assert names["encoder.down.0.downsample.conv.weight"] == (128, 128, 3, 3)


def test_schedule_buffers():
    buffers = schedule_buffers(single_file.published_scheduler().betas)
    assert len(buffers) == 12 and all(single_file.SCHEDULE_BUFFERS.fullmatch(key) for key in buffers)
    assert buffers["sqrt_recipm1_alphas_cumprod"][980].item() == pytest.approx(13.04, abs=0.01)
    assert buffers["alphas_cumprod_prev"][0] == 1 and buffers["posterior_variance"][0] == 0


def test_the_official_file_is_the_same_model(small):
    variant, pipeline, path = small
    opened, report = single_file.pipeline_from_file(path)
    assert report.unused == [] and report.notes == []
    assert opened.unet.config.attention_head_dim == pipeline.unet.config.attention_head_dim
    assert opened.text_encoder.config.num_hidden_layers == 3
    for name in ("unet", "vae", "text_encoder"):
        assert same(getattr(opened, name).state_dict(), getattr(pipeline, name).state_dict())
    latents, camera, t = torch.randn(4, 4, 8, 8), camera_condition(orbit_views(4, 15.0)), torch.tensor(500)
    outs = []
    for p in (pipeline, opened):
        velocity = p.predict(latents, t, p.encode_prompt(["a red dog"] * 4), camera, 4)
        outs.append(torch.cat([velocity.flatten(), p.decode_latents(latents).flatten()]))
    torch.testing.assert_close(*outs, atol=1e-4, rtol=0)


@pytest.mark.parametrize("form", ["diffusers", "ashawkey"])
def test_round_trip(small, form, tmp_path):
    variant, _, path = small
    state = torch.load(path, weights_only=True)
    state["betas"] = state["betas"] + 1e-7  # what the file says comes back, not what we would compute
    if variant == "sd21":
        state[f"{ldm.OPENCLIP_PREFIX}transformer.resblocks.3.ln_1.weight"] += 1
    changed = tmp_path / "changed.ckpt"
    torch.save({"state_dict": state}, changed)
    shutil.copytree(path.parent / "tokenizer", tmp_path / "tokenizer")
    convert(str(changed), tmp_path / "folder", form)
    convert(str(tmp_path / "folder"), tmp_path / "back.pt", "mvdream-pt")
    assert same(torch.load(tmp_path / "back.pt", weights_only=True), state)


def test_a_port_with_a_camera_folder(small, tmp_path):
    variant, pipeline, path = small
    folder = convert(str(path), tmp_path / "folder", "diffusers")
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    state = load_file(weights)
    camera = {key.removeprefix("class_embedding."): state.pop(key) for key in list(state) if "class_embedding" in key}
    (folder / "camera_proj").mkdir()
    save_file(state, weights)
    config = folder / "unet" / "config.json"
    config.write_text(config.read_text().replace('"class_embed_type": "projection"', '"class_embed_type": null'))
    without = load_pipeline(str(shutil.copytree(folder, tmp_path / "plain", ignore=shutil.ignore_patterns("camera_proj"))))
    assert "no camera embedding" in without.report
    save_file(camera, folder / "camera_proj" / "model.safetensors")
    opened = load_pipeline(str(folder))
    assert same(opened.unet.state_dict(), pipeline.unet.state_dict()) and "no camera" not in opened.report


def test_plain_stable_diffusion_starts_with_a_fresh_camera_embedding(small, tmp_path):
    _, pipeline, path = small
    state = {key: value for key, value in torch.load(path, weights_only=True).items() if "camera_embed" not in key}
    save_file({key: value.contiguous() for key, value in state.items()}, path.with_name("sd.safetensors"))
    opened, report = single_file.pipeline_from_file(path.with_name("sd.safetensors"))
    assert "fresh" in str(report) and not report.knows_cameras
    assert opened.unet.config.sample_size == 64
    latents, text = torch.randn(1, 4, 8, 8), torch.randn(1, 16, 64)
    flat = [p.predict(latents, torch.tensor(500), text, None, 1) for p in (pipeline, opened)]
    assert torch.equal(*flat)


def test_a_text_encoder_without_its_inner_name(small, tmp_path):
    """Some programs leave "text_model." out of the names of CLIP-L."""
    variant, pipeline, path = small
    state = {
        key.replace("transformer.text_model.", "transformer."): v for key, v in torch.load(path, weights_only=True).items()
    }
    shutil.copytree(path.parent / "tokenizer", tmp_path / "tokenizer")
    torch.save(state, tmp_path / "bare.pt")
    opened, report = single_file.pipeline_from_file(tmp_path / "bare.pt")
    assert same(opened.text_encoder.state_dict(), pipeline.text_encoder.state_dict()) and report.unused == []


@pytest.mark.parametrize(("channels", "what"), [(9, "inpainting"), (8, "pix2pix")])
def test_unets_for_other_inputs_are_refused_before_they_are_built(small, tmp_path, channels, what):
    _, _, path = small
    key = f"{ldm.UNET_PREFIX}input_blocks.0.0.weight"
    state = torch.load(path, weights_only=True)
    torch.save(state | {key: torch.zeros(64, channels, 3, 3)}, tmp_path / "other.ckpt")
    with pytest.raises(ModelError, match=f"takes {channels} channels.*{what}"):
        load_pipeline(str(tmp_path / "other.ckpt"))
    folder = convert(str(path), tmp_path / "folder", "diffusers")
    config = folder / "unet" / "config.json"
    config.write_text(config.read_text().replace('"in_channels": 4', f'"in_channels": {channels}'))
    with pytest.raises(ModelError, match=f"folder.*takes {channels} channels.*{what}"):
        load_pipeline(str(folder))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_weight_that_is_not_finite_is_refused_by_name(small, tmp_path, value):
    _, _, path = small
    state = torch.load(path, weights_only=True)
    state[f"{ldm.UNET_PREFIX}out.2.weight"][0, 0] = value
    shutil.copytree(path.parent / "tokenizer", tmp_path / "tokenizer")
    torch.save(state, tmp_path / "bad.pt")
    with pytest.raises(ModelError, match=r"bad.pt.*unet.conv_out.weight holds numbers that are not finite; get the file again"):
        load_pipeline(str(tmp_path / "bad.pt"))


class Evil:
    def __reduce__(self):
        return (print, ("this must not run",))


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("empty", "empty"), ("text", "neither"), ("pickle", "run code"), ("cut", "cannot be read|cut short"), ("lora", "LoRA"),
        ("controlnet", "ControlNet"), ("sdxl", "XL"), ("other", "no checkpoint"), ("partial", "missing"),
        ("no text", "text encoder"), ("shape", "another architecture"), ("list", "no dictionary"),
    ],
)  # fmt: skip
def test_refusals(what, says, small, tmp_path, capsys):
    _, _, path = small
    bad = tmp_path / "bad.pt"
    state = torch.load(path, weights_only=True)
    one = {"x.weight": torch.zeros(2)}
    if what == "empty":
        bad.write_bytes(b"")
    elif what == "text":
        bad.write_text("<html>404</html>" * 10)
    elif what == "pickle":
        bad.write_bytes(pickle.dumps({"a": Evil()}))
    elif what == "cut":
        bad.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif what == "list":
        torch.save([torch.zeros(2)], bad)
    else:
        unet, text = ldm.UNET_PREFIX, "cond_stage_model."
        torch.save(
            {
                "lora": {"lora_unet_down.alpha": torch.zeros(1)},
                "controlnet": {"control_model.x": torch.zeros(1)},
                "sdxl": one | {"conditioner.embedders.0.x": torch.zeros(1)},
                "other": one,
                "partial": {k: v for k, v in state.items() if not k.endswith("middle_block.0.in_layers.0.weight")},
                "no text": {k: v for k, v in state.items() if not k.startswith(text)},
                "shape": state | {f"{unet}middle_block.0.in_layers.0.weight": torch.zeros(3)},
            }[what],
            bad,
        )
    shutil.copytree(path.parent / "tokenizer", tmp_path / "tokenizer")
    with pytest.raises(ModelError, match=says) as raised:
        single_file.pipeline_from_file(bad)
    assert "\n" not in str(raised.value) and str(bad) in str(raised.value)
    assert "must not run" not in capsys.readouterr().out


def test_through_the_command_line(small, tmp_path):
    _, _, path = small
    done = mvdream("models", "convert", path, "folder", "--format", "diffusers", cwd=tmp_path)
    assert done.returncode == 0 and done.stdout.strip() == "folder", done.stderr
    sampled = mvdream("sample-views", "a red dog", "--model", "folder", "--steps", 2, "--out", "views", cwd=tmp_path)
    assert sampled.returncode == 0 and (tmp_path / "views" / "views.png").is_file(), sampled.stderr
    again = mvdream("models", "convert", path, "folder", "--format", "diffusers", cwd=tmp_path)
    assert again.returncode == 1 and "exists already" in again.stderr
    wrong = mvdream("models", "convert", path, "x", "--format", "onnx", cwd=tmp_path)
    assert wrong.returncode == 2 and "ashawkey" in wrong.stderr


def test_cameras_change_the_views(small):
    _, pipeline, _ = small
    latents, text = torch.randn(4, 4, 8, 8), torch.randn(1, 16, 64).expand(4, -1, -1)
    t = torch.tensor(500)
    outs = [
        pipeline.predict(latents, t, text, None if e is None else camera_condition(orbit_views(4, e)), 4) for e in (0.0, 30.0)
    ]
    assert (outs[0] - outs[1]).abs().max() > 1e-4
