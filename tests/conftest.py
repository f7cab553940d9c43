"""Shared by all tests: a tiny real model, a tiny real multi-view set, and the command line in a process of its own."""

import atexit
import functools
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from functools import partial
from pathlib import Path

# Tests run in several processes: each, and the command lines that it starts, takes its share of the cores and no more.
THREADS = max(1, (os.cpu_count() or 1) // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
os.environ.setdefault("OMP_NUM_THREADS", str(THREADS))
os.environ["MVDREAM_CONFIG"] = ""  # whose tests they are makes no difference

import pytest  # noqa: E402
import torch  # noqa: E402
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402

from mvdream_cli.parts import Part  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT))  # for benchmarks; what is installed comes first
# What the command lines of tests compute with, whatever the processor is fast at. Any CPU can compute both, one of them slowly:
# CI runs the tests that are marked `numeric` a second time with MVDREAM_TEST_DTYPE=bfloat16.
DTYPE = os.environ.get("MVDREAM_TEST_DTYPE", "float32")


@pytest.fixture(scope="session", autouse=True)
def _few_threads():
    torch.set_num_threads(THREADS)


@pytest.fixture(scope="session")
def captions() -> list[str]:
    return ["a red dog wearing a black hat", "a blue cat", "a green car, 3d asset", "a golden crown", "a red car"]


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory, captions) -> Path:
    """A model folder of the tiny architecture, weights as drawn."""
    from mvdream_cli.models.architectures import build_pipeline
    from mvdream_cli.models.load import save_pipeline

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("models") / "tiny"
    words = {word for caption in captions for word in caption.replace(",", "").split()}
    return save_pipeline(build_pipeline("tiny", captions), folder, words=words)


@pytest.fixture(scope="module")
def tiny_inputs(tiny_folder, tmp_path_factory) -> Path:
    """A folder `inputs` with the tiny model, for commands of `faults.trials` that need no more."""
    folder = tmp_path_factory.mktemp("trials") / "inputs"
    folder.mkdir()
    (folder / "model").symlink_to(tiny_folder)
    return folder


@pytest.fixture(scope="session")
def reconstructing_folder(tiny_folder, tmp_path_factory) -> Path:
    """The tiny model with a reconstructor that sees a ball in all views."""
    from mvdream_cli.models.architectures import build_reconstructor
    from mvdream_cli.models.load import load_pipeline, save_pipeline

    torch.manual_seed(0)
    pipeline, network = load_pipeline(str(tiny_folder)), build_reconstructor("tiny", 32)
    pipeline.register_modules(reconstructor=network)
    learn_a_ball(network)
    return save_pipeline(pipeline, tmp_path_factory.mktemp("models") / "reconstructing", words={"red", "dog"})


def learn_a_ball(network, radius: float = 0.3, steps: int = 100) -> None:
    """Teach a network that every object is a ball, whatever its views show."""
    from mvdream_cli.cameras import orbit_views

    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    c2w, fovy_deg = orbit_views(4, 15.0, distance=1.77).expand(2, -1, -1, -1), torch.full((2, 4), 37.5)
    for _ in range(steps):
        points = torch.nn.functional.normalize(torch.randn(2, 256, 3), dim=-1) * torch.rand(2, 256, 1) * 0.9
        distance, _ = network(torch.rand(2, 1, 1, 1, 3).expand(2, 4, 32, 32, 3), c2w, fovy_deg, points)
        loss = (distance - (points.norm(dim=-1) - radius).clamp(-0.1, 0.1)).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.02, float(loss)
    network.eval().requires_grad_(False)


@pytest.fixture
def tiny(tiny_folder):
    """The tiny pipeline, loaded as a command loads it."""
    from mvdream_cli.models.load import load_pipeline

    return load_pipeline(str(tiny_folder))


@pytest.fixture
def tiny_with_posterior(tiny):
    """The tiny pipeline with an autoencoder of the published class, as it is drawn: its posteriors are wide."""
    from diffusers import AutoencoderKL

    torch.manual_seed(0)
    vae = AutoencoderKL(
        block_out_channels=[8, 8, 16], down_block_types=["DownEncoderBlock2D"] * 3, up_block_types=["UpDecoderBlock2D"] * 3,
        layers_per_block=1, latent_channels=4, norm_num_groups=4,
    )  # fmt: skip
    tiny.register_modules(vae=vae.eval().requires_grad_(False))
    return tiny


