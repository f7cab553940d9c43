"""Models of one's own: train, dreambooth."""

from typing import Annotated

import typer

from mvdream_cli.cli.app import app
from mvdream_cli.cli.options import RUN, Shared, shares
from mvdream_cli.cli.running import need, run_command


@app.command()
@shares(*RUN)
def train(
    *,
    data: Annotated[str | None, typer.Option(metavar="DIR|toybox", help="Multi-view set, or toybox: drawn on the way.")] = None,
    images: Annotated[str | None, typer.Option(metavar="DIR", help="Captioned pictures or a set, for the 2D mode.")] = None,
    component: Annotated[
        str | None, typer.Option(metavar="unet|vae|clip|prior|reconstructor", help="Part of the model to train.")
    ] = None,
    init: Annotated[str | None, typer.Option(metavar="MODEL", help="Model to start from.")] = None,
    steps: Annotated[int | None, typer.Option(help="Optimizer steps.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Time budget; the learning rate ends with it.")] = None,
    shared: Shared,
) -> None:
    """Train the multi-view diffusion model, the VAE, CLIP and prior that it stands on, or the reconstructor."""

    def recipe(settings):
        need(settings.train.data, "train", "--data toybox, or --data DIR, a set made by `mvdream data render`")
        from mvdream_cli.commands import train

        return train.run(settings, out=shared.out, restart=shared.restart)

    flags = {"data": data, "images": images, "component": component, "init": init or shared.model, "steps": steps}
    flags["minutes"] = minutes
    run_command("train", {f"train.{key}": value for key, value in flags.items()}, recipe, shared)


@app.command()
@shares(*RUN)
def dreambooth(
    *,
    images: Annotated[str | None, typer.Option(metavar="DIR", help="3 to 20 photographs of the subject.")] = None,
    subject: Annotated[str | None, typer.Option(metavar="WORDS", help='A rare word and a class, as in "sks dog".')] = None,
    class_prompt: Annotated[str | None, typer.Option(metavar="TEXT", help="What the base draws for --prior-images.")] = None,
    prior_images: Annotated[int | None, typer.Option(help="Pictures of the class, drawn by the base, to learn beside.")] = None,
    lora: Annotated[int | None, typer.Option(metavar="RANK", help="Tune a LoRA only; a few MB.")] = None,
    steps: Annotated[int | None, typer.Option(help="Optimizer steps.")] = None,
    shared: Shared,
) -> None:
    """Teach the model a subject from photographs. The folder it leaves is a model: --model."""

    def recipe(settings):
        need(settings.dreambooth.images, "dreambooth", "--images DIR, a folder with 3 to 20 photographs of the subject")
        from mvdream_cli.commands import dreambooth

        return dreambooth.run(settings, out=shared.out, restart=shared.restart)

    flags = {
        "images": images, "subject": subject, "prior_images.prompt": class_prompt, "prior_images.count": prior_images,
        "lora_rank": lora, "steps": steps,
    }  # fmt: skip
    run_command("dreambooth", {f"dreambooth.{key}": value for key, value in flags.items()}, recipe, shared)
