"""Things that float or dive: tall ship, sailboat, submarine, motorboat."""

import numpy as np

from mvdream_toybox.geometry.paints import darker, lighter
from mvdream_toybox.geometry.parts import Color, Look, Model, Paint, Part, both, finish, grid_faces
from mvdream_toybox.geometry.shapes import cylinder, ellipsoid, torus, tube
from mvdream_toybox.geometry.solids import block, brick, loft, rod, side_plate, top_plate
from mvdream_toybox.geometry.tones import DARK, DARK_WOOD, GOLD, METAL, WHITE, WOOD, contrast, glass_for

CREAM = (0.95, 0.92, 0.84)


def _sheet(grid: np.ndarray, paint: Paint, thickness=(0.015, 0, 0)) -> Part:
    """A bent sheet through a (rows, columns, 3) grid, made solid along the vector `thickness`."""
    rows, columns = grid.shape[:2]
    front, back = grid.reshape(-1, 3) + thickness, grid.reshape(-1, 3)
    faces = grid_faces(rows, columns, wrap=False)
    index = np.arange(rows * columns).reshape(rows, columns)
    edge = np.concatenate([index[0], index[1:, -1], index[-1, -2::-1], index[-2:0:-1, 0]])
    after = np.roll(edge, -1)
    n = rows * columns
    rim = np.concatenate([np.stack([edge, after + n, after], -1), np.stack([edge, edge + n, after + n], -1)]) + 2 * n
    vertices = np.concatenate([front, back, front, back])
    return finish(vertices, np.concatenate([faces, faces[:, ::-1] + n, rim]), paint)


def _square_sail(x: float, low: float, high: float, wide: float, wider: float, belly: float, paint: Paint) -> Part:
    """A sail filled by wind from behind, hung from a yard at `high`, half-widths `wide` above and `wider` below."""
    t, s = np.meshgrid(np.linspace(0, 1, 7), np.linspace(-1, 1, 9), indexing="ij")
    y = s * (wide * t + wider * (1 - t))
    fill = belly * (1 - s**2 * 0.75) * np.sin(np.pi * (0.15 + 0.8 * (1 - t)))
    z = low + (high - low) * t + 0.1 * (high - low) * (1 - t) * (1 - s**2)
    return _sheet(np.stack([x + fill, y, z], -1), paint)


def _hull(length: float, wide: float, deep: float, paint: Paint, sheer: float = 0.14, stern: float = 0.75) -> Part:
    """A hull from x = -length to length, deck near z = 0, keel at -deep; the bow is sharp and rises by `sheer`."""
    t = np.linspace(-1, 1, 15)
    beam = wide * np.where(t < 0, stern + (1 - stern) * (1 - t**2), np.maximum(1 - np.abs(t) ** 2.6, 0.03))
    deck = sheer * (1.1 * np.maximum(t, 0) ** 2 + 0.9 * np.maximum(-t, 0) ** 2)
    keel = -deep * np.where(t > 0.3, 1 - ((t - 0.3) / 0.7) ** 2 * 0.75, 1) + 0.15 * deep * np.maximum(-t, 0) ** 3
    phi = np.linspace(0, np.pi, 13)
    y = beam[:, None] * np.sign(np.cos(phi)) * np.abs(np.cos(phi)) ** 0.6
    z = deck[:, None] - (deck - keel)[:, None] * np.sin(phi) ** 0.9
    rake = 0.16 * length * np.maximum(t, 0)[:, None] ** 3 * (1 - np.sin(phi))
    x = t[:, None] * length + rake
    rings = np.stack([x, -y, z], -1)
    n = rings.shape[1]
    skin = grid_faces(len(t), n, wrap=False)
    i = np.arange(len(t) - 1) * n
    lid = (
        np.concatenate([np.stack([i, i + n, i + 2 * n - 1], -1), np.stack([i, i + 2 * n - 1, i + n - 1], -1)]) + rings.size // 3
    )
    flat = rings.reshape(-1, 3)
    transom = np.stack([np.zeros(n - 2, int), np.arange(2, n), np.arange(1, n - 1)], -1) + 2 * len(flat)
    vertices = np.concatenate([flat, flat - (0, 0, 0.03), flat])
    return finish(vertices, np.concatenate([skin, lid[:, ::-1], transom]), paint)


