"""The table of toybox's weapons, tools, instruments and carried things."""

from mvdream_toybox.kind import Kind
from mvdream_toybox.palette import natural
from mvdream_toybox.things.arms import belongings, blades, instruments, party, tools, weapons

_BLADE = ("silver", "gray", "black", "golden", "blue", "red", "green", "purple", "cyan")

KINDS: dict[str, Kind] = {
    "axe": Kind(("axe", "viking axe", "battle axe"), blades.axe, ("silver",), extras=(("after", "with a wooden handle"),)),
    "sword": Kind(("sword", "knight sword", "longsword"), blades.sword, _BLADE),
    "katana": Kind(("katana", "samurai sword"), blades.katana, _BLADE),
    "dagger": Kind(("dagger", "knife"), blades.dagger, _BLADE),
    "spear": Kind(("spear",), blades.spear, ("silver",), variants={"trident": ("trident",)}),
    "hammer": Kind(("hammer",), weapons.hammer, ("silver",), variants={"war hammer": ("war hammer", "battle hammer")}),
    "shield": Kind(
        ("shield", "knight shield"), weapons.shield, None, variants={"round shield": ("round shield", "viking shield")}
    ),
    "bow": Kind(("bow and arrow", "archery bow"), weapons.bow, natural("brown")),
    "helmet": Kind(
        ("viking helmet", "horned helmet"), weapons.helmet, natural("silver"), variants={"knight helmet": ("knight helmet",)}
    ),
    "cannon": Kind(("cannon", "pirate cannon"), weapons.cannon, natural("black")),
    "wrench": Kind(("wrench", "spanner"), tools.wrench, natural("silver")),
    "screwdriver": Kind(("screwdriver",), tools.screwdriver, None),
    "guitar": Kind(
        ("guitar", "acoustic guitar"), instruments.guitar, natural("brown"), variants={"electric guitar": ("electric guitar",)}
    ),
    "key": Kind(("key", "old key"), tools.key, natural("golden")),
    "umbrella": Kind(("umbrella", "parasol"), belongings.umbrella, None, patterns=True),
    "crown": Kind(("crown", "royal crown"), belongings.crown, natural("golden")),
    "trophy": Kind(("trophy", "trophy cup"), belongings.trophy, natural("golden")),
    "gift": Kind(("gift box", "present", "gift"), party.gift, None, patterns=True),
    "bell": Kind(("bell",), instruments.bell, natural("golden")),
    "telescope": Kind(("telescope",), tools.telescope, natural("golden")),
    "camera": Kind(("camera", "photo camera"), tools.camera, natural("black")),
    "book": Kind(("book", "spell book", "old book"), belongings.book, None),
    "ball": Kind(("ball", "toy ball"), party.ball, None, patterns=True),
    "soccer ball": Kind(("soccer ball",), party.soccer_ball, natural("white")),
    "basketball": Kind(("basketball",), party.basketball, natural("orange")),
    "drum": Kind(("drum", "toy drum"), instruments.drum, None),
    "balloon": Kind(
        ("balloon", "party balloon"), party.balloon, None, patterns=True, variants={"bunch of balloons": ("bunch of balloons",)}
    ),
    "magic wand": Kind(("magic wand", "fairy wand"), belongings.magic_wand, natural("golden")),
    "hourglass": Kind(("hourglass", "sand timer"), tools.hourglass, natural("brown")),
    "anchor": Kind(("anchor", "ship anchor"), tools.anchor, natural("gray")),
    "backpack": Kind(("backpack", "school bag"), belongings.backpack, None, patterns=True),
}
