"""Prompts on a Ray cluster: one task each, tried again when its worker or machine dies.

The tasks' only result is a row of the table. What a prompt has come to lies in its run folder on storage that all machines
share, so nothing is lost with the cluster: the same command goes on. Ray's own retries are off, because they could start
over (`--restart`) what was finished a moment before its worker died.
"""

import os
import pickle
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from pathlib import Path

from mvdream_cli import __version__
from mvdream_cli.engine.progress import say, warn
from mvdream_cli.engine.signals import Interrupted, Signals
from mvdream_cli.errors import MVDreamError, UsageError
from mvdream_cli.methods.many_prompts import Job, make_row, opened_once
from mvdream_cli.methods.prompt_queue import Event, spread
from mvdream_cli.methods.prompt_table import Table
from mvdream_cli.settings.engine import Ray
from mvdream_cli.settings.machine import visible_gpus

ENVIRONMENT = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_ENDPOINT", "MVDREAM_MODELS")  # goes along with a prompt
# Of ray.exceptions: what tells that a machine went, which is not the prompt's fault.
LOST = ("NodeDiedError", "LocalRayletDiedError", "ObjectLostError", "OwnerDiedError", "RaySystemError")
ASK_SECONDS = 2.0
SAVE_SECONDS = 60.0  # that tasks get to save their state after Ctrl-C

_open_once = None  # of this worker process


def on_ray(
    jobs: Sequence[Job], make: Callable[..., dict], open_model: Callable[..., tuple], root: Path, restart: bool, address: str
) -> Iterator[tuple[int, dict]]:
    """(number, row) of each job as they end, made by the tasks of a Ray cluster.

    Args:
        make, open_model: functions of modules, which each machine has.
        address: "" for Ray's own choice: the cluster of RAY_ADDRESS or of this machine, else a new one on its cores.

    Raises:
        UsageError: no ray, no such cluster, or settings for another machine.
        Interrupted: by a signal, after the tasks saved their state.
    """
    sound = [k for k, job in enumerate(jobs) if not job.problem]
    for k in sorted(set(range(len(jobs))) - set(sound)):
        yield k, make_row(jobs[k], make)
    if not sound:
        return
    chosen = [jobs[k] for k in sound]
    with open(root / "ray.log", "a", encoding="utf-8") as log, redirect_stdout(WithoutRay(sys.stdout, log)):
        yield from _on_ray(chosen, sound, make, open_model, root, restart, address)


def _on_ray(chosen: Sequence[Job], numbers: list[int], make, open_model, root: Path, restart: bool, address: str):
    """`on_ray` of jobs without a problem; numbers: those under which they are known."""
    workers = RayWorkers(_connected(address), chosen[0].settings.engine.ray, chosen, make, open_model, root, restart)
    with Signals() as signals, Table(chosen) as table:

        def look(given: dict) -> None:
            table.show(given, workers.places())
            if signals.caught:
                raise Interrupted(f"after {table.ended} of {len(chosen)} prompts; repeat the command to go on", signals.caught)

        def failed_row(number: int, reason: str) -> dict:
            return make_row(chosen[number]._replace(problem=reason), make)

        try:
            for number, row in spread(len(chosen), workers, workers.deaths, failed_row, look):
                table.end(row)
                workers.check_seen(row)
                yield numbers[number], row
        finally:
            workers.stop()


def _connected(address: str):
    """The module ray, connected to a cluster.

    Raises:
        UsageError: it is not installed, or there is no such cluster.
    """
    try:
        import ray
    except ImportError as error:
        raise UsageError("--ray: needs the package ray; pip install 'mvdream-cli[ray]'") from error
    if address.startswith("ray://"):
        raise UsageError(f"--ray {address}: is for Ray's client; give HOST:6379, on a machine of the cluster")
    host, colon, port = address.rpartition(":")
    if colon and port.isdecimal():
        try:
            socket.create_connection((host, int(port)), timeout=10).close()
        except OSError as error:  # Ray itself would wait for minutes
            raise UsageError(f"--ray {address}: nobody answers there; start a cluster with `ray start --head`") from error
    before = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(address or None, log_to_driver=False, logging_level="error", configure_logging=False)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise UsageError(
            f"--ray {address}: cannot join a cluster there ({str(error).splitlines()[0][:160]}); start one with `ray start`"
        ) from error
    finally:
        if callable(before):  # Ray puts its own in its place
            signal.signal(signal.SIGTERM, before)
    return ray


class WithoutRay:
    """stdout without what Ray's threads print there when machines die: that goes to `log`."""

    def __init__(self, stdout, log):
        self.stdout, self.log = stdout, log

    def write(self, text: str) -> int:
        of_ray = threading.current_thread().name.startswith("ray_")
        return (self.log if of_ray else self.stdout).write(text)

    def __getattr__(self, name: str):
        return getattr(self.stdout, name)


