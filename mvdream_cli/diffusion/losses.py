"""Training losses: denoising (UNet), reconstruction (autoencoder), contrast and words (CLIP)."""

import torch
import torch.nn.functional as F
from torch import Tensor

from mvdream_cli.diffusion.schedule import add_noise, alpha_sigma, training_target


def denoising_loss(pipeline, latents: Tensor, text: Tensor, camera: Tensor | None, num_views: int) -> Tensor:
    """The mean of `denoising_errors` at timesteps and with noise from torch's global generator (MVDream, eq. 1).

    Args:
        latents: (B V, C, h, w), the views of an object contiguous.
        text: (B V, L, D).
        camera: (B V, 16), or None for the 2D mode (then `num_views` is 1).
    """
    device, objects = latents.device, len(latents) // num_views
    timesteps = timesteps_at(torch.rand(objects, device=device), pipeline.scheduler)
    return denoising_errors(
        pipeline, latents, torch.randn(latents.shape, device=device), timesteps, text, camera, num_views
    ).mean()  # fmt: skip


def denoising_errors(
    pipeline, latents: Tensor, noise: Tensor, timesteps: Tensor, text: Tensor, camera: Tensor | None, num_views: int,
    weights: Tensor | float = 1.0,
) -> Tensor:  # fmt: skip
    """|| prediction - target ||^2 of each object (B,), a mean over its numbers, with one timestep for all of its views.

    Args:
        latents, noise: (B V, C, h, w). timesteps: (B,). The others as in `denoising_loss`.
        weights: how often the error of each place counts, (B V, 1, h, w).
    """
    scheduler, timesteps = pipeline.scheduler, timesteps.repeat_interleave(num_views)
    prediction = pipeline.predict(add_noise(scheduler, latents, noise, timesteps), timesteps, text, camera, num_views)
    target = training_target(scheduler, latents, noise, timesteps)
    errors = F.mse_loss(prediction, target, reduction="none") * weights
    return errors.flatten(1).mean(1).unflatten(0, (-1, num_views)).mean(1)


def picture_loss(pictures: Tensor, latents: Tensor, weights: Tensor | float = 1.0) -> Tensor:
    """|| picture - latents ||^2 (), a mean over all numbers: what a picture prior learns by. Of this project, after no paper.

    Args:
        pictures, latents: (N, C, h, w). weights: how often the error of each place counts, (N, 1, h, w).
    """
    return (F.mse_loss(pictures, latents, reduction="none") * weights).mean()


def timesteps_at(drawn: Tensor, scheduler, power: float = 1.0) -> Tensor:
    """Timesteps (B,) from uniform numbers (B,), as u ** power; 1 is the paper's, less draws more of the noisy ones."""
    last = scheduler.config.num_train_timesteps - 1
    return (drawn**power * (last + 1)).long().clamp(max=last)


def min_snr_weights(scheduler, timesteps: Tensor, gamma: float) -> Tensor:
    """Weights (B,) of the errors at timesteps (B,): of min-SNR-gamma (Hang et al. 2023, arXiv:2303.09556, section 3.4).

    For a prediction of x0 the weight is min(SNR, gamma) with SNR = alpha^2 / sigma^2. An error of the noise is sqrt(SNR) times
    that of x0, one of the velocity sqrt(SNR + 1) times: min(SNR, gamma) / SNR and min(SNR, gamma) / (SNR + 1) weigh them alike.
    """
    alpha, sigma = (part.flatten() for part in alpha_sigma(scheduler, timesteps))
    snr = (alpha / sigma) ** 2
    if scheduler.config.prediction_type == "epsilon":
        return (gamma / snr).clamp(max=1)
    return snr.clamp(max=gamma) / (snr + 1)


def preservation_loss(module, before: dict[str, Tensor], norm: str = "l1") -> Tensor:
    """||theta - theta_0|| / N over all N parameters, float32 (MVDream, section 4.3): how far a tuned network has gone.

    The gradient of a weight is about 1 / N, 1e-9 at the published size: below what half precision can hold.

    Args:
        before: the parameters by name, as they were.
        norm: "l1", mean absolute difference, or "l2", mean squared difference.
    """
    size = {"l1": Tensor.abs, "l2": Tensor.square}[norm]
    count = sum(value.numel() for value in before.values())
    return sum(size(p.float() - before[name].float()).sum() for name, p in module.named_parameters()) / count