@pytest.fixture(scope="session")
def view_set(tmp_path_factory) -> Path:
    """Eight toybox objects, four views of 32 px each."""
    from mvdream_cli.data.render_set import render_dataset

    folder = tmp_path_factory.mktemp("views")
    render_dataset(toy_sources(8), folder, num_views=4, size_px=32, workers=1)
    return folder


@pytest.fixture(scope="session")
def point_set(tmp_path_factory) -> Path:
    """As `view_set`, eight views, with points."""
    from mvdream_cli.data.render_set import render_dataset

    folder = tmp_path_factory.mktemp("points")
    render_dataset(toy_sources(5), folder, num_views=8, size_px=32, points=300, workers=1)
    return folder


def toy_sources(count: int) -> list:
    from mvdream_cli.data.sources import AssetSource
    from mvdream_toybox.world import build, draw_spec

    return [AssetSource(f"toy-{i}", partial(build, draw_spec(0, i)), f"a toy number {i}") for i in range(count)]


class HostWaits(TorchDispatchMode):
    """Notes what would make the host wait for a GPU, with torch's "meta" device in its place: which has no values.

    Those are counting what a mask holds and copies that the host sees through to their end; reading a number is an error
    there anyway.

    `seen`: the file in which each happened.
    """

    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs, aten = kwargs or {}, torch.ops.aten
        if func is aten.nonzero.default and args[0].is_meta:
            self._note()
            return torch.empty(max(args[0].numel() // 2, 1), args[0].dim(), dtype=torch.long, device="meta")
        result = func(*args, **kwargs)
        tensors = [x for x in (*args, result) if isinstance(x, torch.Tensor)]
        if len({x.is_meta for x in tensors}) == 2 and not kwargs.get("non_blocking"):
            self._note()
        return result

    def take(self, step):
        """Take two steps and keep the waits of the second: the first also sends what stays."""
        for i in range(2):
            self.seen.clear()
            with self:
                step(i, Part(0, 2, 2))[0].backward()

    def _note(self):
        files = [Path(frame.filename) for frame in traceback.extract_stack()]
        self.seen.append(next(file.name for file in reversed(files) if "mvdream_cli" in file.parts))


def command_line(*args) -> list[str]:
    """The words of a command line, with the number type of the tests where it computes."""
    computes = args and args[0] in ("to3d", "train", "sample-views", "dreambooth")
    dtype = ["--set", f"engine.dtype={DTYPE}"] if computes and not any("engine.dtype" in str(arg) for arg in args) else []
    return [*map(str, args), *dtype]


def environment() -> dict[str, str]:
    """Of a command line: this checkout, no network."""
    return {"HF_HUB_OFFLINE": "1"} | os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"}


def start(*args, cwd, close: tuple[int, ...] = (), **options) -> subprocess.Popen:
    """A command line in a process of its own, as a user starts it. close: numbers of streams that it does not get."""
    command = [sys.executable, "-m", "mvdream_cli", *command_line(*args)]

    def begin() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # background jobs of a shell ignore Ctrl-C, and tests run there too
        for number in close:
            os.close(number)

    options["preexec_fn"] = begin
    return subprocess.Popen(command, cwd=cwd, env=environment(), **options)


@functools.cache
def _forkserver() -> subprocess.Popen:
    server = subprocess.Popen(
        [sys.executable, str(ROOT / "tests" / "forkserver.py")], env=environment(), stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    atexit.register(server.kill)
    return server


def mvdream(*args, cwd, **fault) -> subprocess.CompletedProcess:
    """Run the command line as a user does, offline, and wait for it: a process of its own, forked where imports are done.

    `fault`: what is to go wrong on the way, the arguments of `faults.injection.install`.
    """
    return at_once(args, cwd=cwd, **fault)[0]


def at_once(*command_lines, cwd, **fault) -> list[subprocess.CompletedProcess]:
    """As `mvdream`, several that begin at the same moment."""
    server, jobs = _forkserver(), []
    with tempfile.TemporaryDirectory() as folder:
        for k, args in enumerate(command_lines):
            streams = {name: str(Path(folder) / f"{name}-{k}") for name in ("stdout", "stderr")}
            job = {"args": command_line(*args), "cwd": str(cwd), "environment": environment(), **streams}
            jobs.append(job | ({"fault": fault} if fault else {}))
        server.stdin.write(json.dumps(jobs) + "\n")
        server.stdin.flush()
        codes = json.loads(server.stdout.readline())
        told = [[Path(job[name]).read_text(encoding="utf-8") for name in ("stdout", "stderr")] for job in jobs]
    return [subprocess.CompletedProcess(job["args"], code, *texts) for job, code, texts in zip(jobs, codes, told)]