def _flag(x: float, z: float, color: Color, size: float = 0.2) -> Part:
    """A waving pennant that streams forward from a masthead."""
    t, s = np.meshgrid(np.linspace(0, 1, 8), np.linspace(0, 1, 3), indexing="ij")
    points = np.stack([x + 1.5 * size * t, 0.12 * size * np.sin(6 * t), z + size * (s - 0.5) * (1 - 0.65 * t)], -1)
    return _sheet(points, color, (0, 0.012, 0))


def tall_ship(rng: np.random.Generator, look: Look) -> Model:
    """A three-masted ship under full sail. The main color is the sails'; a white one has a brown hull."""
    pale = min(look.main) > 0.7
    wood = (0.42, 0.24, 0.12) if pale else darker(look.main, 0.45)
    band = GOLD if rng.random() < 0.6 else contrast(wood, look.second, WHITE)
    length, wide = rng.uniform(0.92, 1.0), rng.uniform(0.22, 0.25)
    parts = [_hull(length, wide, 0.27, wood, 0.16)]
    rail = np.linspace(-1, 0.97, 12)
    beam = wide * np.where(rail < 0, 0.75 + 0.25 * (1 - rail**2), np.maximum(1 - np.abs(rail) ** 2.6, 0.03))
    deck = 0.16 * (1.1 * np.maximum(rail, 0) ** 2 + 0.9 * np.maximum(-rail, 0) ** 2)
    x = rail * length + 0.16 * length * np.maximum(rail, 0) ** 3
    for dz, color, r in ((0.0, band, 0.022), (-0.1, band, 0.014)):
        rope = np.column_stack([x, beam * (1.0 if dz == 0 else 0.99), deck + dz])
        parts += both(tube(rope, r, color, sides=6, caps=False))
    for gun in np.linspace(-0.7, 0.45, 7):
        y = wide * (0.75 + 0.25 * (1 - gun**2) if gun < 0 else 1 - gun**2.6)
        parts += both(brick((gun * length, y * 0.965, -0.055 + 0.1 * gun**2), (0.07, 0.05, 0.06), DARK))
    aft = block((-length * 0.82, 0, 0.16), (0.36, wide * 1.5, 0.16), wood)
    parts += [
        aft,
        block((-length * 0.82, 0, 0.25), (0.38, wide * 1.58, 0.03), band),
        block((-length * 1.0, 0, 0.1), (0.04, wide * 1.3, 0.22), wood),
    ]
    parts += [block((-length - 0.01, y, 0.13), (0.05, 0.07, 0.09), (1.0, 0.85, 0.45)) for y in (-0.1, 0, 0.1)]
    spar = WOOD if pale else darker(look.main, 0.3)
    bow = np.array([length * 1.08, 0, 0.19])
    tip = bow + (0.42, 0, 0.2)
    parts.append(rod(bow - (0.2, 0, 0.1), tip, 0.028, spar, 0.014))
    masts = ((0.52, 1.0), (0.0, 1.14), (-0.52, 0.9))
    for place, size in masts:
        mx = place * length
        top = 1.18 * size + rng.uniform(-0.02, 0.02)
        parts.append(rod((mx, 0, -0.02), (mx, 0, top + 0.1), 0.03, spar, 0.014))
        levels = (0.2, 0.52, 0.83, 1.06)
        widths = (0.46, 0.41, 0.33, 0.23)
        for k in range(3):
            low, high = top * levels[k] / 1.06 + 0.02, top * levels[k + 1] / 1.06 - 0.015
            lower, upper = widths[k] * size, widths[k + 1] * size
            parts.append(_square_sail(mx + 0.045, low, high, upper, lower * 0.97, 0.13 * size, look.paint))
            parts.append(
                rod((mx + 0.035, -upper - 0.03, high + 0.01), (mx + 0.035, upper + 0.03, high + 0.01), 0.016, spar, sides=8)
            )
        parts.append(_flag(mx, top + 0.08, contrast(look.main, look.second, (0.8, 0.1, 0.1)) if pale else (0.8, 0.1, 0.1), 0.1))
        parts += both(
            *(cylinder((mx + d, wide * 0.85, 0.02), (mx, 0.01, top * 0.8), 0.006, DARK_WOOD, sides=4) for d in (-0.12, 0.04))
        )
    fore = 0.52 * length
    for share in (0.55, 0.95):
        foot, head = bow + (tip - bow) * share, np.array([fore + 0.1, 0, 1.05 * share + 0.02])
        corner = np.array([fore + 0.2, 0, 0.28 + 0.12 * share])
        outline = [(foot[0], foot[2] + 0.03), (head[0], head[2]), (corner[0], corner[2])]
        parts.append(side_plate(outline, 0.02, look.paint))
    mizzen = -0.52 * length
    spanker = [(mizzen - 0.5, 0.42), (mizzen - 0.03, 0.36), (mizzen - 0.03, 0.66), (mizzen - 0.4, 0.86)]
    parts += [side_plate(spanker, 0.02, look.paint), rod((mizzen, 0, 0.34), (mizzen - 0.52, 0, 0.4), 0.016, spar, sides=8)]
    return Model(parts)


