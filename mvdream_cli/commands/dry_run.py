"""What a run will take, told by `--dry-run` before anything is paid for. Never imports torch."""

import shutil
from pathlib import Path

from mvdream_cli.errors import ModelError
from mvdream_cli.models.find import count_parameters, find_model

GB = 1e9


def forecast(settings, command: str, out: Path | None = None) -> list[str]:
    """Lines for a person: the model and the memory of its weights, how much is made, the disk.

    Args:
        command: the section of the settings whose command would run.
    """
    lines = []
    train, engine = settings.train, settings.engine
    parameters = 0
    for model in settings.models_used(command):
        try:
            folder = find_model(model)
        except ModelError as error:
            lines.append(f"model: MISSING, {error}")
        else:
            parameters = parameters or count_parameters(folder)
            files = [folder] if folder.is_file() else [path for path in folder.rglob("*") if path.is_file()]
            size = sum(path.stat().st_size for path in files)
            lines.append(f"model: {folder}, {size / GB:.2f} GB on the disk, {parameters / 1e6:.1f} M parameters")
            lines.append(f"memory: {2 * parameters / GB:.2f} GB for the weights in half precision, twice that in float32")
    if command == "train":
        seen = train.steps * train.batch_size
        lines.append(f"work: {train.steps} steps of {train.batch_size} objects, {seen} in all")
        if parameters:  # weights, two moments and the average, in float32
            size = 16 * parameters / GB
            lines.append(f"memory: about {size:.2f} GB for weights and optimizer, activations on top")
            lines.append(f"disk: {engine.keep_checkpoints} checkpoints of about {size:.2f} GB")
    if command == "dreambooth":
        lines.append(f"work: {settings.dreambooth.steps} steps of {settings.dreambooth.batch_size} photographs")
        lines.append(f"memory: about {20 * parameters / GB:.2f} GB for weights, the weights before, gradients and optimizer")
    if command == "sample_views":
        sample = settings.sample_views
        lines.append(f"work: {sample.samples} objects of {sample.num_views} views, {sample.steps} denoising steps")
    if command == "evaluate":
        sample, count = settings.sample_views, settings.evaluate.objects
        lines.append(
            f"work: at most {count} objects; sampled ones have {sample.num_views} views, {sample.steps} denoising steps"
        )
    if command == "to3d":
        to3d = settings.to3d
        if to3d.method != "sds":
            views = f"{to3d.views.candidates} candidates of {to3d.num_views} views, {to3d.views.steps} denoising steps"
            lines.append(f"work: {views}; {to3d.fit.steps} fitting steps, none where the model reconstructs")
        if to3d.method in ("both", "sds"):
            lines.append(f"work: {to3d.distillation.steps} distillation steps of {to3d.num_views} views")
    if command == "data":
        data = settings.data
        lines.append(
            f"work: toybox {data.toybox.objects} objects; rendering {data.num_views} views of {data.size_px} px for each object"
        )
    place = next(path for path in (Path(out or "runs").absolute(), *Path(out or "runs").absolute().parents) if path.exists())
    lines.append(f"disk: {shutil.disk_usage(place).free / GB:.1f} GB free at {place}")
    return lines
