"""mvdream: text to consistent views, and views to 3D objects."""

__version__ = "0.2.0.dev0"
