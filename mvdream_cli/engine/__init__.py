"""Steps, run folders, checkpoints, progress, devices. Knows neither diffusion nor 3D."""
