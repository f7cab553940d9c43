"""Broken files before every loader: each must give an answer or one of our errors, within 10 seconds.

    python -m benchmarks.fuzz --minutes 10 [--only glb,obj] [--seed 0] [--keep FOLDER]

Whole small files (benchmarks/doors.py) get flipped bits, are cut, lose or repeat a part, take a part of another, or get a
number, a length or a word that means trouble. Each loader runs in a process of its own. Counts, memory and what failed are
printed; the inputs of what failed are kept.
"""

import argparse
import faulthandler
import multiprocessing
import os
import random
import resource
import shutil
import signal
import struct
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

HANG_SECONDS = 10
CHANGING = ("run", "checkpoint")  # loaders that mend or set aside what they find
NUMBERS = (0, 1, 2, *((1 << bits) - less for bits in (7, 8, 15, 16, 31, 32, 63, 64) for less in (0, 1)))
WORDS = (
    b"{", b"}", b"[", b"]", b'"', b",", b":", b"null", b"true", b"NaN", b"Infinity", b"-1", b"0", b"1e999", b"9" * 30,
    b"9" * 5000, b"1.5", b'""', b"[]", b"{}", b'"\\ud800"', b"\x1b[31m", b"\xff\xfe", b"\xef\xbb\xbf", b"\x00", b"\n", b"..",
    b"/", b"/dev/zero", b"[" * 200, b"*a", b"&a ", b"!!bool ", b"!!timestamp ", b"<<: ", b"- ", b"%20", b"data:,",
    b"\xed\xa0\x80", b"\xe2\x80\xae",
)  # fmt: skip


def broken(content: bytes, other: bytes, pick: Callable[[int], int]) -> bytes:
    """`content`, broken once to four times. `pick(n)` chooses a number in [0, n). `other` is what parts may be taken from."""
    for _ in range(1 + pick(4)):
        at = pick(len(content) + 1)
        end = min(len(content), at + 1 + pick(16 if pick(4) else len(content) + 1))
        kind = pick(8)
        if kind == 0 and content:  # bits
            at = min(at, len(content) - 1)
            content = content[:at] + bytes([content[at] ^ 1 << pick(8)]) + content[at + 1 :]
        elif kind == 1:  # cut
            content = content[:at]
        elif kind == 2:  # a part is lost
            content = content[:at] + content[end:]
        elif kind == 3:  # a part stands twice
            content = content[:end] + content[at:]
        elif kind == 4:  # a part of another
            start = pick(len(other) + 1)
            content = content[:at] + other[start : start + end - at] + content[end:]
        elif kind == 5:  # a length, or another number
            form = "<>"[pick(2)] + "BHIQ"[pick(4)]
            size = struct.calcsize(form)
            content = content[:at] + struct.pack(form, NUMBERS[pick(len(NUMBERS))] % (1 << 8 * size)) + content[at + size :]
        elif kind == 6:  # a word
            content = content[:at] + WORDS[pick(len(WORDS))] + content[at + pick(2) * (end - at) :]
        else:  # a number of a text
            content = _with_number(content, at, pick)
    return content[: 1 << 20]


def _with_number(content: bytes, at: int, pick: Callable[[int], int]) -> bytes:
    """With the first digits from `at` on exchanged for a number that means trouble."""
    digits = b"0123456789"
    while at < len(content) and content[at] not in digits:
        at += 1
    end = at
    while end < len(content) and content[end] in digits:
        end += 1
    return content[:at] + str(NUMBERS[pick(len(NUMBERS))]).encode() + content[end:]


class Hang(BaseException):
    """A loader took too long. No loader catches it."""


def _hang(*_) -> None:
    raise Hang