def sailboat(rng: np.random.Generator, look: Look) -> Model:
    """A small yacht: painted hull, one mast, a mainsail and a jib."""
    length, wide = rng.uniform(0.8, 0.95), rng.uniform(0.3, 0.36)
    parts = [_hull(length, wide, 0.34, look.paint, 0.1, 0.65), _hull(length * 0.985, wide * 0.9, 0.05, WOOD, 0.1, 0.65)]
    parts[1].vertices[:, 2] += 0.04
    sails = lighter(look.main, 0.85) if rng.random() < 0.5 else CREAM
    mast, top = 0.18, rng.uniform(1.45, 1.65)
    parts.append(rod((mast, 0, 0), (mast, 0, top + 0.05), 0.03, DARK_WOOD, 0.02))
    t, s = np.meshgrid(np.linspace(0, 1, 25), np.linspace(0, 1, 6), indexing="ij")
    reach = 0.86 + 0.1 * rng.random()
    belly = 0.12 * np.sin(np.pi * s) * np.sin(np.pi * (0.15 + 0.8 * (1 - t)))
    main = np.stack([mast - 0.04 - s * reach * (1 - t) ** 0.9, belly, 0.24 + t * (top - 0.26)], -1)
    head = top * 0.88
    jib = np.stack(
        [
            length * 1.05 + (mast + 0.06 - length * 1.05) * t - s * (1 - t) * 0.72,
            belly * 0.9,
            0.2 + t * (head - 0.2) + 0.04 * s,
        ],
        -1,
    )
    band = contrast(sails, look.main, (0.8, 0.15, 0.12))
    for sheet in (main, jib):
        part = _sheet(sheet[:, ::-1], sails, (0, 0.015, 0))
        part.colors[(part.vertices[:, 2] > 0.52) & (part.vertices[:, 2] < 0.78)] = band
        parts.append(part)
    parts.append(rod((mast, 0, 0.22), (mast - reach - 0.04, 0, 0.22), 0.024, DARK_WOOD))
    parts.append(block((-0.1, 0, 0.1), (0.5, wide * 0.9, 0.16), WHITE, taper=0.85))
    parts += both(ellipsoid((-0.05, wide * 0.42, 0.11), (0.05, 0.03, 0.05), glass_for(WHITE), detail=8))
    parts.append(block((-length * 0.98, 0, -0.16), (0.1, 0.04, 0.34), DARK_WOOD))
    parts.append(_flag(mast, top + 0.06, look.accent, 0.14))
    return Model(parts)


