"""The table of toybox's trees and plants."""

from mvdream_toybox.kind import Kind
from mvdream_toybox.things.food import vegetables
from mvdream_toybox.things.plants import flowers, trees

_PETALS = ("red", "pink", "yellow", "white", "purple", "orange", "blue", "magenta", "maroon", "cyan", "golden")
_LEAVES = ("green", "orange", "red", "yellow", "pink", "purple", "blue", "lime", "teal", "white", "golden", "brown")

KINDS: dict[str, Kind] = {
    "tree": Kind(("tree", "leafy tree"), trees.tree, _LEAVES),
    "pine tree": Kind(
        ("pine tree", "fir tree", "spruce"),
        trees.pine_tree,
        ("green", "teal", "blue", "white", "lime", "silver", "pink"),
        variants={"christmas tree": ("Christmas tree", "decorated Christmas tree")},
    ),
    "palm tree": Kind(("palm tree", "coconut palm"), trees.palm_tree, ("green", "lime", "teal", "orange", "yellow")),
    "cactus": Kind(("cactus", "saguaro cactus"), flowers.cactus, ("green", "teal", "lime", "blue", "pink", "purple")),
    "flower": Kind(("flower", "daisy"), flowers.flower, ("white", *(c for c in _PETALS if c != "white"))),
    "rose": Kind(("rose",), flowers.rose, _PETALS),
    "sunflower": Kind(("sunflower",), flowers.sunflower, ("yellow",)),
    "tulip": Kind(("tulip",), flowers.tulip, _PETALS),
    "mushroom": Kind(
        ("mushroom", "toadstool"),
        flowers.mushroom,
        ("red", "brown", "purple", "blue", "pink", "orange", "beige", "green", "yellow"),
        patterns=True,
    ),
    "pumpkin": Kind(
        ("pumpkin",),
        vegetables.pumpkin,
        ("orange", "white", "green", "yellow", "purple"),
        variants={"jack-o'-lantern": ("jack-o'-lantern", "Halloween pumpkin with a carved face")},
    ),
    "potted plant": Kind(("potted plant", "house plant"), flowers.potted_plant, ("green", "purple", "red", "lime", "teal")),
    "bonsai": Kind(("bonsai tree", "bonsai"), trees.bonsai, ("green", "pink", "red", "orange", "white", "purple")),
    "flower bush": Kind(("flower bush", "rose bush"), trees.flower_bush, _PETALS),
}
