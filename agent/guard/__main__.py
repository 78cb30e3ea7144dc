"""python -m agent.guard FOLDER PARENT LOG_FORMAT: the guard of the labs in FOLDER, until the process PARENT ends. Reports are written to
standard output."""

import os
import signal
import sys
from pathlib import Path

from agent.guard.process import Guard
from agent.linux import pids
from logs import configure, failure

_PR_SET_PDEATHSIG = 1


def main() -> int:
    """For ever; the exit code where it fails, which is not for good: it is started again."""
    folder, parent, form = sys.argv[1:]
    configure("guard", "json" if form == "json" else "text")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal, also for the agent: which ends the labs first
    pids.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):
        return 0
    try:
        Guard(Path(folder), sys.stdout.fileno()).run()
    except Exception as e:
        failure(e, "the guard of the labs ends, and is started again")
    return 1


if __name__ == "__main__":
    sys.exit(main())
