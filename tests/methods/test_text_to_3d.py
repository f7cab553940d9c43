"""The steps of text to 3D, built without a run folder: what they wait for, what they do when memory is short, how they plan."""

from types import SimpleNamespace

import pytest
import torch
from conftest import HostWaits

from mvdream_cli.engine.device import seed_step
from mvdream_cli.errors import ConfigError
from mvdream_cli.methods import object_parts, text_to_3d
from mvdream_cli.methods.object_parts import NEGATIVE_PROMPT, build_guidance, build_object
from mvdream_cli.methods.posed_views import sampled_views
from mvdream_cli.methods.text_to_3d import TextTo3D, views_to_fit
from mvdream_cli.parts import Part
from mvdream_cli.scene.field import ScaledField, build_field
from mvdream_cli.settings.resolve import resolve

SMALL = [
    "field.resolutions=[8,16]", "field.levels=3", "field.log2_table=10", "fit.rays=64", "fit.steps=6",
    "distillation.size_px=16", "distillation.coarse_size_px=16", "distillation.rigs=2", "distillation.steps=6",
    "rendering.samples_per_ray=32",
]  # fmt: skip


def making(pipeline, *settings, device="cpu", views=False) -> TextTo3D:
    options = resolve("cpu", [f"to3d.{value}" for value in (*SMALL, *settings)]).to3d
    seed_step(0, -1)
    guidance = build_guidance(pipeline, "a red dog", options)
    shown = sampled_views(torch.rand(4, 16, 16, 3), options.views) if views else None
    return TextTo3D(options, guidance, views_to_fit(shown, options) if views else None, device=device, prompt="a red dog")


def gradient(made: TextTo3D, i: int) -> torch.Tensor:
    """Of the mean loss over the micro-batches of step i, all parameters of the field in one row."""
    made.field.zero_grad()
    for micro, part in enumerate(made.micro_batches[made.phase_of(i)].parts):
        seed_step(0, i, micro)
        (made.step(i, part)[0] * part.share).backward()
    return torch.cat([p.grad.flatten() for p in made.field.parameters() if p.grad is not None])


@pytest.mark.parametrize("guidance", ["mvdream", "dreamfusion", "sjc", "vsd"])
@pytest.mark.parametrize(
    "extra",
    [
        ["field.kind=dense_grid"],
        ["field.kind=voxels", "field.voxels=8", "method=sds", "regularizers.emptiness=[1,1]", "regularizers.center_depth=1"],
        ["field.kind=mlp", "light.shading=lambertian", "light.unlit_fraction=0", "light.albedo_probability=0",
         "background.kind=network", "background.random_probability=0"],
    ],
)  # fmt: skip
def test_a_step_waits_for_a_gpu_only_to_drop_rays_and_samples(guidance, extra, tiny, monkeypatch):
    waits, device = HostWaits(), torch.device("meta")
    monkeypatch.setattr(text_to_3d.Occupancy, "update", lambda *_: None)  # reads numbers, but not in every step
    monkeypatch.setattr(object_parts, "latent_colors", lambda _: torch.zeros(5, 3))  # of the tiny autoencoder's four channels
    for module in (tiny.unet, tiny.vae, tiny.text_encoder):
        module.to(device)
    waits.take(making(tiny, f"guidance.name={guidance}", *extra, device=device).step)
    assert waits.seen == ["sampling.py", "volume_rendering.py"]


@pytest.mark.parametrize("phase", ["fit", "coarse", "fine"])
def test_short_memory_makes_micro_batches_smaller_and_then_rays_poorer(phase, tiny):
    made = making(tiny, "distillation.coarse_fraction=0.5", "distillation.fit_probability=0", views=True)
    step = {"fit": 0, "coarse": 6, "fine": 11}[phase]
    assert made.phase_of(step) == phase
    made.step(step, Part())
    batch = made.micro_batches[phase]
    total, told = batch.total, []
    while (change := made.shrink()) is not None:
        assert batch.count * batch.size == total  # the effective batch stays
        told.append(change)
        assert torch.isfinite(gradient(made, step)).all()
    assert batch.size == 1 and "micro-batches" in told[0] and told[-1] == "16 samples on a ray"
    others = [made.micro_batches[name].count for name in made.micro_batches if name != phase]
    assert others == [1, 1]


