"""The names of all settings, today's and earlier ones."""

import re

from conftest import ROOT

from mvdream_cli.settings import Settings
from mvdream_cli.settings.names import GROUPS, SETTINGS, nest, places
from mvdream_cli.settings.renamed import NOW_A_GROUP, RENAMED

# Names of the settings of version 0.1.0's first presets, section by section; engine has kept its.
OLD_NAMES = {
    "train": """
        component data images init autoencoder architecture steps batch_size micro_batch_size views_per_object
        learning_rate final_learning_rate_share warmup_steps weight_decay grad_clip ema_decay caption_dropout
        background timestep_power single_image_share gradient_checkpointing encode_batch_size crop_px
        latent_noise edge_weight save_half preview_prompts
    """,
    "sample_views": """
        negative_prompt suffix views samples steps guidance_scale elevation_deg azimuth_deg
    """,
    "to3d": """
        negative_prompt suffix method views candidates agreement_weight view_steps view_guidance_scale
        view_elevation_deg view_fovy_deg view_distance fit_steps fit_rays fit_background_weight fit_rim_px
        minutes recipe guidance prior steps loss guidance_scale rescale t_min t_max t_anneal_share sds_weight
        anchor_share coarse_share coarse_size_px coarse_rigs render_size_px rigs fovy_deg elevation_deg
        sphere_share camera_distance relative_distance camera_jitter background background_random_share shading
        unlit_share albedo_probability textureless_probability ambient light_distance vsd_rank vsd_learning_rate
        normals orient_weight sparsity_weight field hash_levels hash_table_log2 grid_resolutions blob_density
        blob_radius samples_per_ray occupancy_every learning_rate network_learning_rate
        final_learning_rate_share weight_decay opaque_weight smooth_weight formats
    """,
    "dreambooth": """
        images subject prompt steps batch_size learning_rate weight_decay preservation preservation_weight
        lora_rank class_prompt prior_images prior_weight background attention gradient_checkpointing keep_best
        save_half preview_prompts
    """,
    "export": "format",
    "data": """
        objects first split kinds worn views size_px fovy_deg elevation_deg camera_distance form
        objects_per_shard workers
    """,
}


def test_names_are_those_of_the_models():
    assert SETTINGS["to3d.views.steps"] is type(Settings().to3d.views).model_fields["steps"] and "model" in SETTINGS
    assert GROUPS["to3d.views"] is type(Settings().to3d.views) and GROUPS[""] is Settings
    assert not GROUPS.keys() & SETTINGS.keys()


def test_every_earlier_name_is_still_one_or_says_what_became_of_it():
    earlier = [f"{section}.{key}" for section, keys in OLD_NAMES.items() for key in keys.split()]
    assert len(earlier) == len(set(earlier)) == 135
    assert [name for name in earlier if name not in SETTINGS and name not in RENAMED and name not in NOW_A_GROUP] == []
    assert sorted({*RENAMED, *NOW_A_GROUP} - {*earlier}) == []


def test_what_became_of_a_name_exists():
    for old, new in (RENAMED | NOW_A_GROUP).items():
        assert all(name in SETTINGS for name in re.split(r", | and ", new)), new
        assert old not in SETTINGS and (old in GROUPS) == (old in NOW_A_GROUP), old


def test_a_word_is_found_wherever_it_is_or_was_the_last():
    assert places("rays") == places("fit_rays") == places("rays", "to3d") == ["to3d.fit.rays"] and places("rays", "train") == []
    assert places("learning_rate", "train") == ["train.optimizer.learning_rate"]
    assert nest("a.b.c", 1) == {"a": {"b": {"c": 1}}}


def test_every_setting_has_a_line_of_help_and_angles_and_pixels_their_unit():
    for name, field in SETTINGS.items():
        assert field.description and len(field.description) <= 110, name
        if re.search("elevation|azimuth|fovy", name):
            assert name.endswith("_deg"), name
    for name, group in GROUPS.items():
        for key in group.model_fields:
            assert "." not in key and "-" not in key, name


def test_names_in_documents_and_benchmarks_are_of_today():
    """docs/log.md tells of the past, in the words of then."""
    pages = [
        ROOT / "README.md",
        *(ROOT / "docs").glob("*.md"),
        *ROOT.glob("benchmarks/**/*.md"),
        *ROOT.glob("presets/**/*.yaml"),
    ]
    named = [
        (page.name, name)
        for page in pages
        for name in re.findall(r"--set\s+[\"']?([a-z0-9_]+\.[a-z0-9_.]+)=", page.read_text(encoding="utf-8"))
        if page.name != "log.md" and not name.startswith("section.")  # the pattern itself
    ]
    sections = "|".join(name for name in GROUPS if name and "." not in name)
    for page in ROOT.glob("benchmarks/**/*.py"):  # texts such as "to3d.method=sds"
        named += [
            (page.name, n) for n in re.findall(rf"[\"']((?:{sections})\.[a-z0-9_.]+)[=\"']", page.read_text(encoding="utf-8"))
        ]
    assert len(named) >= 30 and [(page, name) for page, name in named if name not in SETTINGS] == []
