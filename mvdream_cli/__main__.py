"""The executable `mvdream`, also as `python -m mvdream_cli`. From its first line on a signal is answered in one sentence."""

import sys

from mvdream_cli.engine import signals


def main() -> None:
    signals.note()  # before what takes its time to be imported
    from mvdream_cli.boundary import leave, open_closed_streams, run_main

    open_closed_streams()
    leave(run_main(sys.argv[1:]))


if __name__ == "__main__":
    main()
