"""The executable `mvdream`, also as `python -m mvdream_cli`."""

import signal
import sys


def main() -> None:
    """Run the command line, and end the process. A signal that comes while modules are imported is told like any other."""
    noted: list[int] = []
    for signum in (signal.SIGINT, signal.SIGTERM):  # before anything that takes its time
        signal.signal(signum, lambda signum, frame: noted.append(signum))
    from mvdream_cli.boundary import leave, open_closed_streams, run_main

    open_closed_streams()
    leave(run_main(sys.argv[1:], noted))


if __name__ == "__main__":
    main()
