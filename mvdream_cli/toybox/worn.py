"""Things worn and carried: what is put on a model's anchors, and the words for it.

A builder's frame, before the anchor's tilt: origin at the anchor, front +x, up +z, lengths in anchor radii.
Anchors: head (centre of the circle where a brim rests, radius of the head there); eyes (between the eyes on the face,
half of their distance); neck (its centre and radius); back (on the back's surface, half of its width; the outside is -x
before tilt, so a four-legged animal's back has tilt_deg=90); hand (its centre and radius).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from mvdream_cli.toybox import carried, hats, headgear, outfits
from mvdream_cli.toybox.palette import natural
from mvdream_cli.toybox.shapes import Anchor, Colour, Part, move


@dataclass(frozen=True)
class Worn:
    """One worn or carried thing.

    words: words for it without article, the most common first.
    anchor: the anchor name it needs.
    build: (anchor, colour) -> parts in place; the colour paints its main part.
    colours: palette names that a caption may give it; it has the first when the caption names none.
    verb: the word before it, "wearing", "carrying", "holding" or "with".
    plural: whether it goes without "a" ("glasses").
    """

    words: tuple[str, ...]
    anchor: str
    build: Callable[[Anchor, Colour], list[Part]]
    colours: tuple[str, ...]
    verb: str = "wearing"
    plural: bool = False


def _put(build: Callable, anchor: Anchor, colour: Colour, sided: bool = False) -> list[Part]:
    """Build in radii and move to the anchor; a sided thing leans to the anchor's own side of the x-z plane."""
    parts = build(colour, 1.0 if anchor.position[1] >= 0 else -1.0) if sided else build(colour)
    return move(parts, anchor.position, anchor.radius, (0, anchor.tilt_deg, 0))


def _cape(anchor: Anchor, colour: Colour) -> list[Part]:
    """A cape hangs from shoulders, but lies over the back of whoever walks on four legs."""
    if anchor.tilt_deg < 45:
        return _put(outfits.cape, anchor, colour)
    return move(outfits.saddlecloth(colour), anchor.position, anchor.radius, (0, anchor.tilt_deg - 90, 0))


def _on(
    anchor: str, build: Callable, colour: str, *words: str, sided: bool = False, only: tuple[str, ...] = (), **more
) -> Worn:
    return Worn(words, anchor, partial(_put, build, sided=sided), only or natural(colour), **more)


WORN: dict[str, Worn] = {
    "pirate hat": _on("head", hats.pirate_hat, "black", "pirate hat", "pirate's hat", "tricorne pirate hat"),
    "top hat": _on("head", hats.top_hat, "black", "top hat", "silk top hat"),
    "crown": _on("head", hats.crown, "golden", "crown", "royal crown"),
    "party hat": _on("head", hats.party_hat, "pink", "party hat", "birthday hat"),
    "wizard hat": _on("head", hats.wizard_hat, "blue", "wizard hat", "wizard's hat", "pointed wizard hat"),
    "witch hat": _on("head", hats.witch_hat, "black", "witch hat", "witch's hat"),
    "cowboy hat": _on("head", hats.cowboy_hat, "brown", "cowboy hat", "western hat"),
    "santa hat": _on("head", hats.santa_hat, "red", "santa hat", "christmas hat"),
    "chef hat": _on("head", hats.chef_hat, "white", "chef hat", "chef's hat"),
    "baseball cap": _on("head", headgear.baseball_cap, "red", "baseball cap", "cap"),
    "viking helmet": _on("head", headgear.viking_helmet, "grey", "viking helmet", "horned helmet"),
    "knight helmet": _on("head", headgear.knight_helmet, "silver", "knight helmet", "knight's helmet"),
    "hard hat": _on("head", headgear.hard_hat, "yellow", "hard hat", "construction helmet"),
    "beret": _on("head", headgear.beret, "red", "beret", "french beret"),
    "headphones": _on("head", headgear.headphones, "red", "headphones", "big headphones", plural=True),
    "halo": _on("head", headgear.halo, "golden", "halo", "angel's halo", verb="with", only=("golden", "yellow", "white")),
    "flower crown": _on("head", headgear.flower_crown, "pink", "flower crown", "wreath of flowers"),
    "bow": _on("head", headgear.bow, "pink", "bow", "ribbon bow"),
    "glasses": _on("eyes", outfits.glasses, "black", "glasses", "round glasses", "spectacles", plural=True),
    "sunglasses": _on("eyes", outfits.sunglasses, "black", "sunglasses", "cool sunglasses", plural=True),
    "eye patch": _on("eyes", outfits.eye_patch, "black", "eye patch", "eyepatch", "pirate's eye patch"),
    "bow tie": _on("neck", outfits.bow_tie, "red", "bow tie", "bowtie"),
    "tie": _on("neck", outfits.tie, "blue", "tie", "necktie"),
    "scarf": _on("neck", outfits.scarf, "red", "scarf", "knitted scarf", "woolen scarf"),
    "necklace": _on("neck", outfits.necklace, "white", "pearl necklace", "necklace"),
    "medal": _on("neck", outfits.medal, "golden", "medal", "medal around the neck"),
    "cape": Worn(("cape", "cloak", "flowing cape"), "back", _cape, natural("red")),
    "backpack": _on("back", outfits.backpack, "blue", "backpack", "school bag", "rucksack"),
    "jetpack": _on("back", outfits.jetpack, "grey", "jetpack", "rocket pack"),
    "wings": _on("back", outfits.wings, "white", "feathered wings", "angel wings", verb="with", plural=True),
    "balloon": _on("hand", carried.balloon, "red", "balloon", "balloon on a string", verb="holding", sided=True),
    "sword": _on("hand", carried.sword, "silver", "sword", "long sword", verb="holding"),
    "shield": _on("hand", carried.shield, "blue", "shield", "round shield", verb="holding"),
    "magic wand": _on("hand", carried.magic_wand, "yellow", "magic wand", "wand with a star", verb="holding"),
    "staff": _on("hand", carried.staff, "blue", "magic staff", "staff with a crystal", verb="holding"),
    "umbrella": _on("hand", carried.umbrella, "red", "umbrella", "open umbrella", verb="holding", sided=True),
    "lantern": _on("hand", carried.lantern, "black", "lantern", "glowing lantern", verb="carrying", sided=True),
    "flag": _on("hand", carried.flag, "red", "flag", "waving flag", verb="carrying"),
    "flower": _on("hand", carried.flower, "pink", "flower", "big flower", verb="holding"),
    "broom": _on("hand", carried.broom, "brown", "broom", "broomstick", verb="carrying"),
}
