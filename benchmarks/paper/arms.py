"""The commands of the paper's experiments: what is trained, distilled and measured, and how much of it.

A command is a module and its words, `mvdream_cli evaluate ...`; {out} is the folder of all, {here} this one, and numbers such
as {arm_steps} come from `SCALE`. Each command resumes, or finds that it is finished.
"""

SCALE = {  # --scale NAME=NUMBER changes them
    "pictures": 1600,
    "rigs": 1600,
    "start_steps": 500,
    "arm_steps": 300,
    "samples": 48,
    "many_samples": 330,  # a Fréchet distance by EfficientNet-Lite0 needs 321
    "sds_steps": 80,
    "dreambooth_steps": 150,
}

# The world of the trained arms: 3D objects of six kinds, and pictures of these and of six more.
SIZE_PX = 64
KINDS = "[dog, cat, car, wizard, dragon, robot]"
ALL_KINDS = "[dog, cat, car, wizard, dragon, robot, butterfly, axe, mushroom, castle, chair, cupcake]"
WORN = "--set 'data.toybox.worn=[crown, top hat]'"
RENDER = f"mvdream_cli data render toybox --preset cpu --size-px {SIZE_PX} {WORN} --set data.workers=1"
TRAIN = (
    "mvdream_cli train --preset cpu --component unet --set train.optimizer.learning_rate=5e-4 "
    "--set train.optimizer.warmup_steps=50 --set train.optimizer.ema_decay=0.99 --set engine.preview_every=200 "
    "--set engine.threads=1 "
    "--set 'train.preview_prompts=[a brown dog, a red car, a wizard in a purple robe, a blue cat wearing a golden crown]'"
)
START = {
    "pictures": f"{RENDER} --objects {{pictures}} --views 4 --set 'data.toybox.kinds={ALL_KINDS}' --set engine.seed=1",
    "rigs": f"{RENDER} --objects {{rigs}} --views 8 --set 'data.toybox.kinds={KINDS}' --set engine.seed=2",
    "fresh": f"benchmarks.paper.fresh_model --size-px {SIZE_PX}",
    "start": f"{TRAIN} --init {{out}}/fresh --data {{out}}/pictures --steps {{start_steps}} --set train.batch_size=16 "
    "--set train.unet.single_image_probability=1",
}
ARM = f"{TRAIN} --init {{out}}/start/model --data {{out}}/rigs --images {{out}}/pictures --steps {{arm_steps}}"
MEASURE = (
    "mvdream_cli evaluate views --preset cpu --set engine.threads=1 --set evaluate.batch_size=16 "
    "--set evaluate.fit_objects=0 --set evaluate.judged_objects=0 "
    f"--set 'data.toybox.kinds={KINDS}' {WORN} --model {{out}}"
)
# As in benchmarks/janus.py: from a ball, by score distillation alone.
SDS = (
    "mvdream_cli to3d --preset cpu --method sds --set engine.threads=1 --set to3d.distillation.weight=0.05 "
    "--set to3d.optimizer.final_learning_rate_fraction=1 --set to3d.rendering.samples_per_ray=48 "
    "--set export.texture_size=128 --set export.faces=5000"
)
OBJECTS = "mvdream_cli evaluate objects --preset cpu --set engine.threads=1 {out}"


def sds(guidance_scale: float = 10, annealed: bool = True, more: str = "", prompts: str = "six") -> str:
    """Objects of a list of prompts beside this file, by score distillation."""
    levels = ("[0.98,0.02]", "[0.98,0.5]") if annealed else ("[0.02,0.02]", "[0.98,0.98]")
    return (
        f"{SDS} --prompts {{here}}/{prompts}.txt --steps {{sds_steps}} --set to3d.guidance.guidance_scale={guidance_scale:g} "
        f"--set to3d.guidance.t_min={levels[0]} --set to3d.guidance.t_max={levels[1]} {more}".rstrip()
    )


def arm(batch_size: int = 8, more: str = "") -> str:
    """A training of 32 pictures a step from the common start."""
    return f"{ARM} --set train.batch_size={batch_size} --set train.unet.single_image_probability=0.3 {more}".rstrip()


def measured(*names: str, what: str = "views", samples: str = "samples") -> dict[str, str]:
    """What `evaluate views` says of models; in folders NAME-WHAT."""
    return {f"{name}-{what}": f"{MEASURE}/{name}/model --objects {{{samples}}}" for name in names}


def objects_measured(*names: str) -> dict[str, str]:
    """What `evaluate objects` says of their objects."""
    return {f"{name}-measured": f"{OBJECTS}/{name}" for name in names}


PROPOSED = {"inflated": arm()}
TEMPORAL, NEW_3D, NONE = (arm(more=f"--set train.unet.attention={kind}") for kind in ("temporal", "new-3d", "none"))
NO_2D = f"{ARM} --set train.batch_size=8 --set train.unet.single_image_probability=0"


def tuned(more: str = "") -> str:
    """`mini` with a subject."""
    return (
        "mvdream_cli dreambooth --preset cpu --set engine.threads=1 --images {out}/photographs --subject 'sks dog' "
        f"--steps {{dreambooth_steps}} --set engine.preview_every=75 {more}".rstrip()
    )


def subject_measured(*names: str) -> dict[str, str]:
    """What `evaluate views` says of the subject of `tuned` models."""
    words = (
        "mvdream_cli evaluate views --preset cpu --set engine.threads=1 --set evaluate.fit_objects=0 "
        "--prompts {here}/subject.txt --photographs {out}/photographs --model {out}"
    )
    return {f"{name}-subject": f"{words}/{name}" for name in names}
