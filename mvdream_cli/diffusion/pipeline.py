"""The multi-view diffusion pipeline: a diffusers pipeline whose folder format is the project's model format.

Letters in shapes: B objects, V views, C latent channels, h w latent size, H W pixels, L tokens, D text channels.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from diffusers import AutoencoderDC, AutoencoderKL, DDIMScheduler, DiffusionPipeline, ModelMixin
from torch import Tensor
from transformers import CLIPTextModelWithProjection, CLIPTokenizer, CLIPVisionModelWithProjection

from mvdream_cli.cameras import camera_condition
from mvdream_cli.captions import asset_caption
from mvdream_cli.diffusion.picture_prior import PicturePrior
from mvdream_cli.diffusion.schedule import ddim_step, ddim_timesteps
from mvdream_cli.diffusion.unet import MultiViewUNet
from mvdream_cli.errors import UsageError


class MultiViewPipeline(DiffusionPipeline):
    """Text to consistent views.

    Optional: `prior` (`diffusion.picture_prior`), whose mean picture the UNet is shown behind the channels of the latents;
    `image_encoder` (CLIP's image tower), which only measures results; `reconstructor` (`models.reconstructor`), which makes an
    object of views.

    Args:
        caption_suffix: what captions of 3D objects ended with in training, see `captions.asset_caption`; kept in
            model_index.json.
    """

    _optional_components = ["image_encoder", "reconstructor", "prior"]

    def __init__(
        self,
        vae: AutoencoderKL | AutoencoderDC,
        text_encoder: CLIPTextModelWithProjection,
        tokenizer: CLIPTokenizer,
        unet: MultiViewUNet,
        scheduler: DDIMScheduler,
        image_encoder: CLIPVisionModelWithProjection | None = None,
        caption_suffix: str = "",
        reconstructor: ModelMixin | None = None,
        prior: PicturePrior | None = None,
    ):
        super().__init__()
        self.register_modules(
            vae=vae,
            text_encoder=text_encoder,
            tokenizer=tokenizer,
            unet=unet,
            scheduler=scheduler,
            image_encoder=image_encoder,
            reconstructor=reconstructor,
            prior=prior,
        )
        self.register_to_config(caption_suffix=caption_suffix)

    def register_modules(self, **modules) -> None:
        """As diffusers'. In the folder the UNet is a plain UNet2DConditionModel, which any diffusers program can open."""
        super().register_modules(**modules)
        self.register_to_config(unet=("diffusers", "UNet2DConditionModel"))

    @classmethod
    def from_pretrained(cls, folder, **kwargs) -> "MultiViewPipeline":
        """Open a model folder; the UNet comes as a `MultiViewUNet`, which diffusers cannot know of."""
        loading = {k: kwargs[k] for k in ("dtype", "local_files_only") if k in kwargs}
        kwargs.setdefault("unet", MultiViewUNet.from_pretrained(folder, subfolder="unet", **loading))
        return super().from_pretrained(folder, **kwargs)

    def compile_networks(self) -> None:
        """What runs in every step of a distillation, by torch.compile at its first call for each shape: minutes, once."""
        self.unet.compile(dynamic=False)
        self.vae.encoder.compile(dynamic=False)

    @property
    def image_size(self) -> int:
        """Side of the square views in pixels."""
        return self.unet.config.sample_size * self.latent_stride

    @image_size.setter
    def image_size(self, size_px: int) -> None:
        self.unet.register_to_config(sample_size=self.latent_size(size_px))

    def latent_size(self, size_px: int | None = None) -> int:
        """Side of the latents of pictures of `size_px`; None: of the size of the model's own.

        Raises:
            UsageError: the autoencoder makes no such pictures.
        """
        stride = self.latent_stride
        if size_px is not None and size_px % stride:
            raise UsageError(f"pictures of {size_px} px: this model's autoencoder needs a multiple of {stride}")
        return self.unet.config.sample_size if size_px is None else size_px // stride

    @property
    def latent_channels(self) -> int:
        return self.unet.config.out_channels

    @property
    def latent_stride(self) -> int:
        """Pixels per latent cell along a side."""
        config = self.vae.config
        return 2 ** (len(config.get("block_out_channels") or config.encoder_block_out_channels) - 1)

    def asked(self, prompt: str, suffix: str | None = None) -> str:
        """The prompt as captions of 3D objects were in training; another `suffix` takes the place of the model's own."""
        return asset_caption(prompt, self.config.caption_suffix if suffix is None else suffix)

    def tokenize(self, prompts: list[str]) -> Tensor:
        """Token ids (B, L), cut and padded to the text encoder's length."""
        length = self.text_encoder.config.max_position_embeddings
        tokens = self.tokenizer(prompts, padding="max_length", max_length=length, truncation=True, return_tensors="pt")
        return tokens.input_ids.to(self.text_encoder.device, non_blocking=True)

    def encode_prompt(self, prompts: list[str]) -> Tensor:
        """Text embeddings (B, L, D), one row per prompt."""
        return self.text_encoder(self.tokenize(prompts)).last_hidden_state

    def encode_images(self, images: Tensor, sample: bool = True) -> Tensor:
        """(B, H, W, 3) in [0, 1] to scaled latents (B, C, h, w); a posterior sample, or its mean. Carries gradient."""
        mean, std = self.encode_posterior(images)
        return posterior_sample(mean, std) if sample else mean

    def encode_posterior(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        """(B, H, W, 3) in [0, 1] to mean and standard deviation of the scaled latents (B, C, h, w). Carries gradient.

        The standard deviation is None where the autoencoder (AutoencoderDC) has no posterior.
        """
        pixels = (images.permute(0, 3, 1, 2) * 2 - 1).to(self.vae.dtype)
        encoded, scale = self.vae.encode(pixels), self.vae.config.scaling_factor
        if isinstance(self.vae, AutoencoderDC):
            return encoded.latent * scale, None
        return encoded.latent_dist.mean * scale, encoded.latent_dist.std * scale

    def decode_latents(self, latents: Tensor) -> Tensor:
        """Scaled latents (B, C, h, w) to images (B, H, W, 3) in [0, 1]."""
        pixels = self.vae.decode((latents / self.vae.config.scaling_factor).to(self.vae.dtype)).sample
        return (pixels.permute(0, 2, 3, 1).float() / 2 + 0.5).clamp(0, 1)

    def embed_images(self, images: Tensor) -> Tensor:
        """CLIP embeddings (B, E), of unit length, of images (B, H, W, 3) in [0, 1]. Needs the image encoder."""
        size = self.image_encoder.config.image_size
        pixels = F.interpolate(images.permute(0, 3, 1, 2), size=(size, size), mode="bilinear", antialias=True)
        embeds = self.image_encoder((pixels * 2 - 1).to(self.image_encoder.dtype)).image_embeds
        return F.normalize(embeds.float(), dim=-1)

    def embed_texts(self, prompts: list[str]) -> Tensor:
        """CLIP embeddings (B, E), of unit length, of prompts."""
        return self.embed_tokens(self.tokenize(prompts))[0]

    def embed_tokens(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """CLIP embeddings (B, E), of unit length, and last hidden states (B, L, D) of token ids (B, L)."""
        encoded = self.text_encoder(tokens)
        return F.normalize(encoded.text_embeds.float(), dim=-1), encoded.last_hidden_state

    def predict(self, latents: Tensor, timesteps: Tensor, text: Tensor, camera: Tensor | None, num_views: int) -> Tensor:
        """The UNet's raw prediction (noise or velocity, as the scheduler says) for latents (B V, C, h, w).

        Args:
            timesteps: scalar or (B V,).
            text: (B V, L, D).
            camera: (B V, 16), or None for the 2D mode (then `num_views` is 1).
        """
        dtype = self.unet.dtype
        shown = latents.to(dtype)
        if self.prior is not None:
            shown = torch.cat([shown, self.mean_picture(latents, text, camera).to(dtype)], 1)
        return self.unet(
            shown,
            timesteps,
            text.to(dtype),
            class_labels=None if camera is None else camera.to(dtype),
            cross_attention_kwargs={"num_views": num_views},
        ).sample.float()

    def mean_picture(self, latents: Tensor, text: Tensor, camera: Tensor | None) -> Tensor:
        """What the prior expects behind noisy latents (B V, C, h, w), of their size: zeros in the 2D mode. As `predict`."""
        if camera is None:
            return torch.zeros_like(latents)
        picture = self.prior(text.to(self.prior.dtype), camera.to(self.prior.dtype))
        if picture.shape[2:] == latents.shape[2:]:
            return picture
        return F.interpolate(picture, size=latents.shape[2:], mode="bilinear", antialias=True)

    def predict_guided(
        self,
        latents: Tensor,
        timestep: Tensor | int,
        text: Tensor,
        negative_text: Tensor,
        camera: Tensor | None,
        num_views: int,
        guidance_scale: float,
    ) -> tuple[Tensor, Tensor]:
        """Classifier-free guidance (arXiv:2207.12598): away from the negative prompt, the camera kept in both.

        Args:
            timestep: scalar or (B V,).
            guidance_scale: 1 is the conditional prediction alone.

        Returns:
            The guided prediction and the conditional one, (B V, C, h, w) each.
        """
        camera = None if camera is None else torch.cat([camera, camera])
        if isinstance(timestep, Tensor) and timestep.ndim:
            timestep = torch.cat([timestep, timestep])
        both = self.predict(torch.cat([latents, latents]), timestep, torch.cat([text, negative_text]), camera, num_views)
        conditional, unconditional = both.chunk(2)
        return unconditional + guidance_scale * (conditional - unconditional), conditional

    @torch.no_grad()
    def __call__(
        self,
        prompt: str | list[str],
        c2w: Tensor | None,
        *,
        seeds: list[int],
        negative_prompt: str = "",
        guidance_scale: float = 10.0,
        guidance_rescale: float = 0.0,
        steps: int = 50,
        size_px: int | None = None,
        on_step: Callable[[int], None] | None = None,
    ) -> Tensor:
        """Sample `len(seeds)` objects with DDIM and classifier-free guidance (eta 0).

        Args:
            prompt: of all objects, or one for each.
            c2w: (V, 4, 4) cameras, z up; None draws single images in the 2D mode (then V = 1).
            guidance_rescale: see `rescaled`.
            seeds: one per object; object k depends on its own seed only, not on the batch.
            steps: 1 to the timesteps of the schedule, see `schedule.ddim_timesteps`.
            size_px: side of the pictures; None: what the model was trained with.
            on_step: called with the index of each finished step.

        Returns:
            Images (B, V, H, W, 3) in [0, 1].
        """
        device, count = self.unet.device, len(seeds)
        views = 1 if c2w is None else len(c2w)
        side = self.latent_size(size_px)
        shape = (views, self.latent_channels, side, side)
        latents = torch.cat([torch.randn(shape, generator=torch.Generator().manual_seed(s)) for s in seeds]).to(device)
        camera = None if c2w is None else camera_condition(c2w.to(device)).repeat(count, 1)  # (B V, 16)
        prompts = [prompt] if isinstance(prompt, str) else prompt
        text, negative = self.encode_prompt([*prompts, negative_prompt]).split((len(prompts), 1))
        text = text.repeat_interleave(count * views // len(prompts), 0)  # (B V, L, D)
        negative = negative.expand(count * views, -1, -1)
        visited = ddim_timesteps(self.scheduler, steps)
        for i, (t, following) in enumerate(zip(visited, [*visited[1:], None])):
            prediction, conditional = self.predict_guided(latents, t, text, negative, camera, views, guidance_scale)
            prediction = rescaled(prediction, conditional, views, guidance_rescale)
            latents = ddim_step(self.scheduler, latents, prediction, t, following)
            if on_step:
                on_step(i)
        images = torch.cat([self.decode_latents(chunk) for chunk in latents.split(8)])
        return images.unflatten(0, (count, views))


def rescaled(guided: Tensor, conditional: Tensor, num_views: int, rescale: float) -> Tensor:
    """Bring what was guided back to the standard deviation of the conditional estimate (arXiv:2305.08891, equations 14 to 16).

    Standard deviations are over all views of an object jointly, as MVDream has it (section 4.2).

    Args:
        guided, conditional: (B V, C, h, w), both the network's predictions or both clean latents.
        rescale: in [0, 1], blends; 0 leaves `guided` as it is.
    """
    if not rescale:
        return guided

    def std(x: Tensor) -> Tensor:
        return x.unflatten(0, (-1, num_views)).flatten(1).std(1).repeat_interleave(num_views).view(-1, 1, 1, 1) + 1e-8

    return rescale * guided * std(conditional) / std(guided) + (1 - rescale) * guided


def posterior_sample(mean: Tensor, std: Tensor | None) -> Tensor:
    """A sample of the posterior; the mean where there is none. From torch's global generator of the device."""
    return mean if std is None else mean + std * torch.randn(mean.shape, device=mean.device, dtype=mean.dtype)
