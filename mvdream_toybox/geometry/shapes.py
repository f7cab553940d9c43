"""The clay: colored primitives that builders put together.

Smooth shapes share vertices between faces; edges that should look sharp have their vertices doubled.
"""

import numpy as np

from mvdream_toybox.geometry.parts import Paint, Part, finish, frame_along, grid_faces, rotation


def ellipsoid(center, radii, paint: Paint, rotate_deg=(0, 0, 0), detail: int = 20) -> Part:
    """Ellipsoid (or sphere, when `radii` is a number), turned by `rotate_deg` about x, y, z."""
    radii = np.broadcast_to(np.asarray(radii, float), 3)
    theta = np.linspace(np.pi, 0, detail)[:, None]
    phi = np.linspace(0, 2 * np.pi, 2 * detail, endpoint=False)[None]
    unit = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta) + 0 * phi], -1)
    vertices = (unit.reshape(-1, 3) * radii) @ rotation(*rotate_deg).T + np.asarray(center, float)
    return finish(vertices, grid_faces(detail, 2 * detail, wrap=True), paint)


def tube(points, radii, paint: Paint, sides: int = 20, caps: bool = True) -> Part:
    """A round tube along a polyline (K, 3), with a radius per point (or one), rounded at both ends.

    Smooth curves want many points: see `curve`. Two points make a capsule or a tapered limb.
    """
    points = np.asarray(points, float)
    radii = np.broadcast_to(np.asarray(radii, float), len(points)).copy()
    if caps:
        start, end = points[0] - points[1], points[-1] - points[-2]
        start, end = start / (np.linalg.norm(start) + 1e-12), end / (np.linalg.norm(end) + 1e-12)
        angles = np.linspace(0, np.pi / 2, 6)[:-1]
        head = [(points[0] + start * radii[0] * np.cos(a), radii[0] * np.sin(a)) for a in angles]
        tail = [(points[-1] + end * radii[-1] * np.cos(a), radii[-1] * np.sin(a)) for a in angles[::-1]]
        points = np.array([p for p, _ in head] + list(points) + [p for p, _ in tail])
        radii = np.array([r for _, r in head] + list(radii) + [r for _, r in tail])
    tangents = np.gradient(points, axis=0)
    tangents /= np.linalg.norm(tangents, axis=1, keepdims=True) + 1e-12
    x_axis = frame_along(tangents[0])[:, 0]
    x_axes = np.empty_like(points)
    for k, tangent in enumerate(tangents):
        x_axis = x_axis - tangent * (x_axis @ tangent)  # parallel transport: no twist along the curve
        x_axis = x_axis / (np.sqrt(x_axis @ x_axis) + 1e-12)
        x_axes[k] = x_axis
    y_axes = np.cross(tangents, x_axes)[:, None]
    phi = np.linspace(0, 2 * np.pi, sides, endpoint=False)[None, :, None]
    rings = points[:, None] + radii[:, None, None] * (np.cos(phi) * x_axes[:, None] + np.sin(phi) * y_axes)
    return finish(rings.reshape(-1, 3), grid_faces(len(points), sides, wrap=True), paint)


def limb(start, end, radius_start: float, radius_end: float, paint: Paint, sides: int = 20) -> Part:
    """A tapered capsule between two points."""
    steps = np.linspace(0, 1, 6)[:, None]
    points = (1 - steps) * np.asarray(start, float) + steps * np.asarray(end, float)
    return tube(points, radius_start + (radius_end - radius_start) * steps[:, 0], paint, sides)


def curve(*points, samples: int = 24) -> np.ndarray:
    """A smooth Catmull-Rom curve through the points; (samples, 3)."""
    p = np.asarray(points, float)
    p = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    t = np.linspace(0, len(p) - 3, samples)
    i = np.minimum(t.astype(int), len(p) - 4)
    u = (t - i)[:, None]
    a, b, c, d = p[i], p[i + 1], p[i + 2], p[i + 3]
    return 0.5 * (2 * b + (c - a) * u + (2 * a - 5 * b + 4 * c - d) * u**2 + (3 * b - a - 3 * c + d) * u**3)


