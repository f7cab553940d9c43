"""A color is chosen so that it is seen on another."""

from mvdream_toybox.geometry.tones import contrast

TEAL, CREAM, PLUM = (0.1, 0.55, 0.5), (0.95, 0.9, 0.8), (0.5, 0.15, 0.4)


def test_contrast_falls_back_until_it_is_seen():
    white = (0.95, 0.95, 0.93)
    assert contrast(TEAL, CREAM, PLUM) == CREAM
    assert contrast(CREAM, CREAM, PLUM) == PLUM
    assert sum(contrast(white, white, white)) < 1
