"""Meshes from files, and their pictures by ray casting (Embree)."""