def fuzz(name: str, seed: int, seconds: float, most: int, keep: Path, results) -> None:
    """Break files before one loader, for so long or so often, and tell what came of it."""
    from benchmarks.doors import LOADERS
    from mvdream_cli.engine import progress
    from mvdream_cli.errors import MVDreamError

    warnings.simplefilter("ignore")
    progress.mute(True)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libraries remark on broken files
    resource.setrlimit(resource.RLIMIT_AS, (64 << 30, 64 << 30))
    signal.signal(signal.SIGALRM, _hang)
    os.fsync = lambda descriptor: None  # what this costs is not asked here
    loader, rng, counts, told = LOADERS[name], random.Random(f"{name} {seed}"), Counter(), {}
    root = Path(tempfile.mkdtemp(prefix="fuzz-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None))
    try:
        pristine, folder = root / "pristine", root / "here"
        pristine.mkdir()
        files = [path.relative_to(pristine) for path in loader.make(pristine)]
        contents = [(pristine / file).read_bytes() for file in files]
        shutil.copytree(pristine, folder)
        for file in files:  # the whole example is read
            loader.load(folder, folder / file)
        before, until = _peak_mb(), time.monotonic() + seconds
        while counts["tried"] < most and time.monotonic() < until:
            k = rng.randrange(len(files))
            content = broken(contents[k], rng.choice(contents), rng.randrange)
            (folder / files[k]).write_bytes(content)
            counts["tried"] += 1
            problem = ""
            signal.alarm(HANG_SECONDS)
            try:
                loader.load(folder, folder / files[k])
                counts["read"] += 1
            except MVDreamError as error:
                counts["refused"] += 1
                longest = max(map(len, str(error).split("\n")))  # settings have a line each
                if longest > 1000:
                    problem = f"a sentence of {longest} characters"
            except Hang:
                problem = "hang"
            except Exception as error:
                at = traceback.extract_tb(error.__traceback__)
                ours = [frame for frame in at if "mvdream_cli" in frame.filename] or at
                problem = f"{type(error).__name__} at {Path(ours[-1].filename).name}:{ours[-1].lineno}: {str(error)[:100]}"
            finally:
                signal.alarm(0)
            if problem:
                counts["failed"] += 1
                key = problem.partition(": ")[0]
                if key not in told:
                    told[key] = problem
                    target = keep / name.replace(" ", "-") / f"{len(told):03d}-{files[k].name}"
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(content)
            if _peak_mb() > before + 700 and "memory" not in told:
                told["memory"] = f"memory: {_peak_mb():.0f} MB"
                target = keep / name.replace(" ", "-") / f"memory-{files[k].name}"
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
            if name in CHANGING:
                shutil.rmtree(folder)
                shutil.copytree(pristine, folder)
            else:
                (folder / files[k]).write_bytes(contents[k])
        results.put((name, dict(counts), before, _peak_mb(), list(told.values())))
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0, help="for all loaders together")
    parser.add_argument("--most", type=int, default=10**9, help="mutations of a loader")
    parser.add_argument("--only", default="", help="loaders, with commas between")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("fuzz"), help="folder for the inputs of what failed")
    options = parser.parse_args()
    from benchmarks.doors import LOADERS

    names = options.only.split(",") if options.only else list(LOADERS)
    context, total, faults = multiprocessing.get_context("fork"), 0, 0
    print("| loader | tried | read | refused | failed | peak MB (whole example) |\n|---|---|---|---|---|---|")
    for name in names:
        results = context.Queue()
        seconds = options.minutes * 60 / len(names)
        process = context.Process(target=fuzz, args=(name, options.seed, seconds, options.most, options.keep, results))
        process.start()
        process.join(seconds + 6 * HANG_SECONDS)
        if process.is_alive() or process.exitcode:
            process.kill()
            print(f"| {name} | died: exit code {process.exitcode} |", flush=True)
            faults += 1
            continue
        _, counts, before, peak, told = results.get()
        total, faults = total + counts["tried"], faults + counts.get("failed", 0) + any("memory" in t for t in told)
        numbers = " | ".join(str(counts.get(key, 0)) for key in ("tried", "read", "refused", "failed"))
        print(f"| {name} | {numbers} | {peak:.0f} ({before:.0f}) |", flush=True)
        for problem in told:
            print(f"    {problem}", flush=True)
    print(f"{total} mutations, {faults} faults")


if __name__ == "__main__":
    faulthandler.enable()
    main()
