"""How long `mvdream --help` takes, from process start: python benchmarks/help.py"""

import subprocess
import sys
import time

seconds = []
for _ in range(10):
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "mvdream_cli", "--help"], check=True, capture_output=True)
    seconds.append(time.perf_counter() - started)
print(f"mvdream --help: {min(seconds):.2f} s at best, {sorted(seconds)[len(seconds) // 2]:.2f} s in the middle")