def submarine(rng: np.random.Generator, look: Look) -> Model:
    """A toy submarine: round hull, tower, periscope, portholes, propeller."""
    length, r = rng.uniform(0.85, 1.0), rng.uniform(0.36, 0.42)
    t = np.linspace(-1, 1, 15)
    girth = r * np.where(t > 0, (1 - np.abs(t) ** 3) ** 0.5, (1 - 0.85 * np.abs(t) ** 2)).clip(0.02)
    parts = [loft([(x, 0, 0, g, g, 2) for x, g in zip(t * length, girth)], look.paint, sides=36)]
    trim = contrast(look.main, look.second, GOLD)
    tower = [(r * 0.7, 0.05, 0, 0.28, 0.17, 2.4), (r + 0.3, 0.03, 0, 0.23, 0.14, 2.4), (r + 0.33, 0.03, 0, 0.2, 0.12, 2.4)]
    parts.append(loft(tower, look.paint, "z"))
    parts += [torus((0.03, 0, r + 0.3), 0.17, 0.03, trim), rod((0.0, 0, r + 0.3), (0.0, 0, r + 0.62), 0.04, trim)]
    parts += [
        rod((0, 0, r + 0.62), (0.14, 0, r + 0.62), 0.055, trim),
        ellipsoid((0.17, 0, r + 0.62), (0.03, 0.045, 0.045), (0.3, 0.5, 0.6), detail=8),
    ]
    for x in (-0.3, 0.03, 0.36):
        parts += both(
            torus((x, r * 0.94, 0.06), 0.1, 0.03, trim, axis=(0, 1, 0), sides=24),
            ellipsoid((x, r * 0.93, 0.06), (0.09, 0.03, 0.09), (0.68, 0.85, 0.93), detail=10),
        )
    parts += [
        torus((length * 0.86, 0, 0.04), r * 0.42, 0.03, trim, axis=(1, 0, 0.0)),
        ellipsoid((length * 0.84, 0, 0.04), (0.12, r * 0.4, r * 0.4), (0.68, 0.85, 0.93), detail=12),
    ]
    back = -length
    fin = [(back + 0.3, 0.1), (back + 0.3, 0.22), (back + 0.05, 0.42), (back - 0.04, 0.42), (back, 0.1)]
    parts += both(top_plate([(x, y) for x, y in fin][::-1], 0.05, look.paint))
    parts += [side_plate(fin[::-1], 0.05, look.paint), side_plate([(x, -z) for x, z in fin], 0.05, look.paint)]
    parts.append(rod((back - 0.12, 0, 0), (back + 0.05, 0, 0), 0.06, METAL))
    for angle in (0, 90, 180, 270):
        a = np.deg2rad(angle + 45)
        parts.append(
            ellipsoid((back - 0.09, 0.15 * np.cos(a), 0.15 * np.sin(a)), (0.025, 0.14, 0.07), GOLD, (angle + 45, 0, 0), 10)
        )
    return Model(parts)


def motorboat(rng: np.random.Generator, look: Look) -> Model:
    """A speedboat: painted hull, windscreen, seats, outboard engine."""
    length, wide = rng.uniform(0.9, 1.0), rng.uniform(0.36, 0.42)
    parts = [_hull(length, wide, 0.34, look.paint, 0.14, 0.9), _hull(length * 0.96, wide * 0.86, 0.05, CREAM, 0.14, 0.9)]
    parts[1].vertices[:, 2] += 0.05
    glass = [(0.03, 0.12, 0, 0.1, wide * 0.75, 5), (0.3, -0.02, 0, 0.05, wide * 0.6, 5)]
    parts.append(loft(glass, (0.35, 0.52, 0.62), "z"))
    seat = contrast(CREAM, look.second, (0.75, 0.2, 0.15))
    parts += both(*(block((x, wide * 0.36, 0.12), (0.2, 0.2, 0.14), seat, bevel=0.25) for x in (-0.2, -0.55)))
    parts += both(*(block((x - 0.1, wide * 0.36, 0.22), (0.07, 0.2, 0.22), seat, bevel=0.25) for x in (-0.2, -0.55)))
    parts += [
        block((-length - 0.04, 0, 0.14), (0.18, 0.2, 0.3), DARK, bevel=0.25),
        block((-length - 0.06, 0, -0.14), (0.1, 0.08, 0.4), METAL),
    ]
    stripe = contrast(look.main, WHITE, (0.8, 0.15, 0.12))
    parts += both(
        *(
            cylinder(
                (a, wide * 0.985 * (0.97 if a < -0.6 else 1), -0.06), (a + 0.31, wide * 0.985, -0.06), 0.025, stripe, sides=8
            )
            for a in (-0.85, -0.55, -0.25)
        )
    )
    return Model(parts)
