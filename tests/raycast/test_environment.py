"""Light from all around, against plain integration over the sphere."""

from dataclasses import replace

import numpy as np
import pytest
import trimesh

from mvdream_cli.cameras import orbit
from mvdream_cli.raycast.embree import render_views
from mvdream_cli.raycast.environment import (
    HEIGHT,
    ROUGHNESS,
    WIDTH,
    Environment,
    directions,
    harmonics,
    reflection_lobe,
    response,
    solid_angles,
)
from mvdream_cli.raycast.mesh import Mesh
from mvdream_cli.raycast.paint import linear_to_srgb
from mvdream_cli.raycast.points import draw_points
from mvdream_cli.raycast.sky import draw_sky


def unit(rng, count):
    vectors = rng.normal(size=(count, 3))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def integral(radiance, weights):
    """The slow twin: the mean of a map under weights (N, H, W), one place after the other."""
    return np.array([(radiance * w[..., None] * solid_angles()[..., None]).sum((0, 1)) for w in weights])


def ball(roughness=0.9, metal=0.0, color=(0.8, 0.6, 0.4)):
    sphere = trimesh.creation.icosphere(3)
    mesh = Mesh.from_part(sphere.vertices / 2, sphere.faces, np.tile(color, (len(sphere.vertices), 1)))
    return replace(mesh, gloss=np.tile(np.float32([roughness, metal]), (len(sphere.vertices), 1)))


def test_the_cells_of_a_map_cover_the_sphere():
    assert solid_angles().sum() == pytest.approx(4 * np.pi)
    assert np.allclose(np.linalg.norm(directions(), axis=-1), 1)
    basis = harmonics(np.moveaxis(directions(), -1, 0))
    gram = np.einsum("ihw,jhw,hw->ij", basis, basis, solid_angles())
    assert np.allclose(gram, np.eye(9), atol=2e-3)  # orthonormal


@pytest.mark.parametrize("seed", range(4))
def test_matte_surfaces_send_back_the_cosine_weighted_light(seed):
    radiance = draw_sky(np.random.default_rng(seed))
    radiance *= 4 * np.pi / (radiance.mean(-1) * solid_angles()).sum()
    normals = unit(np.random.default_rng(1), 60)
    truth = integral(radiance, np.maximum(directions() @ normals.T, 0).transpose(2, 0, 1) / np.pi)
    found = Environment.of(radiance, 1.0).scattered(normals.T).T
    error = np.abs(found - truth)
    # order 2 leaves out what the cosine lobe has above it: a hundredth of an even sky, more of a hard sun
    assert error.mean() < 0.04 and error.max() < 0.15, (error.mean(), error.max())


@pytest.mark.parametrize("level", range(len(ROUGHNESS)))
def test_reflections_are_the_light_under_the_lobe(level):
    radiance = draw_sky(np.random.default_rng(2))
    environment = Environment.of(radiance, 1.0)
    radiance = radiance * 4 * np.pi / (radiance.mean(-1) * solid_angles()).sum()
    cells = [(3, 9), (20, 64), (31, 0), (33, 100), (60, 127)]
    lobes = [reflection_lobe(directions() @ directions()[cell], ROUGHNESS[level]) for cell in cells]
    lobes = [lobe / (lobe * solid_angles()).sum() for lobe in lobes]
    truth = integral(radiance, lobes)
    assert np.allclose([environment.mirrored[(slice(None), level, *cell)] for cell in cells], truth, rtol=0.02, atol=0.01)
    # between the cells it is bilinear, all around
    ways = np.float32([directions()[cell] for cell in cells])
    seen = environment.reflected(ways.T, np.full(len(ways), level)).T
    assert np.allclose(seen, truth, rtol=0.02, atol=0.01)


