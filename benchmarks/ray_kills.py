"""Are all prompts made, each once, when workers, machines and the head of a Ray cluster are killed at random?

`python -m benchmarks.ray_kills [--prompts 200] [--minutes 9] [--folder DIR]` starts a head without places and two machines
of one place each on this computer, runs `mvdream to3d --prompts FILE --ray ADDRESS` with a tiny model, and kills with SIGKILL:
a task's process, a machine with all its processes, or the head with all of its. What was killed is started again, and when the
command ends with the head, the same command is given again. After `--minutes` everything is killed, and the next call goes on.

At the end it is counted which prompts are finished, in which folder, whether anything that was finished was ever made again
(its files changed), and whether any half of a file is left; a sample is made again without Ray, and geometry and textures are
compared byte for byte.
"""

import argparse
import contextlib
import csv
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import psutil

PORT = 6399
SETTINGS = (
    "engine.threads=1", "to3d.fit.steps=2", "to3d.views.steps=1", "to3d.field.resolutions=[8,16]", "to3d.fit.rays=64",
    "to3d.rendering.samples_per_ray=16", "export.resolution=24", "export.faces=200", "export.texture_size=64",
    "turntable.formats=[]", "turntable.frames=8", "turntable.size_px=64",
)  # fmt: skip
COLORS = ("red", "blue", "green", "golden", "black", "white", "silver", "pink", "yellow", "orange")
THINGS = ("dog", "cat", "car", "crown", "robot")
ENVIRONMENT = os.environ | {"RAY_AUTH_MODE": "disabled", "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}


def prompts(count: int) -> list[str]:
    """`count` prompts, all different."""
    pairs = [f"a {color} {thing}" for color in COLORS for thing in THINGS]
    return [f"{pairs[k % len(pairs)]}, number {k}" for k in range(count)]


def make_tiny_model(folder: Path) -> None:
    import torch

    from mvdream_cli.models.architectures import build_pipeline
    from mvdream_cli.models.load import save_pipeline

    torch.manual_seed(0)
    save_pipeline(build_pipeline("tiny", prompts(len(COLORS) * len(THINGS))), folder)


class Process:
    """A process and all that it started; `kill` ends them, and nothing else."""

    def __init__(self, *words: str, log: Path, cwd: Path):
        with open(log, "ab") as file:
            self.popen = subprocess.Popen(words, stdout=file, stderr=file, cwd=cwd, env=ENVIRONMENT, start_new_session=True)
        self.handle = psutil.Process(self.popen.pid)
        self.known: dict[int, psutil.Process] = {}

    def look(self) -> list[psutil.Process]:
        """All that this process started and that lives; what was orphaned stays known."""
        with contextlib.suppress(psutil.NoSuchProcess):
            self.known |= {child.pid: child for child in self.handle.children(recursive=True)}
        return [child for child in self.known.values() if child.is_running()]

    @property
    def alive(self) -> bool:
        return self.popen.poll() is None

    def kill(self) -> None:
        for process in [*self.look(), self.handle]:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        self.popen.wait()


class Cluster:
    """A head without places and two machines with one place each, all on this computer."""

    def __init__(self, logs: Path):
        self.logs, self.head, self.machines = logs, None, [None, None]

    def mend(self) -> None:
        """Start what does not run."""
        ray = [
            sys.executable,
            "-m",
            "ray.scripts.scripts",
            "start",
            "--block",
            "--disable-usage-stats",
            "--object-store-memory=80000000",
        ]
        if self.head is None or not self.head.alive:
            self.kill()
            self.head = Process(
                *ray,
                "--head",
                f"--port={PORT}",
                "--num-cpus=0",
                "--include-dashboard=false",
                log=self.logs / "head.log",
                cwd=self.logs,
            )
            time.sleep(8)
        for k, machine in enumerate(self.machines):
            if machine is None or not machine.alive:
                if machine is not None:
                    machine.kill()  # what is left of it
                self.machines[k] = Process(
                    *ray, f"--address=127.0.0.1:{PORT}", "--num-cpus=1", log=self.logs / f"machine-{k}.log", cwd=self.logs
                )

    def processes(self) -> list[Process]:
        return [process for process in (self.head, *self.machines) if process is not None]

    def tasks(self) -> list[psutil.Process]:
        """The processes of tasks at work."""
        found = []
        for process in self.processes():
            for child in process.look():
                try:
                    if child.name().startswith("ray::") and "IDLE" not in child.name():
                        found.append(child)
                except psutil.NoSuchProcess:
                    continue
        return found

    def kill(self) -> None:
        for process in self.processes():
            process.kill()
        self.head, self.machines = None, [None, None]


class Audit:
    """What was seen finished, and whether it was ever seen changed."""

    def __init__(self, objects: Path):
        self.objects, self.seen, self.made_again = objects, {}, set()

    def look(self) -> int:
        for path in self.objects.glob("*/run.json"):
            try:
                finished = json.loads(path.read_text())["status"] == "finished"
            except (OSError, ValueError):
                continue
            if finished:
                stat = (path.parent / "mesh.glb").stat()
                mark = (stat.st_ino, stat.st_mtime_ns)
                if self.seen.setdefault(path.parent.name, mark) != mark:
                    self.made_again.add(path.parent.name)
        return len(self.seen)


def run(folder: Path, count: int, minutes: float, mean_seconds: float, rng: random.Random, tally: dict) -> bool:
    """Make the prompts of `folder` under kills for some minutes; whether the command ended by itself with success."""
    end, logs = time.monotonic() + 60 * minutes, folder / "logs"
    logs.mkdir(exist_ok=True)
    cluster, audit, driver = Cluster(logs), Audit(folder / "objects"), None
    audit.seen = {name: tuple(mark) for name, mark in tally["seen"].items()}
    next_kill = time.monotonic() + 30
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    command = [sys.executable, "-m", "mvdream_cli", "to3d", "--prompts", "prompts.txt", "--model", "tiny", "--out", "objects"]
    command += ["--preset", "cpu", "--method", "views", "--candidates", "1", *settings, "--ray", f"127.0.0.1:{PORT}"]
    try:
        while time.monotonic() < end:
            cluster.mend()
            if driver is None:
                tally["commands"] += 1
                driver = Process(*command, log=logs / "command.log", cwd=folder)
            elif not driver.alive:
                if driver.popen.returncode == 0:
                    audit.look()
                    return True
                tally["exit codes"].append(driver.popen.returncode)
                driver = None
            if time.monotonic() > next_kill:
                next_kill = time.monotonic() + rng.uniform(0.5, 1.5) * mean_seconds
                what = rng.choices(("task", "machine", "head"), (6, 3, 1))[0]
                if what == "head":
                    cluster.head.kill()
                elif what == "machine":
                    rng.choice(cluster.machines).kill()
                elif tasks := cluster.tasks():
                    rng.choice(tasks).kill()
                else:
                    continue
                tally["kills"][what] += 1
            print(f"{audit.look()} of {count} finished, kills {tally['kills']}, commands {tally['commands']}", flush=True)
            time.sleep(3)
        return False
    finally:
        if driver is not None:
            driver.kill()
        cluster.kill()
        tally["seen"], tally["made again"] = audit.seen, sorted({*tally["made again"], *audit.made_again})
        (folder / "tally.json").write_text(json.dumps(tally))


def binary_of(path: Path) -> bytes:
    """Geometry and textures of a GLB, without the part that says when it was made."""
    data = path.read_bytes()
    return data[20 + int.from_bytes(data[12:16], "little") :]


def judge(folder: Path, count: int, sample: int, rng: random.Random) -> dict:
    """What there is at the end."""
    records = [json.loads(path.read_text()) | {"folder": path.parent} for path in (folder / "objects").glob("*/run.json")]
    by_prompt: dict[str, list] = {}
    for record in records:
        by_prompt.setdefault(record["text"], []).append(record)
    finished = [text for text in prompts(count) if any(r["status"] == "finished" for r in by_prompt.get(text, []))]
    rows = list(csv.DictReader((folder / "objects" / "prompts.csv").open()))
    chosen = rng.sample(prompts(count), sample)
    (folder / "sample.txt").write_text("\n".join(chosen) + "\n")
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    command = [
        sys.executable,
        "-m",
        "mvdream_cli",
        "to3d",
        "--prompts",
        "sample.txt",
        "--model",
        "tiny",
        "--out",
        "undisturbed",
    ]
    subprocess.run([*command, "--preset", "cpu", "--method", "views", "--candidates", "1", *settings, "--quiet"], cwd=folder,
                   env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL)  # fmt: skip
    names = [by_prompt[text][0]["folder"].name for text in chosen]
    pairs = [(folder / "objects" / name / "mesh.glb", folder / "undisturbed" / name / "mesh.glb") for name in names]
    same = [binary_of(one) == binary_of(other) for one, other in pairs]
    return {
        "prompts": count,
        "finished": len(finished),
        "in two folders": sum(len(found) > 1 for found in by_prompt.values()),
        "rows of the table": len(rows),
        "rows finished": sum(row["status"] == "finished" for row in rows),
        "halves of files": len([*(folder / "objects").rglob(".tmp-*"), *(folder / "objects").rglob(".old-*")]),
        "sample equal to undisturbed": f"{sum(same)} of {sample}",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=9, help="then everything is killed, and the next call goes on")
    parser.add_argument("--mean-seconds", type=float, default=20, help="between kills")
    parser.add_argument("--sample", type=int, default=10, help="prompts that are made again without Ray")
    parser.add_argument("--folder", type=Path, default=Path("ray-kills"))
    asked = parser.parse_args()
    folder = asked.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    tally_path = folder / "tally.json"
    tally = {
        "kills": {"task": 0, "machine": 0, "head": 0},
        "commands": 0,
        "exit codes": [],
        "seen": {},
        "made again": [],
        "seconds": 0,
    }
    if tally_path.is_file():
        tally = json.loads(tally_path.read_text())
    else:
        make_tiny_model(folder / "tiny")
        (folder / "prompts.txt").write_text("\n".join(prompts(asked.prompts)) + "\n")
    rng = random.Random(tally["commands"])
    began = time.monotonic()
    done = run(folder, asked.prompts, asked.minutes, asked.mean_seconds, rng, tally)
    tally["seconds"] += round(time.monotonic() - began)
    tally_path.write_text(json.dumps(tally))
    if done:
        result = judge(folder, asked.prompts, asked.sample, rng)
        result |= {key: tally[key] for key in ("kills", "commands", "exit codes", "seconds")} | {
            "made again": len(tally["made again"])
        }
        print(json.dumps(result))
    sys.exit(0 if done else 3)


if __name__ == "__main__":
    main()
