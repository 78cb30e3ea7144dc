"""The server, as it is, with a second thing that it does: on SIGUSR2 it says what is alive in it, after a collection.

The answer is a file of its state directory. With VETHBOARD_TRACE it also says where the memory was allocated that is new since the first
time.
"""

import ctypes
import gc
import json
import os
import signal
import sys
import tracemalloc
from pathlib import Path

from server.__main__ import main

ANSWER = "weighed.json"
_first: list[tracemalloc.Snapshot] = []


def _growth() -> list[str]:
    if not tracemalloc.is_tracing():
        return []
    snapshot = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(False, tracemalloc.__file__)])
    if not _first:
        _first.append(snapshot)
    return [str(line) for line in snapshot.compare_to(_first[0], "lineno")[:15]]


def _answer(state: Path) -> None:
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    part = state / f"{ANSWER}.part"
    part.write_text(json.dumps({"blocks": sys.getallocatedblocks(), "growth": _growth()}))
    part.rename(state / ANSWER)


if __name__ == "__main__":
    given = sys.argv
    place = Path(given[given.index("--state") + 1])
    if os.environ.get("VETHBOARD_TRACE"):
        tracemalloc.start(4)
    signal.signal(signal.SIGUSR2, lambda *_: _answer(place))
    sys.exit(main())
