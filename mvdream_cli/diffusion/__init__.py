"""Images and prompts: the multi-view diffusion model, its training losses and its sampler. Knows no 3D scene."""