def autoencoder_loss(vae, images: Tensor, noise: Tensor, edge_weight: float) -> tuple[Tensor, dict[str, Tensor]]:
    """L1 on pixels and on the differences of neighbouring pixels, which keeps edges and small features.

    The decoder sees latents with noise in units of their picture's standard deviation, so that it forgives what a diffusion
    model or a distilled scene gets slightly wrong. A light pull keeps the latents' size bounded.

    Args:
        vae: an AutoencoderDC.
        images: (B, H, W, 3) in [0, 1].
        noise: (B, C, h, w).
    """
    pixels = images.permute(0, 3, 1, 2) * 2 - 1
    latents = vae.encode(pixels).latent
    noisy = latents + latents.detach().std((1, 2, 3), keepdim=True) * noise.to(latents.dtype)
    error = vae.decode(noisy).sample - pixels
    loss = pixel_loss(error, edge_weight) + 1e-4 * latents.square().mean()
    return loss, {"psnr_db": -10 * (error.detach().square().mean() / 4).log10()}


def pixel_loss(error: Tensor, edge_weight: float, weights: Tensor | float = 1.0) -> Tensor:
    """L1 of pixels and, times `edge_weight`, of the differences of neighbouring ones, (). Of this project, after no paper.

    Args:
        error: (N, C, H, W), what is shown less what should be. weights: how often a pixel counts, (N, 1, H, W).
    """
    weights = torch.as_tensor(weights, device=error.device).expand(len(error), 1, *error.shape[2:])
    rows, columns = (error[..., 1:, :] - error[..., :-1, :]).abs(), (error[..., 1:] - error[..., :-1]).abs()
    edges = (rows * weights[..., 1:, :]).mean() + (columns * weights[..., 1:]).mean()
    return (error.abs() * weights).mean() + edge_weight * edges


def contrastive_loss(image_embeds: Tensor, text_embeds: Tensor, log_scale: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """CLIP's symmetric cross-entropy over the batch; embeddings (B, D) of unit length."""
    logits = log_scale.exp() * image_embeds @ text_embeds.T  # (B, B)
    target = torch.arange(len(logits), device=logits.device)
    loss = (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
    return loss, {"accuracy": (logits.argmax(1) == target).float().mean()}


def word_loss(states: Tensor, tokens: Tensor, embeddings: Tensor, end: int) -> Tensor:
    """How badly the states of captions tell their words: a cross-entropy of 16 times the cosines of states and word embeddings.

    At a word, half of what is asked for is the word, the other half all words so far, alike; behind the caption, all of its
    words. The contrast alone keeps of a caption what tells its pictures apart; a word that does not is drowned, and no UNet
    learns it. A cosine is large only where the word is a large part of the state. Of this project, after no paper; what it
    brings is measured in docs/log.md.

    Args:
        states: (B, L, D), last hidden states.
        tokens: (B, L), a start token first.
        embeddings: (V, D), the tower's own token embeddings.
        end: the token behind a caption.

    Returns:
        (), a mean over captions and places; captions without words ask for nothing.
    """
    log_p = (16 * F.normalize(states.float(), dim=-1) @ F.normalize(embeddings.float(), dim=-1).T).log_softmax(-1)  # (B, L, V)
    missing = -log_p.gather(2, tokens[:, None, :].expand(-1, tokens.shape[1], -1))  # (B, L, L), at a place, of a place's word
    word = is_word(tokens, end)
    so_far = word[:, None, :].expand_as(missing).tril().float()
    asked = so_far / so_far.sum(2, keepdim=True).clamp(min=1)
    own = torch.eye(tokens.shape[1], device=tokens.device)
    asked = torch.where(word[..., None], (asked + own) / 2, asked)
    return (asked * missing).sum(2)[:, 1:].mean()


def words_alike(states: Tensor, tokens: Tensor, end: int) -> Tensor:
    """The cosine () of a word's mean state to that of the nearest other word, a mean over the words of the captions.

    The mean over the words is taken away first. 1: the tower tells no word from some other one. Arguments as in `word_loss`.
    """
    word = is_word(tokens, end)
    words, which = tokens[word].unique(return_inverse=True)
    if len(words) < 2:
        return states.new_zeros((), dtype=torch.float32)
    sums = states.new_zeros(len(words), states.shape[2], dtype=torch.float32).index_add(0, which, states[word].float())
    means = sums / which.bincount()[:, None]
    means = F.normalize(means - means.mean(0), dim=1)
    return (means @ means.T).fill_diagonal_(-1).amax(1).mean()


def is_word(tokens: Tensor, end: int) -> Tensor:
    """Which tokens (B, L) are neither the start nor the end nor behind it; bool."""
    places = torch.arange(tokens.shape[1], device=tokens.device)
    return (places > 0) & (places < (tokens == end).int().argmax(1, keepdim=True))
