"""Toybox: a procedural, captioned 3D world. Every object is a function of (seed, index)."""
