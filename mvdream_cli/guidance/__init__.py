"""What a diffusion prior says about a rendering: the losses of text-to-3D."""
