"""Dogs of many breeds."""

import numpy as np

from mvdream_toybox.geometry.bodies import INK, IVORY, WHITE, beast, eyes, floppy_ears, muzzle, pointed_ears, puffs, tail
from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Look, Model, both
from mvdream_toybox.geometry.shapes import curve, ellipsoid, limb
from mvdream_toybox.kind import Kind
from mvdream_toybox.palette import natural


def dog(rng, look: Look) -> Model:
    """A dog; every breed has its own proportions, ears, tail and marks."""
    breed, paint, main = look.variant, look.paint, look.main
    pale = lighter(main, 0.6)
    if breed == "bulldog":
        return _bulldog(rng, look)
    plan = {
        "dachshund": dict(
            body=(0.72, 0.22, 0.22), leg=0.08, leg_radius=0.085, head=(0.25, 0.22, 0.22), head_at=(0.74, 0.3), neck=0.15
        ),
        "corgi": dict(
            body=(0.56, 0.28, 0.27), leg=0.1, leg_radius=0.1, head=(0.3, 0.3, 0.28), head_at=(0.52, 0.42), foot=WHITE
        ),
        "dalmatian": dict(
            body=(0.46, 0.23, 0.25), leg=0.36, leg_radius=0.08, head=(0.27, 0.25, 0.26), head_at=(0.48, 0.46), neck=0.15
        ),
        "husky": dict(body=(0.5, 0.27, 0.28), leg=0.3, leg_radius=0.1, head=(0.3, 0.3, 0.28), head_at=(0.5, 0.43), foot=WHITE),
        "poodle": dict(
            body=(0.4, 0.22, 0.24), leg=0.38, leg_radius=0.07, head=(0.25, 0.23, 0.25), head_at=(0.42, 0.5), neck=0.14
        ),
        "chihuahua": dict(
            body=(0.34, 0.2, 0.2), leg=0.2, leg_radius=0.06, head=(0.29, 0.3, 0.28), head_at=(0.36, 0.4), neck=0.12
        ),
    }.get(breed, dict(body=(0.46, 0.27, 0.27), leg=0.24, leg_radius=0.1, head=(0.31, 0.31, 0.3), head_at=(0.46, 0.44)))
    b = beast(rng, paint, **plan)
    r = float(b.head_radii.mean())
    more = [eyes(b.on_head(0.74, 0.42, 0.3), r * 0.25)]
    long_nose = {"dachshund": 0.85, "dalmatian": 0.66, "poodle": 0.66, "chihuahua": 0.4}.get(breed, 0.55)
    light_muzzle = WHITE if breed in ("corgi", "husky") else pale
    more.append(muzzle(b, long_nose, 0.46, 0.4, paint if breed in ("dachshund", "dalmatian", "poodle") else light_muzzle))
    ear = darker(main, 0.6) if np.mean(main) > 0.12 else lighter(main, 0.25)
    if breed in ("corgi", "husky", "chihuahua"):
        size = 1.15 if breed == "chihuahua" else 0.8
        more.append(pointed_ears(b.on_head(-0.1, 0.55, 0.65), r * size, r * 0.42 * size, paint, lean=0.5 if size > 1 else 0.2))
    else:
        long_ear = {"dachshund": 1.35, "poodle": 1.3}.get(breed, 1.05)
        ear = {"dalmatian": look.second, "poodle": main}.get(breed, ear)
        more.append(floppy_ears(b.on_head(0.0, 0.82, 0.55), r * long_ear, r * 0.42, ear, out=0.28))
    if breed in ("corgi", "husky"):
        more.append([ellipsoid(b.on_body(0.64, 0, -0.16), b.body_radii * np.array([0.54, 0.86, 0.92]), WHITE, detail=18)])
    base = b.on_body(-0.88, 0, 0.4)
    if breed == "corgi":
        more.append([ellipsoid(base, 0.1, WHITE, detail=12)])
    elif breed == "husky":
        curl = curve(base, base + [-0.2, 0, 0.22], base + [-0.08, 0, 0.45], base + [0.14, 0, 0.4])
        more.append(tail(curve(*curl[::6]), [0.08, 0.13, 0.12, 0.05], paint))
    elif breed == "poodle":
        more.append(
            tail([base, base + [-0.12, 0, 0.3]], [0.04, 0.04], paint)
            + [ellipsoid(base + [-0.14, 0, 0.36], 0.11, paint, detail=14)]
        )
        more.append(puffs(rng, b.on_head(-0.15, 0, 0.75), b.head_radii * 0.55, r * 0.4, 12, paint))
        more.append(puffs(rng, b.on_body(0.4, 0, 0.1), b.body_radii * np.array([0.5, 0.85, 0.8]), 0.13, 22, paint))
        more.append(
            both(
                *[
                    ellipsoid((x, b.body_radii[1] * 0.6, 0.13), 0.115, paint, detail=12)
                    for x in (b.body_radii[0] * 0.6, -b.body_radii[0] * 0.64)
                ]
            )
        )
    else:
        more.append(tail(curve(base, base + [-0.18, 0, 0.1], base + [-0.26, 0, 0.34]), [0.07, 0.06, 0.035], paint))
    return b.model(*more)


