"""What is said of a 3D object, in training and when one is asked for."""

ASSET_SUFFIX = ", 3d asset"  # MVDream's


def asset_caption(text: str, suffix: str) -> str:
    """`suffix` behind a text, unless the text itself says 3d (MVDream, appendix on the data): the one rule for both sides.

    The empty text stands for no text and stays empty.
    """
    return text if not text or "3d" in text.lower() else text + suffix
