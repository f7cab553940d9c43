"""What glTF materials look like, told by pictures from the front: (v up) the picture's rows run as those of a texture."""

import numpy as np
import pytest
from gltf_files import SQUARE_UV, Glb, base

from mvdream_cli.cameras import orbit
from mvdream_cli.raycast.assets import load_asset
from mvdream_cli.raycast.embree import render_views
from mvdream_cli.raycast.light import Light

FLAT = Light(ground=1.0, sky=0.0, lamp=0.0)
RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)
LEFT_RED = np.array([[RED, GREEN]] * 2)  # 2 x 2 texels
QUADRANTS = np.array([[RED, GREEN], [BLUE, WHITE]])
CORNERS = [(24, 24), (24, 72), (72, 24), (72, 72)]  # of a picture of 96 px, inside the square's quarters


def picture(glb: Glb, path, size_px: int = 96, light=FLAT) -> np.ndarray:
    """The file from the front; its square of side 2 fills the picture."""
    mesh = load_asset(glb.save(path)).normalise()
    c2w = orbit(90.0, 0.0, 20.0).numpy()[None]
    return render_views(mesh, c2w, 2 * np.rad2deg(np.arctan(0.5 / 20)), size_px, light=light)[0]


def seen(glb: Glb, path) -> list[tuple]:
    """Colors of the four quarters."""
    image = picture(glb, path)
    return [tuple(image[place][:3].tolist()) for place in CORNERS]


def test_a_texture_lies_the_right_way(tmp_path):
    glb = Glb()
    big = np.kron(QUADRANTS, np.ones((8, 8, 1)))
    glb.mesh(glb.square({"pbrMetallicRoughness": base(texture=glb.image(big))}))
    assert seen(glb, tmp_path / "a.glb") == [RED, GREEN, BLUE, WHITE]


@pytest.mark.parametrize(("transform", "expected"), [
    ({"scale": [0.5, 1]}, [RED] * 2 + [BLUE] * 2),
    ({"scale": [0.5, 1], "offset": [0.5, 0]}, [GREEN] * 2 + [WHITE] * 2),
    ({"offset": [0, 0.5]}, [BLUE, WHITE, RED, GREEN]),
    ({"rotation": np.pi / 2}, [BLUE, RED, WHITE, GREEN]),  # places turn counter-clockwise, so the picture clockwise
    ({"texCoord": 1}, [WHITE] * 4),
])  # fmt: skip
def test_texture_transform(tmp_path, transform, expected):
    glb = Glb(extensionsRequired=["KHR_texture_transform"])
    big = np.kron(QUADRANTS, np.ones((16, 16, 1)))
    info = {"extensions": {"KHR_texture_transform": transform}}
    second = np.full((4, 2), 0.75, np.float32)
    glb.mesh(glb.square({"pbrMetallicRoughness": base(texture=glb.image(big), **info)}, TEXCOORD_1=second))
    assert seen(glb, tmp_path / "a.glb") == expected


def test_the_second_set_of_places_and_a_set_that_is_not_there(tmp_path):
    glb = Glb()
    red = np.array([[0.25, 0.5]] * 4, np.float32)
    material = {"pbrMetallicRoughness": base(texture=glb.image(LEFT_RED), texCoord=1)}
    glb.mesh(glb.square(material, TEXCOORD_1=red))
    assert seen(glb, tmp_path / "a.glb") == [RED] * 4
    del glb.tree["meshes"][0]["primitives"][0]["attributes"]["TEXCOORD_1"]
    assert seen(glb, tmp_path / "a.glb") == [WHITE] * 4
    assert load_asset(tmp_path / "a.glb").losses == ("a texture lies on TEXCOORD_1, which a part of the mesh does not have",)


@pytest.mark.parametrize(("wrap", "expected"), [(10497, RED), (33071, GREEN), (33648, GREEN)])
def test_what_is_beyond_the_sides_of_a_texture(tmp_path, wrap, expected):
    glb = Glb(samplers=[{"wrapS": wrap, "wrapT": wrap}])
    texture = glb.image(np.kron(LEFT_RED, np.ones((8, 8, 1))))
    glb.tree["textures"][texture]["sampler"] = 0
    beyond = np.array([[1.25, 0.5]] * 4, np.float32)  # right of the green side
    glb.mesh(glb.square({"pbrMetallicRoughness": base(texture=texture)}, TEXCOORD_0=beyond))
    assert seen(glb, tmp_path / "a.glb") == [expected] * 4


def leaf() -> np.ndarray:
    """Green and opaque in the left half; magenta, which nobody may see, in the right one."""
    pixels = np.zeros((32, 32, 4))
    pixels[:, :16], pixels[:, 16:] = (0, 255, 0, 255), (255, 0, 255, 0)
    return pixels


