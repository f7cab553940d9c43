"""How 100,000 prompts end on 64 GPUs: a simulation of failures and stragglers. No GPU was measured for it.

`python -m benchmarks.scale [--hours 1] [--prompts 100000] ...` draws how long each prompt takes and when machines die, and lets
the GPUs work in two ways: from one queue (`--ray`), or each on its own part of the list (an array of jobs). A task of Ray on a
GPU is a process of its own and opens the model for each prompt; a job of an array opens it once. A prompt whose machine dies
loses what came after its last checkpoint. All numbers that go in are assumptions and are printed; docs/scale.md says where
they come from.
"""

import argparse
import heapq
import json
import random
from collections import deque
from dataclasses import asdict, dataclass

FAIL, BACK, FREE = "fail", "back", "free"


@dataclass
class Assumed:
    """hours: of a prompt, mean. spread: sigma of their logarithm. stragglers: share that takes `straggler_times` as long."""

    prompts: int = 100_000
    machines: int = 8
    gpus_each: int = 8
    hours: float = 1.0
    spread: float = 0.2
    stragglers: float = 0.01
    straggler_times: float = 4.0
    machine_days: float = 30.0  # between failures of a machine, mean
    repair_hours: float = 4.0
    worker_deaths: float = 0.001  # share of prompts whose process dies once: out of memory, a fault of a driver
    checkpoint_minutes: float = 10.0
    start_minutes: float = 2.0  # imports, opening of the model, reading of the checkpoint


def simulate(assumed: Assumed, one_queue: bool, seed: int = 0) -> dict:
    """Hours until all is done, and where they went."""
    rng = random.Random(seed)
    gpus = assumed.machines * assumed.gpus_each
    work = [_hours(assumed, rng) for _ in range(assumed.prompts)]
    shared = deque(range(assumed.prompts))
    lists = [shared if one_queue else deque(range(g, assumed.prompts, gpus)) for g in range(gpus)]
    again: deque[int] = deque()  # of the one queue: prompts that lost their machine go first
    down = [False] * assumed.machines
    at_work: dict[int, tuple[int, float, bool]] = {}  # GPU -> (prompt, since when it computes, whether its process will die)
    opened = [False] * gpus  # whether a process with the model is there
    turn = [0] * gpus  # tells events of an earlier turn of a GPU from those of this one
    busy = lost = 0.0
    done = failures = deaths = restarted = 0
    died_once: set[int] = set()
    events: list = []
    ended, first_idle = 0.0, float("inf")

    def failure_of(machine: int, now: float) -> None:
        heapq.heappush(events, (now + rng.expovariate(1 / (24 * assumed.machine_days)), FAIL, machine, 0))

    def begin(gpu: int, now: float) -> None:
        nonlocal first_idle
        mine = again if one_queue and again else lists[gpu]
        if down[gpu // assumed.gpus_each]:
            return
        if not mine:
            first_idle = min(first_idle, now)
            return
        prompt = mine.popleft()
        dies = prompt not in died_once and rng.random() < assumed.worker_deaths
        since = now + (0 if opened[gpu] else assumed.start_minutes / 60)
        opened[gpu] = not one_queue
        at_work[gpu], turn[gpu] = (prompt, since, dies), turn[gpu] + 1
        heapq.heappush(events, (since + work[prompt] * (rng.random() if dies else 1.0), FREE, gpu, turn[gpu]))

    def stop(gpu: int, now: float) -> None:
        """What is lost when a process ends early; the prompt is put back."""
        nonlocal busy, lost, restarted
        prompt, since, _ = at_work.pop(gpu)
        turn[gpu], opened[gpu] = turn[gpu] + 1, False
        worked = max(0.0, now - since)
        kept = worked // (assumed.checkpoint_minutes / 60) * (assumed.checkpoint_minutes / 60)
        work[prompt] -= kept
        busy += kept
        lost += worked - kept
        restarted += 1
        (again if one_queue else lists[gpu]).appendleft(prompt)

    for machine in range(assumed.machines):
        failure_of(machine, 0.0)
    for gpu in range(gpus):
        begin(gpu, 0.0)
    while done < assumed.prompts:
        now, kind, which, its_turn = heapq.heappop(events)
        if kind == FREE and its_turn == turn[which]:
            if at_work[which][2]:
                deaths += 1
                died_once.add(at_work[which][0])
                stop(which, now)
            else:
                prompt, since, _ = at_work.pop(which)
                busy += work[prompt]
                done, ended = done + 1, now
            begin(which, now)
        elif kind != FREE:
            here = range(which * assumed.gpus_each, (which + 1) * assumed.gpus_each)
            down[which] = kind == FAIL
            if kind == FAIL:
                failures += 1
                for gpu in here:
                    if gpu in at_work:
                        stop(gpu, now)
                heapq.heappush(events, (now + assumed.repair_hours, BACK, which, 0))
            else:
                failure_of(which, now)
            for gpu in range(gpus):  # what was put back may find a free one
                if gpu not in at_work:
                    begin(gpu, now)
    return {
        "days": round(ended / 24, 2),
        "days without any loss": round(assumed.prompts * assumed.hours / gpus / 24, 2),
        "GPUs at useful work": round(busy / (gpus * ended), 4),
        "machines failed": failures,
        "processes died": deaths,
        "prompts begun again": restarted,
        "GPU hours lost to them": round(lost, 1),
        "hours from the first idle GPU to the end": round(ended - first_idle, 2),
    }


def _hours(assumed: Assumed, rng: random.Random) -> float:
    """Of one prompt; their mean is `hours`."""
    mean = assumed.hours / (1 + assumed.stragglers * (assumed.straggler_times - 1))
    hours = mean * rng.lognormvariate(-(assumed.spread**2) / 2, assumed.spread)
    return hours * (assumed.straggler_times if rng.random() < assumed.stragglers else 1.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, value in asdict(Assumed()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    parser.add_argument("--seed", type=int, default=0)
    given = vars(parser.parse_args())
    seed = given.pop("seed")
    assumed = Assumed(**given)
    print(json.dumps({"assumed": asdict(assumed)}))
    for name, one_queue in (("one queue (--ray)", True), ("a part each (array of jobs)", False)):
        print(json.dumps({"way": name} | simulate(assumed, one_queue, seed)))


if __name__ == "__main__":
    main()