def test_micro_batches_of_rays_have_the_gradient_of_their_batch(tiny):
    """Many draws: the mean gradient of halves is that of the whole, up to the noise of the draws."""

    def mean(parts: int) -> torch.Tensor:
        made = making(tiny, "fit.rays=512", "regularizers.opacity_entropy=0", "regularizers.total_variation=0", views=True)
        made.micro_batches["fit"].count = parts
        total = 0
        for repeat in range(12):
            made.field.zero_grad()
            for micro in range(parts):
                seed_step(repeat, 0, micro)
                made.phase = "fit"
                (made.fit_step()[1] / parts).backward()
            total = total + torch.cat([p.grad.flatten() for p in made.field.parameters() if p.grad is not None])
        return total / 12

    whole, halves = mean(1), mean(2)
    assert torch.nn.functional.cosine_similarity(whole, halves, dim=0) > 0.95
    assert 0.9 < halves.norm() / whole.norm() < 1.1


def test_half_of_the_fitting_steps_may_be_fog_and_the_rest_ask_for_a_surface(tiny):
    def losses(weight: float) -> list[float]:
        made = making(tiny, f"fit.depth_variance={weight}", views=True)
        return [(seed_step(0, i), made.step(i, Part())[0].item())[1] for i in range(6)]

    plain, asked = losses(0), losses(10)
    assert plain[:3] == asked[:3] and all(a > p for a, p in zip(asked[3:], plain[3:]))


def test_all_micro_batches_of_a_step_do_the_same(tiny):
    made = making(tiny, "distillation.fit_probability=0.5", views=True)
    phases = [made.phase_of(i) for i in range(6, 12)]
    assert phases == [made.phase_of(i) for i in range(6, 12)] and len({made.phase_of(i) for i in range(6, 200)}) > 1


def test_a_time_budget_leaves_out_steps_by_a_clock(tiny):
    """A step takes a second on the clock that the test holds; 80 % of two minutes, less what was spent, is for steps."""
    made = making(tiny, "fit.steps=100", "distillation.steps=100", "distillation.coarse_fraction=0", views=True)
    now = [0.0]

    def tick(step):
        def timed():
            now[0] += 1.0
            return step()

        return timed

    made.fit_step = tick(made.fit_step)
    made.distillation_step = (lambda step: lambda k: tick(lambda: step(k))())(made.distillation_step)
    run = SimpleNamespace(record={}, seconds=lambda: 16.0)
    run.update = run.record.update
    made.keep_to_budget(2.0, run, now=lambda: now[0])
    assert (made.fit_steps, made.distillation_steps) == (40, 40)
    again = making(tiny, views=True)
    again.keep_to_budget(2.0, run, now=lambda: pytest.fail("a resumed run keeps to what was planned"))
    assert (again.fit_steps, again.distillation_steps) == (40, 40)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_float16_networks_get_a_scaled_loss(dtype, tiny, tmp_path):
    """A small weight of the loss would leave float16 few digits behind the encoder (docs/benchmarks.md)."""
    for module in (tiny.unet, tiny.vae, tiny.text_encoder):
        module.to(dtype)
    assert (making(tiny).method(tmp_path).scaler is not None) == (dtype == torch.float16)


class HalfAsDense(torch.nn.Module):
    """What a field is in a box of twice the size: the same points, the same light lost on a way that is twice as long."""

    def __init__(self, field):
        super().__init__()
        self.field, self.raw_density = field, field.raw_density

    def density(self, points):
        return 0.5 * self.field.density(points)

    def forward(self, points):
        density, rgb = self.field(points)
        return 0.5 * density, rgb


def test_a_larger_box_shows_the_same_as_its_objects_made_smaller(tiny, monkeypatch):
    """Cameras and lamps, in units of the box, twice as far: the same picture, shades included."""
    light = ["light.shading=lambertian", "light.unlit_fraction=0", "light.albedo_probability=0", "field.kind=mlp",
             "light.textureless_probability=0", "cameras.relative_distance=false", "background.kind=color"]  # fmt: skip
    monkeypatch.setattr("mvdream_cli.scene.shading.torch.randn", lambda *size, **_: torch.zeros(*size))  # a shift of the lamp

    def picture(box: float):
        lengths = [f"field.box={box}", f"cameras.distance=[{1.5 * box},{1.8 * box}]", f"light.distance=[{box},{1.5 * box}]"]
        made, seen = making(tiny, "method=sds", *light, *lengths), []
        if box == 2:
            made.field = ScaledField(HalfAsDense(making(tiny, "method=sds", *light).field), box)
        made.occupancy.update(made.field)
        made.guidance.loss = lambda images, cameras, t: seen.append(images.detach()) or images.sum()
        made.phase = "fine"
        torch.manual_seed(3)
        made.distillation_step(0)
        return seen[0]

    one, two = picture(1.0), picture(2.0)
    assert one.std() > 0.01
    torch.testing.assert_close(two, one, atol=1e-3, rtol=0)
    assert build_object(resolve("cpu", ["to3d.field.box=2"]).to3d, None)[0].inner.blob_radius == 0.25  # of 0.5 in its units


