"""The table of toybox's furniture and household things."""

from mvdream_toybox.kind import Kind
from mvdream_toybox.palette import natural
from mvdream_toybox.things.furniture import cabinets, devices, household, seats

KINDS: dict[str, Kind] = {
    "chair": Kind(
        ("chair", "wooden chair"),
        seats.chair,
        natural("brown"),
        patterns=True,
        variants={"office chair": ("office chair", "swivel chair")},
    ),
    "armchair": Kind(("armchair", "easy chair"), seats.armchair, None, patterns=True),
    "sofa": Kind(("sofa", "couch"), seats.sofa, None, patterns=True),
    "stool": Kind(("stool", "bar stool"), seats.stool, natural("brown")),
    "table": Kind(("table", "dining table"), cabinets.table, natural("brown")),
    "desk": Kind(("desk", "writing desk"), cabinets.desk, natural("brown")),
    "bed": Kind(("bed",), seats.bed, None, patterns=True),
    "bookshelf": Kind(("bookshelf", "bookcase"), cabinets.bookshelf, natural("brown"), extras=(("after", "full of books"),)),
    "wardrobe": Kind(("wardrobe", "closet"), cabinets.wardrobe, natural("brown")),
    "lamp": Kind(("lamp", "table lamp", "lamp with a shade"), household.lamp, natural("beige"), patterns=True),
    "bathtub": Kind(("bathtub",), seats.bathtub, natural("white")),
    "treasure chest": Kind(("treasure chest", "pirate chest"), cabinets.treasure_chest, natural("brown")),
    "alarm clock": Kind(("alarm clock", "clock"), devices.alarm_clock, None),
    "grandfather clock": Kind(("grandfather clock", "pendulum clock"), devices.grandfather_clock, natural("brown")),
    "piano": Kind(("piano", "upright piano"), devices.piano, natural("black")),
    "television": Kind(("television", "retro television", "old tv"), devices.television, natural("brown")),
    "laptop": Kind(("laptop", "laptop computer"), devices.computer, natural("silver")),
    "vase": Kind(("vase", "flower vase"), household.vase, None, patterns=True),
    "candle": Kind(("candle", "burning candle"), household.candle, natural("white")),
    "barrel": Kind(("barrel", "wooden barrel"), cabinets.barrel, ("brown", "red", "blue", "green", "gray")),
    "lantern": Kind(("lantern",), household.lantern, natural("black")),
    "mailbox": Kind(("mailbox", "letter box"), household.mailbox, None),
}
