"""AdamW with float32 master weights for parameters held in half precision, exponential averages, learning rates."""

import contextlib
import math
from collections.abc import Callable, Iterable

import torch
from torch import nn

from mvdream_cli.errors import UsageError

HALF = (torch.bfloat16, torch.float16)


def adamw(
    params: Iterable,
    *,
    learning_rate: float,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.01,
    eight_bit: bool = False,
) -> "torch.optim.Optimizer | MasterAdamW":
    """AdamW over parameters or parameter groups (dicts with "params" and their own "lr"...), as torch's.

    float32 parameters get torch's fused AdamW and nothing else. If any parameter is bfloat16 or float16 the result is a
    `MasterAdamW`: updates of 1e-4 relative size, which bfloat16 rounds away, are then kept.

    eight_bit: its two averages in 8 bits with a scale for each block (Dettmers et al. 2022, arXiv:2110.02861), by bitsandbytes.

    Raises UsageError if bitsandbytes is wanted and not installed.
    """
    params = list(params)
    groups = [dict(group) for group in params] if isinstance(params[0], dict) else [{"params": params}]
    for group in groups:
        group["params"] = [p for p in group["params"] if p.requires_grad]
    groups = [group for group in groups if group["params"]]
    parameters = [p for group in groups for p in group["params"]]
    options = {"lr": learning_rate, "betas": betas, "eps": eps, "weight_decay": weight_decay}
    if eight_bit:
        kind = _adamw_in_8_bits()
    else:
        kind, options["fused"] = torch.optim.AdamW, all(p.device.type in ("cpu", "cuda") for p in parameters) or None
    if any(p.dtype in HALF for p in parameters):
        return MasterAdamW(groups, kind, **options)
    return kind(groups, **options)


def _adamw_in_8_bits() -> type:
    try:
        from bitsandbytes.optim import AdamW8bit
    except ImportError as error:
        raise UsageError(
            f"train.optimizer.eight_bit: needs bitsandbytes, which cannot be used here ({error}); pip install bitsandbytes, or "
            "leave it off"
        ) from error
    return AdamW8bit


def adamax(groups: list[dict], *, learning_rate: float) -> torch.optim.Adamax:
    """torch's Adamax, with its own betas and eps, over groups as those of `adamw`; float32 parameters only."""
    kept = [group | {"params": [p for p in group["params"] if p.requires_grad]} for group in groups]
    return torch.optim.Adamax([group for group in kept if group["params"]], lr=learning_rate)


class MasterAdamW:
    """AdamW, torch's or one like it, on float32 copies ("masters") of half-precision parameters.

    A gradient moves to its master as soon as the backward pass has made it, so that micro-batches add up in float32 and
    clipping sees float32; `param_groups` hold the masters. `step` rounds the masters back into the parameters.
    float32 parameters among them are their own masters.
    """

    found_inf: torch.Tensor | None = None

    def __init__(self, groups: list[dict], kind: type = torch.optim.AdamW, **options):
        self.pairs: list[tuple[nn.Parameter, torch.Tensor]] = []
        self._master: dict[nn.Parameter, torch.Tensor] = {}
        self._hooks = []
        for group in groups:
            group["params"] = [self._add(p) for p in group["params"]]
        self.inner = kind(groups, **options)

    @property
    def _step_supports_amp_scaling(self) -> bool:  # torch's name for: `step` does nothing where `found_inf` is 1
        return getattr(self.inner, "_step_supports_amp_scaling", False)

    def _add(self, param: nn.Parameter) -> torch.Tensor:
        if param.dtype not in HALF:
            return param
        master = param.detach().float().clone().requires_grad_(True)
        self.pairs.append((param, master))
        self._master[param] = master

        def take_gradient(p: nn.Parameter) -> None:
            if master.grad is None:
                master.grad = p.grad.float()
            else:
                master.grad.add_(p.grad)
            p.grad = None

        self._hooks.append(param.register_post_accumulate_grad_hook(take_gradient))
        return master

    def master_of(self, param: nn.Parameter) -> torch.Tensor:
        """The float32 tensor that is optimized in place of `param`; `param` itself if it is float32."""
        return self._master.get(param, param)

    @property
    def param_groups(self) -> list[dict]:
        return self.inner.param_groups

    @torch.no_grad()
    def step(self) -> None:
        self.inner.found_inf = self.found_inf
        self.inner.step()
        self._write_back()

    def _write_back(self) -> None:
        if self.pairs:
            params, masters = zip(*self.pairs, strict=True)
            torch._foreach_copy_([p.detach() for p in params], [m.detach() for m in masters])

    def zero_grad(self, set_to_none: bool = True) -> None:
        self.inner.zero_grad(set_to_none=set_to_none)
        for param, _ in self.pairs:
            param.grad = None

    def state_dict(self) -> dict:
        return {"inner": self.inner.state_dict(), "masters": [m.detach() for _, m in self.pairs]}

    @torch.no_grad()
    def load_state_dict(self, state: dict) -> None:
        """Raises ValueError if the state belongs to other parameters."""
        if len(state["masters"]) != len(self.pairs):
            raise ValueError(f"{len(state['masters'])} master weights in the state, {len(self.pairs)} here")
        self.inner.load_state_dict(state["inner"])
        for (_, master), saved in zip(self.pairs, state["masters"], strict=True):
            master.copy_(saved)
        self._write_back()