def test_alpha_mask_cuts_and_what_is_cut_away_lends_no_color(tmp_path):
    glb = Glb()
    glb.mesh(glb.square({"pbrMetallicRoughness": base(texture=glb.image(leaf())), "alphaMode": "MASK"}))
    image = picture(glb, tmp_path / "a.glb")
    assert image[48, 20].tolist() == [0, 255, 0, 255] and image[48, 76].tolist() == [0, 0, 0, 0]
    there = image[..., 3] > 0
    assert 0.45 < there.mean() < 0.55 and (image[there][:, 0] < 8).all()


def test_mask_takes_its_cutoff_and_the_opacity_of_factor_and_vertices(tmp_path):
    for factor, vertex, cutoff, there in [(0.6, 1.0, 0.5, True), (0.6, 1.0, 0.7, False), (1.0, 0.4, 0.5, False)]:
        glb = Glb()
        material = {"pbrMetallicRoughness": base((1, 0, 0, factor)), "alphaMode": "MASK", "alphaCutoff": cutoff}
        colors = np.tile(np.array([[1, 1, 1, vertex]], np.float32), (4, 1))
        glb.mesh(glb.square(material, COLOR_0=colors))
        assert picture(glb, tmp_path / "a.glb")[48, 48].tolist() == ([255, 0, 0, 255] if there else [0, 0, 0, 0])


def test_opaque_means_that_alpha_is_nothing(tmp_path):
    glb = Glb()
    glb.mesh(glb.square({"pbrMetallicRoughness": base((1, 1, 1, 0.1), texture=glb.image(leaf()))}))
    assert picture(glb, tmp_path / "a.glb")[48, 76].tolist() == [255, 0, 255, 255]


def test_blended_surfaces_let_see_what_is_behind_in_the_order_of_depth(tmp_path):
    """Glass over glass over a red thing; nothing is behind the right half."""
    glb = Glb()
    pane = {"pbrMetallicRoughness": base((0, 0, 1, 0.5)), "alphaMode": "BLEND"}
    green = {"pbrMetallicRoughness": base((0, 1, 0, 0.5)), "alphaMode": "BLEND"}
    thing = {"pbrMetallicRoughness": base((1, 0, 0, 1))}
    glb.mesh(glb.square(green, at=(0, 0, 0.1)), glb.square(pane, at=(0, 0, 0.2)), glb.square(thing, at=(-0.5, 0, 0), size=0.5))
    image = picture(glb, tmp_path / "a.glb").astype(int)
    assert np.abs(image[48, 24] - [64, 64, 128, 255]).max() <= 1
    assert np.abs(image[48, 84] - [0, 85, 170, 191]).max() <= 1  # straight alpha


def test_a_label_on_an_opaque_surface_is_seen(tmp_path):
    glb = Glb()
    label = {"pbrMetallicRoughness": base((0, 1, 0, 1)), "alphaMode": "BLEND"}
    glb.mesh(glb.square({"pbrMetallicRoughness": base((1, 0, 0, 1))}), glb.square(label, size=0.5))
    image = picture(glb, tmp_path / "a.glb")
    assert image[48, 40].tolist() == [0, 255, 0, 255] and image[8, 8].tolist() == [255, 0, 0, 255]


def test_glass_of_transmission_is_seen_through(tmp_path):
    glb = Glb()
    glass = {
        "pbrMetallicRoughness": base((1, 1, 1, 1)),
        "extensions": {"KHR_materials_transmission": {"transmissionFactor": 1}},
    }
    glb.mesh(glb.square(glass, at=(0, 0, 0.2)), glb.square({"pbrMetallicRoughness": base((1, 0, 0, 1))}))
    red, green, _, alpha = picture(glb, tmp_path / "a.glb")[48, 40].tolist()
    assert red > 250 and green < 80 and alpha == 255


def test_a_fan_of_leaves_is_seen_to_its_last_layer(tmp_path):
    """More cut-out layers than a scene has in practice, and an opaque thing behind them."""
    glb = Glb()
    cut = {"pbrMetallicRoughness": base((0, 1, 0, 0.2)), "alphaMode": "MASK"}
    glb.mesh(
        *(glb.square(cut, at=(0, 0, 0.01 * k)) for k in range(1, 20)), glb.square({"pbrMetallicRoughness": base((1, 0, 0, 1))})
    )
    assert picture(glb, tmp_path / "a.glb")[48, 40].tolist() == [255, 0, 0, 255]


def test_emission_is_seen_without_light_and_added_to_what_is_lit(tmp_path):
    dark = Light(ground=0.0, sky=0.0, lamp=0.0)
    glb = Glb()
    texture = glb.image(np.kron(LEFT_RED, np.ones((8, 8, 1))))
    material = {"pbrMetallicRoughness": base((0, 0, 0, 1)), "emissiveFactor": [1, 1, 1], "emissiveTexture": {"index": texture}}
    glb.mesh(glb.square(material))
    image = picture(glb, tmp_path / "a.glb", light=dark)
    assert image[48, 24].tolist() == [255, 0, 0, 255] and image[48, 72].tolist() == [0, 255, 0, 255]
    glb = Glb()
    shining = {"emissiveFactor": [0.1, 0, 0], "extensions": {"KHR_materials_emissive_strength": {"emissiveStrength": 10}}}
    glb.mesh(glb.square({"pbrMetallicRoughness": base((0, 0, 1, 1)), **shining}))
    assert picture(glb, tmp_path / "a.glb")[48, 48].tolist() == [255, 0, 255, 255]


