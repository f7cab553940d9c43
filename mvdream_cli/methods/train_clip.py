"""Contrastive training of both CLIP towers on (view, caption) pairs (Radford et al. 2021), with a term that keeps the words."""

import numpy as np
import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from mvdream_cli.data.streamed import StreamedPictures
from mvdream_cli.diffusion.losses import contrastive_loss, word_loss, words_alike
from mvdream_cli.engine import distributed
from mvdream_cli.engine.method import Method
from mvdream_cli.errors import ModelError, UsageError
from mvdream_cli.methods.micro_batches import MicroBatches
from mvdream_cli.methods.train_shared import optimizer_of, schedule_of, seconds_of
from mvdream_cli.parts import Part
from mvdream_cli.settings.train import Train


def train_clip(pipeline, pictures: StreamedPictures, options: Train, *, device: torch.device) -> Method:
    """What the loop needs. The towers are those of `pipeline`.

    The loss compares all pairs of the batch, so that parts of it cannot be taken one after the other. Where memory is short,
    parts go through the towers one after the other, and again in the backward pass. Ranks exchange their embeddings.

    Raises:
        ModelError: the model to start from has one tower only.
        UsageError: a fresh text tower would stay untrained.
    """
    if options.clip.freeze_text and options.init is None:
        raise UsageError(
            "train.clip.freeze_text: a fresh text tower would stay untrained; name a model with a trained one by --init"
        )
    if pipeline.image_encoder is None:
        raise ModelError(f"train.init {options.init}: has no image tower of CLIP; leave train.init out, or take mini")
    towers = torch.nn.ModuleDict({"text": pipeline.text_encoder, "image": pipeline.image_encoder}).to(device)
    towers.train().requires_grad_(True)
    if options.clip.freeze_text:  # text_model is all that a UNet reads; text_projection lies behind it
        pipeline.text_encoder.text_model.requires_grad_(False)
    learnt = [p for p in towers.parameters() if p.requires_grad]
    word_weight = 0.0 if options.clip.freeze_text else options.clip.word_weight
    log_scale = torch.nn.Parameter(torch.tensor(np.log(1 / 0.07), dtype=torch.float32, device=device))
    optimizer = optimizer_of([*learnt, log_scale], options)
    parts = MicroBatches(pictures.stream.batch_size, "pairs", options.micro_batch_size)

    def embed(function, inputs):
        if parts.count == 1:
            return function(inputs)
        chunks = [checkpoint(function, chunk, use_reentrant=False) for chunk in inputs.split(parts.size)]
        return tuple(map(torch.cat, zip(*chunks, strict=True)))

    def step(i: int, part: Part):
        images, captions = pictures.draw(i, part)
        tokens, end = pipeline.tokenize(captions), pipeline.tokenizer.eos_token_id
        texts, states = embed(pipeline.embed_tokens, tokens)
        (pixels,) = embed(lambda chunk: (pipeline.embed_images(chunk),), images.to(device))
        texts, pixels = of_whole_batch(texts, part), of_whole_batch(pixels, part)
        loss, figures = contrastive_loss(pixels, texts, log_scale.clamp(max=np.log(100.0)))
        figures["words_alike"] = words_alike(states.detach(), tokens, end)
        if word_weight:
            words = word_loss(states, tokens, pipeline.text_encoder.get_input_embeddings().weight, end)
            figures["loss_words"], loss = words.detach(), loss + word_weight * words
        return loss, figures

    return Method(
        description="CLIP",
        steps=options.steps,
        seconds=seconds_of(options),
        step=step,
        modules={"towers": towers, "scale": torch.nn.ParameterDict({"log_scale": log_scale})},
        optimizer=optimizer,
        lr_scale=schedule_of(options),
        grad_clip=options.optimizer.grad_clip,
        parts=lambda i: [Part(parts.places.start, parts.places.stop, parts.total)],
        shrink=parts.shrink,
    )


def of_whole_batch(embeds: Tensor, part: Part) -> Tensor:
    """Embeddings of the whole batch (total, D) from those of a part (size, D), each rank giving its own.

    A gradient reaches the part's own rows only, 1 / share times as strong: the loop takes `share` of every rank's gradient and
    adds them up.
    """
    if part.size == part.total:
        return embeds
    whole = embeds.new_zeros(part.total, embeds.shape[1])
    whole[part.first : part.last] = embeds.detach()
    whole = distributed.total(whole)
    own = embeds.detach() + (embeds - embeds.detach()) / part.share
    return torch.cat([whole[: part.first], own, whole[part.last :]])