def step_if(good: torch.Tensor, optimizer) -> None:
    """`optimizer.step()`, which changes nothing where `good` (0-d, bool) is false.

    torch's fused optimizers and `MasterAdamW` look at it on the device; for another one the host has to wait.
    """
    if getattr(optimizer, "_step_supports_amp_scaling", False):
        optimizer.found_inf = 1.0 - good.float()
        optimizer.step()
        del optimizer.found_inf
    elif good:
        optimizer.step()


class Ema:
    """Exponential moving average of a module's parameters, in float32, beside the module.

    Update number t (from 0) with decay d: average <- d_t average + (1 - d_t) parameter, d_t = min(d, (1+t)/(10+t)), so
    that a short run is not held back by its start. With a `MasterAdamW`, the masters are averaged.
    """

    def __init__(self, module: nn.Module, decay: float, optimizer=None):
        self.module, self.decay = module, decay
        source = getattr(optimizer, "master_of", lambda p: p)
        self.names = [name for name, p in module.named_parameters() if p.requires_grad]
        self.params = [p for p in module.parameters() if p.requires_grad]
        self.sources = [source(p) for p in self.params]
        self.averages = [s.detach().float().clone() for s in self.sources]

    @torch.no_grad()
    def update(self, step: int, good: torch.Tensor | bool = True) -> None:
        """Follow the parameters; nothing changes where `good` (0-d, bool) is false, which the host need not know."""
        weight = good * (1.0 - min(self.decay, (1 + step) / (10 + step)))
        torch._foreach_lerp_(self.averages, [s.detach().float() for s in self.sources], [weight] * len(self.sources))

    @torch.no_grad()
    def copy_to(self, module: nn.Module) -> None:
        """Write the averages into `module` (same parameter names), rounding to its dtype."""
        params = dict(module.named_parameters())
        for name, average in zip(self.names, self.averages, strict=True):
            params[name].copy_(average)

    @contextlib.contextmanager
    def applied(self):
        """Within this context the module holds the averages (for previews); afterwards its own weights again."""
        own = [p.detach().clone() for p in self.params]
        self.copy_to(self.module)
        try:
            yield self.module
        finally:
            with torch.no_grad():
                torch._foreach_copy_([p.detach() for p in self.params], own)

    def state_dict(self) -> dict[str, torch.Tensor]:
        return dict(zip(self.names, self.averages, strict=True))

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
        if sorted(state) != sorted(self.names):
            raise ValueError("the averages belong to other parameters")
        for name, average in zip(self.names, self.averages, strict=True):
            average.copy_(state[name])


def warmup_cosine(warmup_steps: int, steps: int, final: float = 0.0) -> Callable[[int, float], float]:
    """(Step, position) -> factor on the learning rate: linear from 1 / `warmup_steps` to 1, then half a cosine to `final`.

    The warm-up counts steps; the cosine ends where the position reaches `steps`.
    """

    def scale(step: int, position: float) -> float:
        progress = min(1.0, max(0.0, position - warmup_steps) / max(1, steps - warmup_steps))
        cosine = final + (1.0 - final) * 0.5 * (1.0 + math.cos(math.pi * progress))
        return min((step + 1) / warmup_steps, cosine) if step < warmup_steps else cosine

    return scale
