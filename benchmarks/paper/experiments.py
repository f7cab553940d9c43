"""The paper's experiments at the scale of `mini`: what is run, what the paper says, and what would agree with it.

A command is one of `mvdream`, in words; {out} is the folder of all, and numbers such as {unet_steps} come from `SCALE`. Each
command resumes, or finds that it is finished.
"""

from dataclasses import dataclass, field

SCALE = {  # two cores of a CPU; --scale NAME=NUMBER changes them
    "vae_steps": 2400,
    "clip_steps": 480,
    "unet_steps": 13_000,
    "objects": 330,  # of four views: as many as the Fréchet distance by EfficientNet-Lite0 needs
    "sds_steps": 400,
}


@dataclass(frozen=True)
class Claim:
    """What would agree with the paper: in `figure`, `better` is above `worse` (below, where less is better)."""

    figure: str
    better: str
    worse: str


@dataclass(frozen=True)
class Experiment:
    """One question.

    paper: the paper's own figures, Markdown, with their source. commands: name of the output folder -> words of mvdream.
    rows: what is shown of ours, name -> folder with a report. claims: what would agree. untested: why some of it is not tried.
    """

    title: str
    question: str
    paper: str
    commands: dict[str, str] = field(default_factory=dict)
    rows: dict[str, str] = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()
    untested: str = ""


TRAIN = "train --preset cpu --data toybox --set train.optimizer.warmup_steps=50"
UNET = (
    f"{TRAIN} --component unet --init {{out}}/clip/model --set train.autoencoder={{out}}/vae/model --steps {{unet_steps}} "
    "--set train.batch_size=8 --set train.optimizer.learning_rate=5e-4 --set train.optimizer.ema_decay=0.997"
)
START = {
    "vae": f"{TRAIN} --component vae --steps {{vae_steps}} --set train.batch_size=8 --set train.vae.crop_px=64 "
    "--set train.optimizer.learning_rate=1.5e-3",
    "clip": f"{TRAIN} --component clip --steps {{clip_steps}} --set train.batch_size=64 "
    "--set train.optimizer.learning_rate=5e-4",
}
MEASURE = "evaluate views --preset cpu --objects {objects} --model {out}"
# As in benchmarks/janus.py: from a ball, by score distillation alone.
SDS = (
    "to3d --preset cpu --prompts {faces} --method sds --steps {sds_steps} --set to3d.guidance.guidance_scale=10 "
    "--set to3d.distillation.weight=0.05 --set to3d.optimizer.final_learning_rate_fraction=1 "
    "--set to3d.rendering.samples_per_ray=48 --set export.texture_size=256 --set export.faces=10000"
)
ANNEALED = "--set to3d.guidance.t_min=[0.98,0.02] --set to3d.guidance.t_max=[0.98,0.5]"
OBJECTS = "evaluate objects --preset cpu {out}"
DISTANCE, SCORE = "Fréchet distance by EfficientNet-Lite0", "class score by EfficientNet-Lite0"

