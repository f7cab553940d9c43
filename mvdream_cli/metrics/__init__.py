"""Measures of samples and objects."""