def test_pictures_that_are_guided_alone_have_timesteps_and_azimuths_of_their_own(tiny):
    for name, alone in (("mvdream", False), ("dreamfusion", True)):
        made, seen = making(tiny, f"guidance.name={name}", "guidance.t_min=[0,0]", "guidance.t_max=[0.99,0.99]"), []
        made.guidance.loss = lambda images, cameras, t: seen.append((cameras, t)) or images.sum()  # noqa: B023
        made.phase = "fine"
        made.distillation_step(0)
        ((cameras, timestep),) = seen
        assert isinstance(timestep, int) if not alone else timestep.shape == (8,) and len(set(timestep.tolist())) > 4
        sectors = ((cameras.azimuth_deg - 90) / 45).floor() % 8
        assert (sorted(sectors.tolist()) == list(range(8))) == alone


def test_a_field_of_latents_is_distilled_without_an_encoder_and_shown_in_colors(tiny, tmp_path, monkeypatch):
    made = making(
        tiny, "method=sds", "guidance.name=sjc", "field.kind=voxels", "field.voxels=8", "optimizer.name=adamax",
        "regularizers.emptiness=[1,2]", "optimizer.background_learning_rate=1e-4", "optimizer.learning_rate=0.05",
    )  # fmt: skip
    monkeypatch.setattr(tiny, "encode_images", lambda *_: pytest.fail("latents were encoded"))
    method = made.method(tmp_path)
    assert isinstance(method.optimizer, torch.optim.Adamax)
    assert sorted(group["lr"] for group in method.optimizer.param_groups) == [1e-4, 0.05]
    before = made.field.grid.detach().clone()
    method.step(0, Part())[0].backward()
    method.optimizer.step()
    changed = (made.field.grid - before).abs().amax((0, 2, 3, 4))
    assert (changed > 0).all() and made.surroundings.texture.grad.abs().max() > 0
    made.preview(tmp_path / "sides.png")()
    assert (tmp_path / "sides.png").is_file()
    again = build_field(made.field.config())
    again.load_state_dict(made.field.state_dict())
    points = torch.rand(5, 3)
    assert torch.equal(again(points)[1], made.field(points)[1]) and again.colors.abs().max() > 0
    with pytest.raises(ConfigError, match="no pixels to fit"):
        resolve("cpu", ["to3d.field.kind=voxels"])  # the preset's method fits views


def test_weights_that_grow_or_begin_later(tiny, monkeypatch):
    asked = {"orientation": [], "entropy": [], "emptiness": []}
    zero = torch.zeros(())
    monkeypatch.setattr(text_to_3d, "opacity_entropy", lambda opacity: asked["entropy"].append(1) or zero)
    made = making(
        tiny, "method=sds", "distillation.steps=10", "regularizers.opacity_entropy=5", "regularizers.opacity_entropy_start=0.4",
        "regularizers.orientation=[10,1000]", "regularizers.orientation_fraction=0.5",
    )  # fmt: skip
    counts = []
    for i in range(10):
        made.occupancy.update(made.field)
        made.step(i, Part())
        counts.append(len(asked["entropy"]))
    assert counts == [0, 0, 0, 0, 1, 2, 3, 4, 5, 6]
    monkeypatch.setattr(text_to_3d, "orientation", lambda out: torch.ones(()))
    made.guidance.loss = lambda images, cameras, t: 0 * images.sum()
    made.phase = "fine"
    found = [made.distillation_step(k)[1].item() for k in (0, 2, 5, 9)]
    assert found == pytest.approx([10, 10 + 990 * 0.4, 1000, 1000])


def test_the_papers_negative_prompt_is_for_models_that_know_its_words(tiny, monkeypatch):
    options = resolve("cpu", ["to3d.recipe=mvdream-shading", "to3d.field.kind=mlp"]).to3d
    asked, encode = [], tiny.encode_prompt
    monkeypatch.setattr(tiny, "encode_prompt", lambda prompts: asked.append(prompts[-1]) or encode(prompts))
    words = set(NEGATIVE_PROMPT.replace(",", "").split())
    for known in (tiny.known_words, words, None):  # None: a published model, which does not list them
        tiny.known_words = known
        build_guidance(tiny, "a red dog", options)
    assert asked == ["", NEGATIVE_PROMPT, NEGATIVE_PROMPT]
    told = options.model_copy(update={"guidance": options.guidance.model_copy(update={"negative_prompt": "blue"})})
    build_guidance(tiny, "a red dog", told)
    assert asked[-1] == "blue"
