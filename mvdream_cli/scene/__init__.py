"""The 3D object and its light: field, occupancy, renderer, shading, regularizers. Knows nothing of diffusion."""