def lathe(profile, paint: Paint, center=(0, 0, 0), axis=(0, 0, 1), sides: int = 32, smooth: bool = False) -> Part:
    """Turn a profile [(radius, height), ...] about an axis through `center`; sharp between segments unless `smooth`.

    Heights are along `axis`. Start and end at radius 0 to close the ends. List the profile from bottom to top.
    """
    profile = np.asarray(profile, float)
    if not smooth:
        profile = np.repeat(profile, 2, axis=0)[1:-1]
    phi = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    circle = np.stack([np.cos(phi), np.sin(phi)], -1)
    vertices = np.concatenate(
        [profile[:, None, :1] * circle, np.broadcast_to(profile[:, None, 1:], (len(profile), sides, 1))], -1
    )
    faces = grid_faces(len(profile), sides, wrap=True)
    if not smooth:  # rows 2k and 2k+1 belong together; between pairs lies nothing
        faces = faces[(faces.min(1) // sides) % 2 == 0]
    vertices = vertices.reshape(-1, 3) @ frame_along(axis).T + np.asarray(center, float)
    return finish(vertices, faces, paint)


def cylinder(start, end, radius: float, paint: Paint, radius_end: float | None = None, sides: int = 28) -> Part:
    """A solid with flat ends between two points; `radius_end` makes it a truncated cone, 0 a cone."""
    start, end = np.asarray(start, float), np.asarray(end, float)
    length = np.linalg.norm(end - start)
    top = radius if radius_end is None else radius_end
    return lathe([(0, 0), (radius, 0), (top, length), (0, length)], paint, start, end - start, sides)


def torus(center, radius: float, thickness: float, paint: Paint, axis=(0, 0, 1), sides: int = 40) -> Part:
    """A ring of circle radius `radius` and tube radius `thickness` around `axis`."""
    phi = np.linspace(0, 2 * np.pi, sides, endpoint=False)[:, None]
    psi = np.linspace(0, 2 * np.pi, 14, endpoint=False)[None]
    ring = radius + thickness * np.cos(psi)
    vertices = np.stack([ring * np.cos(phi), ring * np.sin(phi), thickness * np.sin(psi) + 0 * phi], -1)
    faces = grid_faces(sides + 1, 14, wrap=True)[:, ::-1] % (sides * 14)
    return finish(vertices.reshape(-1, 3) @ frame_along(axis).T + np.asarray(center, float), faces, paint)


def box(center, size, paint: Paint, rotate_deg=(0, 0, 0), bevel: float = 0.12, taper: float = 1.0) -> Part:
    """A box with softened edges. `bevel` is a share of the smallest side in [0, 0.5); `taper` scales the top's x and y."""
    size = np.asarray(size, float)
    radius = max(bevel, 1e-3) * size.min()
    inner = size / 2 - radius
    steps = np.array([-1.0, -0.6, -0.2, 0.2, 0.6, 1.0])
    vertices, faces = [], []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            u, v = np.meshgrid(steps, steps, indexing="ij")
            face = np.stack([np.full_like(u, sign), u, v], -1).reshape(-1, 3)
            face = np.roll(face, axis, axis=1)
            # push the cube's outermost rows around the rounded edge: inner box plus a sphere's direction
            core = np.clip(face / 0.6, -1, 1) * inner
            direction = np.where(np.abs(face) > 0.99, np.sign(face), 0.0)
            outer = np.abs(face) > 0.99
            main = np.zeros(3)
            main[axis] = sign
            only_main = outer.sum(1) == 1
            direction[only_main] = main
            direction /= np.linalg.norm(direction, axis=1, keepdims=True)
            square = grid_faces(6, 6, wrap=False)
            faces.append((square[:, ::-1] if sign > 0 else square) + 36 * len(vertices))
            vertices.append(core + direction * radius)
    vertices = np.concatenate(vertices)
    height = (vertices[:, 2:] / size[2] + 0.5).clip(0, 1)
    vertices[:, :2] *= 1 + (taper - 1) * height
    return finish(vertices @ rotation(*rotate_deg).T + np.asarray(center, float), np.concatenate(faces), paint)


def plate(outline, thickness: float, paint: Paint, center=(0, 0, 0), rotate_deg=(0, 0, 0)) -> Part:
    """A flat piece cut out of a sheet: outline [(y, z), ...] in the y-z plane, counter-clockwise, thick along x.

    Any simple polygon (blades, wings, sails, hearts). Faces +x before `rotate_deg`.
    """
    outline = np.asarray(outline, float)
    triangles = _triangulate(outline)
    n, half = len(outline), thickness / 2
    front = np.column_stack([np.full(n, half), outline])
    back = np.column_stack([np.full(n, -half), outline])
    i = np.arange(n)
    j = (i + 1) % n
    rim = np.concatenate([np.stack([i, j + n, j], -1), np.stack([i, i + n, j + n], -1)]) + 2 * n
    vertices = np.concatenate([front, back, front, back])
    faces = np.concatenate([triangles, triangles[:, ::-1] + n, rim])
    return finish(vertices @ rotation(*rotate_deg).T + np.asarray(center, float), faces, paint)


def _triangulate(outline: np.ndarray) -> np.ndarray:
    """Ear clipping of a simple counter-clockwise polygon; (n - 2, 3) indices."""

    def cross(o, a, b):
        return (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0])

    remaining, triangles = list(range(len(outline))), []
    while len(remaining) > 3:
        for k in range(len(remaining)):
            a, b, c = (remaining[(k + d) % len(remaining)] for d in (-1, 0, 1))
            if cross(outline[a], outline[b], outline[c]) <= 0:
                continue
            others = (outline[q] for q in remaining if q not in (a, b, c))
            corners = outline[a], outline[b], outline[c]
            if not any(all(cross(corners[e], corners[(e + 1) % 3], q) >= 0 for e in range(3)) for q in others):
                break
        triangles.append([remaining[k - 1], remaining[k], remaining[(k + 1) % len(remaining)]])
        remaining.pop(k)
    return np.array(triangles + [remaining])