class RayWorkers:
    """The workers of a Ray cluster, as `prompt_queue.spread` wants them."""

    def __init__(self, ray, options: Ray, jobs: Sequence[Job], make, open_model, root: Path, restart: bool):
        self.ray, self.jobs, self.restart = ray, jobs, restart
        self.options, self.deaths = options, options.deaths
        total = ray.cluster_resources()
        self.on_gpus = total.get("GPU", 0) > 0 and self.options.gpus > 0
        if self.on_gpus and not visible_gpus():
            warn("the cluster has GPUs and this machine none: --preset auto is for this machine; name one, such as a100")
        self.unseen = True  # until a run folder of another machine was seen here
        self.running: dict = {}  # stream of a task's events -> number
        self.known_places, self.asked, self.head_lives = 1, 0.0, True
        host, _, port = ray.get_runtime_context().gcs_address.rpartition(":")
        self.head = host, int(port)
        here = {key: os.environ[key] for key in ENVIRONMENT if key in os.environ}
        self.call = pickle.dumps((make, open_model)), root, os.getcwd(), here, __version__
        needs = {"num_gpus": self.options.gpus, "max_calls": 1} if self.on_gpus else {}  # CUDA stays on the GPU it began with
        self.task = ray.remote(num_cpus=self.options.cpus, max_retries=0, num_returns="streaming", **needs)(make_one)
        say(f"Ray: {self.places()} prompts at a time; machines: {sum(node['Alive'] for node in ray.nodes())}")

    def places(self) -> int:
        """Prompts that fit on the cluster as it is now; asked every few seconds.

        Raises:
            MVDreamError: its head is gone. Ray itself would wait for a minute, then end this process without a word.
        """
        if time.monotonic() - self.asked > ASK_SECONDS:
            try:
                socket.create_connection(self.head, timeout=10).close()
            except OSError as error:
                self.head_lives = False
                raise MVDreamError(
                    "the head of the Ray cluster is gone; start it again and repeat the command, which goes on where it was"
                ) from error
            total = self.ray.cluster_resources()
            places = total.get("CPU", 0) / self.options.cpus if self.options.cpus else float("inf")
            if self.on_gpus:
                places = min(places, total.get("GPU", 0) / self.options.gpus)
            self.known_places, self.asked = int(places), time.monotonic()
        return self.known_places

    def start(self, number: int, again: bool) -> None:
        job = self.jobs[number]
        engine = job.settings.engine.model_copy(
            update={"threads": job.settings.engine.threads or max(1, int(self.options.cpus))}
        )
        job = job._replace(settings=job.settings.model_copy(update={"engine": engine}))
        stream = self.task.options(name=job.prompt[:80]).remote(job, self.restart and not again, *self.call)
        self.running[stream] = number

    def wait(self, seconds: float) -> list[Event]:
        if not self.running:
            time.sleep(seconds)
            return []
        waiting = list(self.running)
        ready, _ = self.ray.wait(waiting, num_returns=1, timeout=seconds)
        more, _ = self.ray.wait(waiting, num_returns=len(waiting), timeout=0) if ready else ([], None)
        return [self._event(stream) for stream in more or ready]

    def _event(self, stream) -> Event:
        number, exceptions = self.running[stream], self.ray.exceptions
        try:
            said = self.ray.get(next(stream))
            event = Event(number, "row" if isinstance(said, dict) else "begun", said)
        except tuple(getattr(exceptions, name) for name in LOST) as error:
            event = Event(number, "lost", _first_line(error))
        except (exceptions.RayError, StopIteration) as error:
            event = Event(number, "died", _first_line(error))
        if event.kind != "begun":
            del self.running[stream]
        return event

    def check_seen(self, row: dict) -> None:
        """Warn, once, where what a machine has finished is not to be seen from here."""
        if self.unseen and row["folder"]:
            self.unseen = False
            if not Path(row["folder"]).is_dir():
                warn(f"{row['folder']} was finished and is not seen here: --out must lie on storage that all machines share")

    def stop(self) -> None:
        """Have what is being made save its state and end."""
        if not self.head_lives:
            return
        for stream in self.running:
            self.ray.cancel(stream)
        end = time.monotonic() + SAVE_SECONDS
        while self.running and time.monotonic() < end:
            self.wait(1.0)
        self.ray.shutdown()


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def make_one(
    job: Job, restart: bool, call: bytes, root: Path, folder: str, environment: dict[str, str], version: str
) -> Iterator[str | dict]:
    """The task: yields where it runs, then the row of the table.

    Args:
        call: pickled (make, open_model), opened here when the environment is as it was there.
        root: of the run folders, seen from `folder`, where the command was typed.
    """
    yield f"{socket.gethostname()} {os.getpid()}"
    os.environ.update(environment)

    def begin(settings, prompt: str) -> dict:
        global _open_once
        if version != __version__:
            raise MVDreamError(f"{socket.gethostname()} has mvdream {__version__}, the command {version}; install the same")
        try:
            os.chdir(folder)
        except OSError as error:
            where = f"{socket.gethostname()}: {folder}: {error.strerror}"
            raise MVDreamError(f"{where}; work in a folder that all machines share") from error
        make, open_model = pickle.loads(call)
        _open_once = _open_once or opened_once(open_model)
        return make(settings, prompt, restart=restart, root=root, open_model=_open_once)

    yield make_row(job, begin)
