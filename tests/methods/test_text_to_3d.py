"""The steps of text to 3D, built without a run folder: what they wait for, what they do when memory is short, how they plan."""

from types import SimpleNamespace

import pytest
import torch
from conftest import HostWaits

from mvdream_cli.engine.device import seed_step
from mvdream_cli.methods import text_to_3d
from mvdream_cli.methods.posed_views import sampled_views
from mvdream_cli.methods.text_to_3d import TextTo3D, build_guidance, views_to_fit
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
    count = made.micro_batches[made.phase_of(i)].count
    for micro in range(count):
        seed_step(0, i, micro)
        (made.step(i, micro)[0] / count).backward()
    return torch.cat([p.grad.flatten() for p in made.field.parameters() if p.grad is not None])


@pytest.mark.parametrize("guidance", ["mvdream", "dreamfusion", "sjc", "vsd"])
@pytest.mark.parametrize(
    "extra",
    [
        ["field.kind=dense_grid"],
        ["field.kind=mlp", "light.shading=lambertian", "light.unlit_fraction=0", "light.albedo_probability=0",
         "background.kind=network", "background.random_probability=0"],
    ],
)  # fmt: skip
def test_a_step_waits_for_a_gpu_only_to_drop_rays_and_samples(guidance, extra, tiny, monkeypatch):
    waits, device = HostWaits(), torch.device("meta")
    monkeypatch.setattr(text_to_3d.Occupancy, "update", lambda *_: None)  # reads numbers, but not in every step
    for module in (tiny.unet, tiny.vae, tiny.text_encoder):
        module.to(device)
    waits.take(making(tiny, f"guidance.name={guidance}", *extra, device=device).step)
    assert waits.seen == ["sampling.py", "volume_rendering.py"]


@pytest.mark.parametrize("phase", ["fit", "coarse", "fine"])
def test_short_memory_makes_micro_batches_smaller_and_then_rays_poorer(phase, tiny):
    made = making(tiny, "distillation.coarse_fraction=0.5", "distillation.fit_probability=0", views=True)
    step = {"fit": 0, "coarse": 6, "fine": 11}[phase]
    assert made.phase_of(step) == phase
    made.step(step, 0)
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