def test_specular_glossiness_shows_its_diffuse_color_and_of_a_metal_the_specular_one(tmp_path):
    gold, grey = [1.0, 0.77, 0.34], [0.04] * 3
    for diffuse, specular, texture, expected in [
        ([1, 0, 0, 1], grey, None, RED), ([1, 1, 1, 1], grey, LEFT_RED, RED), ([0, 0, 0, 1], gold, None, (255, 226, 157)),
    ]:  # fmt: skip
        glb = Glb(extensionsUsed=["KHR_materials_pbrSpecularGlossiness"])
        gloss = {"diffuseFactor": diffuse, "specularFactor": specular}
        if texture is not None:
            gloss["diffuseTexture"] = {"index": glb.image(np.kron(texture, np.ones((8, 8, 1))))}
        material = {"extensions": {"KHR_materials_pbrSpecularGlossiness": gloss}}
        glb.mesh(glb.square(material))
        assert np.abs(np.array(seen(glb, tmp_path / "a.glb")[0]) - expected).max() <= 3


def test_unlit_webp_and_mirrored_parts_stay_right(tmp_path):
    glb = Glb(extensionsRequired=["EXT_texture_webp", "KHR_materials_unlit"])
    texture = glb.image(np.full((8, 8, 3), RED), "WEBP")
    glb.tree["textures"][texture] = {"extensions": {"EXT_texture_webp": {"source": 0}}}
    glb.mesh(glb.square({"pbrMetallicRoughness": base(texture=texture), "extensions": {"KHR_materials_unlit": {}}}))
    glb.tree["nodes"][0]["scale"] = [-1, 1, 1]
    assert np.abs(np.array(seen(glb, tmp_path / "a.glb")) - RED).max() <= 5


def test_pictures_that_cannot_be_had_are_told_and_the_factor_is_the_color(tmp_path):
    glb = Glb()
    broken, gone, ktx, none = (glb.image(b"no picture") for _ in range(4))
    glb.tree["images"][gone] = {"uri": "gone.png"}
    glb.tree["textures"][ktx] = {"extensions": {"KHR_texture_basisu": {"source": 0}}}
    glb.tree["textures"][none] = {}
    eps = glb.image(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")  # would start Ghostscript
    glb.mesh(*(glb.square({"pbrMetallicRoughness": base((1, 0, 0, 1), texture=k)}) for k in (broken, gone, ktx, none, eps, 77)))
    assert seen(glb, tmp_path / "a.glb") == [RED] * 4
    losses = load_asset(tmp_path / "a.glb").losses
    for words in ("no picture of a kind", "gone.png: the file is not there", "KTX2", "names no image", "77 is not there"):
        assert any(words in loss for loss in losses), (words, losses)
    assert len(losses) == 6


def test_a_material_that_is_not_there_or_makes_no_sense_is_white_and_told(tmp_path):
    glb = Glb()
    primitive = glb.square({"pbrMetallicRoughness": {"baseColorFactor": ["red"]}})
    glb.mesh(primitive, {**primitive, "material": 9})
    assert seen(glb, tmp_path / "a.glb") == [WHITE] * 4
    assert [loss[:10] for loss in load_asset(tmp_path / "a.glb").losses] == ["material 0", "material 9"]


def test_places_on_a_texture_are_those_of_the_file(tmp_path):
    glb = Glb()
    glb.mesh(glb.square({"pbrMetallicRoughness": base(texture=glb.image(LEFT_RED))}))
    np.testing.assert_allclose(load_asset(glb.save(tmp_path / "a.glb")).uv, SQUARE_UV * [1, -1] + [0, 1])


@pytest.mark.parametrize(("told", "textured", "expected"), [
    ({"metallicFactor": 0.5, "roughnessFactor": 0.8}, False, (0.8, 0.5)),
    ({"metallicFactor": 0.5, "roughnessFactor": 0.8}, True, (0.4, 0.25)),
    ({"baseColorFactor": [1, 1, 1, 1]}, False, (1.0, 1.0)),
    ({}, False, (1.0, 0.0)),
])  # fmt: skip
def test_roughness_and_metalness_are_factors_times_the_means_of_their_texture(tmp_path, told, textured, expected):
    glb = Glb()
    if textured:
        told = told | {"metallicRoughnessTexture": {"index": glb.image(np.array([[(0, 255, 255), (0, 0, 0)]] * 2))}}
    glb.mesh(glb.square({"pbrMetallicRoughness": told}))
    assert np.allclose(load_asset(glb.save(tmp_path / "a.glb")).gloss, expected, atol=0.01)