def _bulldog(rng, look: Look) -> Model:
    """Broad head, hanging jowls, underbite with two teeth, small folded ears, wide stance, white chest."""
    paint = look.paint
    white = WHITE if min(look.main) < 0.85 else lighter(darker(look.main, 0.85), 0.1)
    b = beast(
        rng,
        paint,
        body=(0.46, 0.36, 0.31),
        leg=0.15,
        leg_radius=0.125,
        head=(0.34, 0.42, 0.35),
        head_at=(0.46, 0.36),
        neck=0.3,
        foot=white,
        hips=0.8,
    )
    r = float(b.head_radii.mean())
    jowl, top = b.on_head(0.68, 0.3, -0.42), b.on_head(0.96, 0, -0.08)
    more = [
        eyes(b.on_head(0.72, 0.46, 0.28), r * 0.2, outward=0.25),
        both(ellipsoid(jowl, np.array([0.5, 0.42, 0.44]) * r, white, (0, 0, -12), detail=16)),
        [ellipsoid(b.on_head(0.74, 0, -0.2), np.array([0.48, 0.4, 0.32]) * r, white, detail=14)],
        [ellipsoid(b.on_head(0.72, 0, -0.78), np.array([0.5, 0.56, 0.24]) * r, white, detail=16)],
        [ellipsoid(top + [0.11 * r, 0, 0], np.array([0.2, 0.3, 0.2]) * r, INK, detail=14)],
        both(limb(b.on_head(1.07, 0.28, -0.78), b.on_head(1.1, 0.28, -0.5), 0.085 * r, 0.04 * r, IVORY, sides=10)),
        both(
            ellipsoid(
                b.on_head(0.1, 0.72, 0.72), np.array([0.3, 0.3, 0.16]) * r, darker(look.main, 0.62), (25, 30, 0), detail=12
            )
        ),
        both(limb(b.on_head(0.62, 0.12, 0.62), b.on_head(0.7, 0.42, 0.56), 0.07 * r, 0.07 * r, paint, sides=10)),
        [ellipsoid(b.on_body(0.62, 0, -0.12), b.body_radii * np.array([0.5, 0.74, 0.84]), white, detail=18)],
        [ellipsoid(b.on_body(-0.98, 0, 0.35), 0.09, paint, detail=12)],
    ]
    return b.model(*more, eye=(0.76, 0.46, 0.28), crown=0.74)


KINDS: dict[str, Kind] = {
    "dog": Kind(
        ("dog", "puppy", "hound", "pup", "doggy"),
        dog,
        natural("brown"),
        True,
        ("head", "eyes", "neck", "back"),
        {
            "bulldog": ("bulldog", "english bulldog"),
            "corgi": ("corgi", "corgi dog"),
            "dalmatian": ("dalmatian", "dalmatian dog"),
            "poodle": ("poodle", "fluffy poodle"),
            "husky": ("husky", "husky dog"),
            "dachshund": ("dachshund", "sausage dog", "wiener dog"),
            "chihuahua": ("chihuahua",),
        },
    )
}
NATURAL = {
    "bulldog": ("tan", "white"),
    "corgi": ("orange", "white"),
    "dalmatian": ("white", "black", "spotted"),
    "poodle": ("white", "white"),
    "husky": ("gray", "white"),
    "dachshund": ("brown", "black"),
    "chihuahua": ("tan", "white"),
}
