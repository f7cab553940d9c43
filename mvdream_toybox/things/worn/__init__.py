"""The table of things worn and carried."""

from mvdream_toybox.geometry.parts import Anchor, Color, Part, move
from mvdream_toybox.palette import natural
from mvdream_toybox.things.worn import carried, hats, headgear, outfits
from mvdream_toybox.worn import Worn, on, put


def _cape(anchor: Anchor, color: Color) -> list[Part]:
    """A cape hangs from shoulders, but lies over the back of whoever walks on four legs."""
    if anchor.tilt_deg < 45:
        return put(outfits.cape, anchor, color)
    return move(outfits.saddlecloth(color), anchor.position, anchor.radius, (0, anchor.tilt_deg - 90, 0))


WORN: dict[str, Worn] = {
    "pirate hat": on("head", hats.pirate_hat, "black", "pirate hat", "pirate's hat", "tricorne pirate hat"),
    "top hat": on("head", hats.top_hat, "black", "top hat", "silk top hat"),
    "crown": on("head", hats.crown, "golden", "crown", "royal crown"),
    "party hat": on("head", hats.party_hat, "pink", "party hat", "birthday hat"),
    "wizard hat": on("head", hats.wizard_hat, "blue", "wizard hat", "wizard's hat", "pointed wizard hat"),
    "witch hat": on("head", hats.witch_hat, "black", "witch hat", "witch's hat"),
    "cowboy hat": on("head", hats.cowboy_hat, "brown", "cowboy hat", "western hat"),
    "santa hat": on("head", hats.santa_hat, "red", "santa hat", "christmas hat"),
    "chef hat": on("head", hats.chef_hat, "white", "chef hat", "chef's hat"),
    "baseball cap": on("head", headgear.baseball_cap, "red", "baseball cap", "cap"),
    "viking helmet": on("head", headgear.viking_helmet, "grey", "viking helmet", "horned helmet"),
    "knight helmet": on("head", headgear.knight_helmet, "silver", "knight helmet", "knight's helmet"),
    "hard hat": on("head", headgear.hard_hat, "yellow", "hard hat", "construction helmet"),
    "beret": on("head", headgear.beret, "red", "beret", "french beret"),
    "headphones": on("head", headgear.headphones, "red", "headphones", "big headphones", plural=True),
    "halo": on("head", headgear.halo, "golden", "halo", "angel's halo", verb="with", only=("golden", "yellow", "white")),
    "flower crown": on("head", headgear.flower_crown, "pink", "flower crown", "wreath of flowers"),
    "bow": on("head", headgear.bow, "pink", "bow", "ribbon bow"),
    "glasses": on("eyes", outfits.glasses, "black", "glasses", "round glasses", "spectacles", plural=True),
    "sunglasses": on("eyes", outfits.sunglasses, "black", "sunglasses", "cool sunglasses", plural=True),
    "eye patch": on("eyes", outfits.eye_patch, "black", "eye patch", "eyepatch", "pirate's eye patch"),
    "bow tie": on("neck", outfits.bow_tie, "red", "bow tie", "bowtie"),
    "tie": on("neck", outfits.tie, "blue", "tie", "necktie"),
    "scarf": on("neck", outfits.scarf, "red", "scarf", "knitted scarf", "woolen scarf"),
    "necklace": on("neck", outfits.necklace, "white", "pearl necklace", "necklace"),
    "medal": on("neck", outfits.medal, "golden", "medal", "medal around the neck"),
    "cape": Worn(("cape", "cloak", "flowing cape"), "back", _cape, natural("red")),
    "backpack": on("back", outfits.backpack, "blue", "backpack", "school bag", "rucksack"),
    "jetpack": on("back", outfits.jetpack, "grey", "jetpack", "rocket pack"),
    "wings": on("back", outfits.wings, "white", "feathered wings", "angel wings", verb="with", plural=True),
    "balloon": on("hand", carried.balloon, "red", "balloon", "balloon on a string", verb="holding", sided=True),
    "sword": on("hand", carried.sword, "silver", "sword", "long sword", verb="holding"),
    "shield": on("hand", carried.shield, "blue", "shield", "round shield", verb="holding"),
    "magic wand": on("hand", carried.magic_wand, "yellow", "magic wand", "wand with a star", verb="holding"),
    "staff": on("hand", carried.staff, "blue", "magic staff", "staff with a crystal", verb="holding"),
    "umbrella": on("hand", carried.umbrella, "red", "umbrella", "open umbrella", verb="holding", sided=True),
    "lantern": on("hand", carried.lantern, "black", "lantern", "glowing lantern", verb="carrying", sided=True),
    "flag": on("hand", carried.flag, "red", "flag", "waving flag", verb="carrying"),
    "flower": on("hand", carried.flower, "pink", "flower", "big flower", verb="holding"),
    "broom": on("hand", carried.broom, "brown", "broom", "broomstick", verb="carrying"),
}