EXPERIMENTS = {
    "table-1": Experiment(
        "Table 1: quality of sampled views",
        "Do pictures without cameras, mixed into the training, help?",
        """| arXiv 2308.16512, version 1, Table 1 | FID | IS | CLIP score |
|---|---|---|---|
| training data | - | 14.75 ± 0.81 | 31.31 ± 3.34 |
| no 2D data, batch 256 | 33.41 | 12.76 ± 0.70 | 30.60 ± 3.14 |
| proposed, batch 256 | 32.57 | 13.72 ± 0.91 | 31.40 ± 3.05 |
| proposed, batch 1024 | 32.06 | 13.68 ± 0.41 | 31.31 ± 3.12 |

| version 4 (ICLR 2024), as our notes have it | FID | IS | CLIP score |
|---|---|---|---|
| validation set | - | 12.90 ± 0.66 | 30.12 ± 3.15 |
| 3D data only | 40.38 | 12.33 ± 0.63 | 29.69 ± 3.36 |
| 3D and LAION | 39.04 | 12.97 ± 0.60 | 30.38 ± 3.50 |
""",
        START
        | {
            "no-2d": f"{UNET} --set train.unet.single_image_probability=0",
            "proposed": f"{UNET} --set train.unet.single_image_probability=0.3",
            "no-2d-views": f"{MEASURE}/no-2d/model",
            "proposed-views": f"{MEASURE}/proposed/model",
        },
        {"no 2D data": "no-2d-views", "proposed": "proposed-views"},
        (
            Claim(DISTANCE, "proposed", "no 2D data"),
            Claim(SCORE, "proposed", "no 2D data"),
            Claim("CLIP score", "proposed", "no 2D data"),
        ),
        "Our single pictures are views of the same toy world, not LAION: what the paper's 2D data bring, other things and "
        'other styles, is not in them. The column "true" is our row "training data".',
    ),
    "attention": Experiment(
        "How views attend to each other",
        "Is the 3D attention that comes from the 2D one better than attention along time, or than new layers?",
        "With temporal attention the content drifts between views; new 3D attention layers lose image quality; the inflated\n"
        "2D attention is best. There are pictures, no figures.\n",
        untested="Not tried: this program has the paper's attention alone. A model without any is the row of one view, below.",
    ),
    "views": Experiment(
        "The number of views",
        "How many views must a model see together, so that objects have one face?",
        "With one view and with two, objects still have several faces; with four they have not. There are pictures, no\n"
        "figures.\n",
        START
        | {f"views-{n}": f"{UNET} --set train.unet.views_per_object={n}" for n in (1, 2, 4)}
        | {
            f"views-{n}-objects": f"{SDS} {ANNEALED} --model {{out}}/views-{n}/model --set to3d.num_views={n}"
            for n in (1, 2, 4)
        }
        | {f"views-{n}-measured": f"{OBJECTS}/views-{n}-objects --model mini" for n in (1, 2, 4)},
        {f"{n} view{'s' * (n > 1)}": f"views-{n}-measured" for n in (1, 2, 4)},
        (Claim("front seen again", "4 views", "1 view"), Claim("front seen again", "4 views", "2 views")),
    ),
    "guidance": Experiment(
        "MVDream's guidance against DreamFusion's",
        "Has an object one face, and is it what was asked for?",
        "User study: of 914 answers of 38 people on 40 prompts, 78 % prefer MVDream, 11 % ProlificDreamer, the next best.\n"
        "DreamFusion's paper reports CLIP R-Precision on 153 other prompts.\n",
        {name: f"{SDS} {ANNEALED} --guidance {name}" for name in ("mvdream", "dreamfusion")}
        | {f"{name}-measured": f"{OBJECTS}/{name}" for name in ("mvdream", "dreamfusion")}
        | {"compared": "evaluate compare --preset cpu {out}/mvdream {out}/dreamfusion"},
        {"MVDream": "mvdream-measured", "DreamFusion": "dreamfusion-measured", "one against the other": "compared"},
        (
            Claim("front seen again", "MVDream", "DreamFusion"),
            Claim("CLIP R-Precision, views averaged", "MVDream", "DreamFusion"),
        ),
        "DreamFusion's guidance asks the same weights for single views. The baselines' own priors, DeepFloyd and Stable "
        "Diffusion, are not tried: they need a GPU. An earlier measurement, with faces counted by eye: "
        "[one face or several](janus.md).",
    ),
    "dreambooth": Experiment(
        "MVDreamBooth against plain DreamBooth",
        "Do a subject's views stay consistent, and does the preservation loss help?",
        "Compared by pictures; there are no figures.\n",
        untested="Measured by a script of its own, benchmarks/subjects.py: [five subjects](subjects.md). There the 3D mode "
        "loses consistency, as the paper says, and the preservation loss makes no visible difference.",
    ),
    "annealing": Experiment(
        "Timestep annealing",
        "Do lower noise levels late, and high ones early, make better objects?",
        "The paper anneals them (0.98 to 0.5 and 0.02, over 80 % of the steps); our notes hold no figures of it.\n",
        {
            "annealed": f"{SDS} {ANNEALED}",
            "not-annealed": f"{SDS} --set to3d.guidance.t_min=[0.02,0.02] --set to3d.guidance.t_max=[0.98,0.98]",
            "annealed-measured": f"{OBJECTS}/annealed",
            "not-annealed-measured": f"{OBJECTS}/not-annealed",
        },
        {"annealed": "annealed-measured", "not annealed": "not-annealed-measured"},
        (Claim("CLIP R-Precision, views averaged", "annealed", "not annealed"),),
    ),
    "saturation": Experiment(
        "Negative prompts and rescaled guidance",
        "Do they keep the colors of score distillation natural?",
        "The paper uses both; our notes hold no figures of them.\n",
        {
            f"rescale-{name}": f"{SDS} {ANNEALED} --set to3d.guidance.guidance_scale=50 --set to3d.guidance.rescale={value}"
            for name, value in (("on", 0.5), ("off", 0))
        }
        | {f"rescale-{name}-measured": f"{OBJECTS}/rescale-{name}" for name in ("on", "off")},
        {"rescaled": "rescale-on-measured", "not rescaled": "rescale-off-measured"},
        (Claim("saturation of colors", "not rescaled", "rescaled"),),
        "Negative prompts are not tried: `mini` knows none of their words.",
    ),
}
