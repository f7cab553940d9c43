"""The way back from noise: which timesteps a sample visits, and one step between two of them."""

import pytest
import torch
from diffusers import DDIMScheduler

from mvdream_cli.diffusion.schedule import add_noise, ddim_step, ddim_timesteps, repeat_timestep, training_target
from mvdream_cli.models.single_file import published_scheduler

TRAILING = {"timestep_spacing": "trailing", "rescale_betas_zero_snr": True, "prediction_type": "v_prediction"}
MINI = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012, "clip_sample": False, **TRAILING}


@pytest.mark.parametrize("scheduler", [published_scheduler(), DDIMScheduler(**MINI)], ids=["published", "mini"])
def test_any_number_of_steps_goes_from_noise_to_the_picture(scheduler):
    for steps in range(1, 1001):
        visited = ddim_timesteps(scheduler, steps)
        assert len(visited) == steps and visited == sorted(set(visited), reverse=True)
        stride = 1000 / steps
        assert 999 - stride < visited[0] <= 999 and 0 <= visited[-1] < stride
    for steps in (0, 1001):
        with pytest.raises(ValueError, match="1 to 1000"):
            ddim_timesteps(scheduler, steps)


def test_where_the_steps_divide_the_schedule_they_are_the_official_samplers():
    for steps in (n for n in range(1, 1000) if 1000 % n == 0):
        official = [1 + t for t in range(0, 1000, 1000 // steps)]  # FACTS, section 3
        assert ddim_timesteps(published_scheduler(), steps) == official[::-1]
    assert ddim_timesteps(published_scheduler(), 400)[:3] == [998, 996, 993]


@pytest.mark.parametrize("steps", [1, 2, 8, 20, 25, 50, 100])
@pytest.mark.parametrize("scheduler", [published_scheduler(), DDIMScheduler(**MINI)], ids=["published", "mini"])
def test_a_walk_is_that_of_diffusers_where_its_stride_is_whole(scheduler, steps):
    """Its step takes the next timestep to be 1000 // S lower, which is right there only."""
    torch.manual_seed(0)
    ours = theirs = torch.randn(2, 4, 8, 8)
    scheduler.set_timesteps(steps)
    visited = ddim_timesteps(scheduler, steps)
    assert visited == scheduler.timesteps.tolist()
    for t, following in zip(visited, [*visited[1:], None]):
        prediction = torch.randn(2, 4, 8, 8)
        ours = ddim_step(scheduler, ours, prediction, t, following)
        theirs = scheduler.step(prediction, t, theirs).prev_sample
    torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("steps", [1, 3, 7, 30, 400, 999, 1000])
def test_a_perfect_prediction_leads_to_the_picture_at_any_number_of_steps(steps):
    scheduler = DDIMScheduler(**MINI)
    torch.manual_seed(0)
    x, noise = torch.randn(1, 4, 8, 8), torch.randn(1, 4, 8, 8)
    visited = ddim_timesteps(scheduler, steps)
    latents = add_noise(scheduler, x, noise, repeat_timestep(visited[0], 1))
    for t, following in zip(visited, [*visited[1:], None]):
        prediction = training_target(scheduler, x, noise, repeat_timestep(t, 1))
        latents = ddim_step(scheduler, latents, prediction, t, following)
    torch.testing.assert_close(latents, x, atol=2e-3, rtol=0)


def test_latents_are_clipped_where_the_schedule_says_so():
    scheduler = DDIMScheduler(clip_sample=True, clip_sample_range=0.5, set_alpha_to_one=True, steps_offset=0)
    out = ddim_step(scheduler, torch.full((1, 1, 2, 2), 3.0), torch.zeros(1, 1, 2, 2), 10, None)
    torch.testing.assert_close(out, torch.full((1, 1, 2, 2), 0.5))
