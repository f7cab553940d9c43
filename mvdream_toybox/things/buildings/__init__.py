"""The table of toybox's buildings."""

from mvdream_toybox.kind import Kind
from mvdream_toybox.palette import natural
from mvdream_toybox.things.buildings import castles, houses, landmarks, shelters

KINDS: dict[str, Kind] = {
    "house": Kind(("house", "small house", "home"), houses.house, natural("beige")),
    "castle": Kind(("castle", "medieval castle"), castles.castle, natural("gray")),
    "tower": Kind(("tower", "wizard tower", "castle tower"), castles.tower, natural("gray")),
    "barn": Kind(("barn", "farm barn"), houses.barn, natural("red")),
    "church": Kind(("church", "chapel"), houses.church, natural("white")),
    "mushroom house": Kind(
        ("mushroom house", "fairy house"),
        houses.cottage,
        ("red", "blue", "purple", "pink", "orange", "green", "brown"),
        patterns=True,
    ),
    "lighthouse": Kind(
        ("lighthouse",),
        landmarks.lighthouse,
        ("red", "blue", "black", "green", "orange", "yellow", "purple", "navy", "teal", "maroon"),
    ),
    "windmill": Kind(("windmill",), landmarks.windmill, natural("white")),
    "temple": Kind(("temple", "greek temple"), landmarks.temple, natural("white")),
    "skyscraper": Kind(("skyscraper", "tall office building"), landmarks.skyscraper, natural("gray")),
    "tent": Kind(("tent", "camping tent"), shelters.tent, None, patterns=True, variants={"tipi": ("tipi", "teepee")}),
    "circus tent": Kind(("circus tent", "big top"), shelters.circus_tent, natural("red")),
    "igloo": Kind(("igloo", "snow igloo"), shelters.igloo, ("white",)),
    "pyramid": Kind(("pyramid", "stepped pyramid", "mayan pyramid"), castles.pyramid, natural("beige")),
    "pagoda": Kind(
        ("pagoda", "japanese pagoda"), castles.pagoda, ("red", "green", "blue", "black", "gray", "teal", "golden", "purple")
    ),
    "well": Kind(("wishing well", "well"), shelters.well, ("brown", "red", "green", "blue", "yellow", "orange", "purple")),
    "ferris wheel": Kind(("ferris wheel",), landmarks.ferris_wheel, None),
}