@pytest.mark.parametrize(("level", "facing"), [(2, 0.9), (5, 0.5), (7, 0.7), (4, 0.95), (7, 0.05), (6, 1.0)])
def test_the_response_is_the_integral_over_all_light(level, facing):
    """The slow twin draws light evenly from the half sphere."""
    rng, alpha2 = np.random.default_rng(0), ROUGHNESS[level] ** 4
    light = unit(rng, 400_000).astype(float)
    light[:, 2] = np.abs(light[:, 2])
    eye = np.array([np.sqrt(1 - facing**2), 0, facing])
    half = (light + eye) / np.linalg.norm(light + eye, axis=1, keepdims=True)
    density = alpha2 / (np.pi * (half[:, 2] ** 2 * (alpha2 - 1) + 1) ** 2)

    def hidden(c):
        return (-1 + np.sqrt(1 + alpha2 * (1 / c**2 - 1))) / 2

    seen = density / (1 + hidden(light[:, 2]) + hidden(facing)) / (4 * light[:, 2] * facing) * light[:, 2] * 2 * np.pi
    fresnel = (1 - half @ eye) ** 5
    truth = ((1 - fresnel) * seen).mean(), (fresnel * seen).mean()
    assert np.allclose(response(np.array([level]), np.float32([facing])), np.array(truth)[:, None], atol=0.015)


def test_even_light_shows_a_ball_evenly_and_gives_no_more_than_it_gets():
    even = Environment.of(np.ones((HEIGHT, WIDTH, 3)), 0.5)
    for roughness, metal in ((0.9, 0.0), (0.3, 0.0), (0.2, 1.0), (1.0, 1.0)):
        rgba = render_views(ball(roughness, metal, (1, 1, 1)), orbit(0.0, 0.0, 3.0).numpy()[None], 30.0, 48, light=even)[0]
        inner = rgba[20:28, 20:28, :3] / 255.0
        assert np.ptp(inner) < 0.02 and inner.max() <= linear_to_srgb(0.5) + 0.02
        assert inner.min() > linear_to_srgb(0.3)


def test_what_is_bright_above_is_bright_above_and_glossy_things_show_the_sun():
    radiance = np.where(directions()[..., 2:] > 0, 1.5, 0.2) * np.ones(3)
    rgba = render_views(ball(), orbit(0.0, 0.0, 3.0).numpy()[None], 30.0, 48, light=Environment.of(radiance, 0.7))[0]
    assert rgba[12, 24, 0] > int(rgba[24, 24, 0]) + 10 > int(rgba[36, 24, 0]) + 20
    sun = np.full((HEIGHT, WIDTH, 3), 0.3)
    cell = HEIGHT // 2 - 6, WIDTH * 3 // 4  # azimuth 270 of the map is -y, where the camera of azimuth 0 stands
    sun[cell] = 400.0
    shiny, matte = (
        render_views(ball(r), orbit(0.0, 0.0, 3.0).numpy()[None], 30.0, 96, light=Environment.of(sun, 0.5))[0].astype(int)
        for r in (0.2, 1.0)
    )
    spot = np.unravel_index(np.where(shiny[..., 3] > 0, shiny[..., 0] - matte[..., 0], -999).argmax(), shiny.shape[:2])
    # the half-way direction between the eye and a sun at 15.5 degrees
    assert abs(spot[1] - 48) <= 3 and shiny[spot][0] > matte[spot][0] + 40
    assert (48 - spot[0]) / 48 == pytest.approx(np.sin(np.deg2rad(7.7)) * 0.5 / 3 / np.tan(np.deg2rad(15)), abs=0.06)


def test_points_have_the_colors_of_matte_views():
    environment = Environment.of(draw_sky(np.random.default_rng(3)), 0.7)
    mesh = ball(1.0, 0.0)
    rng = np.random.default_rng(0)
    points = draw_points(mesh, environment, 400, rng)
    near = np.abs(points.distance.astype(float)) < 0.01
    normal = points.points[near].astype(np.float32)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    base = np.tile(np.float32([0.8, 0.6, 0.4]), (len(normal), 1))
    expected = environment.lit(base, normal, 1.0, -normal, np.tile(np.float32([1.0, 0.0]), (len(normal), 1)))
    assert near.sum() > 50 and np.abs(points.colors[near].astype(float) - expected).mean() < 0.02
