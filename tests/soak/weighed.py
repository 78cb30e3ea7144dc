"""Server or agent, as it is, with a second thing that it does: on SIGUSR2 it says what is alive in it, after a collection. So do the
processes of labs, which are forked from the agent.

    python -m tests.soak.weighed server|agent ARGUMENTS…

The answer is a file: of the server in its state directory, of the agent in its run directory, of a lab in its /tmp. With VETHBOARD_TRACE
it also says of which types there are more objects than the first time, and where the memory was allocated that is new since then.
"""

import ctypes
import gc
import json
import os
import re
import runpy
import signal
import sys
import tracemalloc
from collections import Counter
from pathlib import Path

ANSWER = "weighed.json"
MOST = 25
"""So many lines about growth."""
_libc = ctypes.CDLL(None)
_libc.fopen.restype = ctypes.c_void_p
_libc.malloc_info.argtypes = (ctypes.c_int, ctypes.c_void_p)
_libc.fclose.argtypes = (ctypes.c_void_p,)
_first_memory: list[tracemalloc.Snapshot] = []
_first_types: Counter[str] = Counter()


def _new_memory() -> list[str]:
    if not tracemalloc.is_tracing():
        return []
    snapshot = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(False, tracemalloc.__file__)])
    if not _first_memory:
        _first_memory.append(snapshot)
    return [str(line) for line in snapshot.compare_to(_first_memory[0], "lineno")[:MOST]]


def _new_objects() -> list[str]:
    if not tracemalloc.is_tracing():
        return []
    found = Counter(f"{type(o).__module__}.{type(o).__qualname__}" for o in gc.get_objects())
    if not _first_types:
        _first_types.update(found)
    more = Counter({name: count - _first_types[name] for name, count in found.items() if count > _first_types[name]})
    return [f"{count:+} {name} ({found[name]})" for name, count in more.most_common(MOST)]


def _malloc(folder: Path) -> tuple[int, int]:
    """KiB that the allocator of C has from the kernel, and how much of it is free (malloc_info(3))."""
    path = folder / "weighed.malloc"
    file = _libc.fopen(str(path).encode(), b"w")
    if not file:
        return 0, 0
    _libc.malloc_info(0, file)
    _libc.fclose(file)
    whole = path.read_text().rpartition("</heap>")[2]  # the sums of all arenas come last
    path.unlink()
    sizes = {(kind, what): int(size) for what, kind, size in re.findall(r'<(\w+) type="(\w+)"(?: count="\d+")? size="(\d+)"', whole)}
    free = sizes.get(("fast", "total"), 0) + sizes.get(("rest", "total"), 0)
    return (sizes.get(("current", "system"), 0) + sizes.get(("mmap", "total"), 0)) // 1024, free // 1024


def _answer(folder: Path) -> None:
    gc.collect()
    _libc.malloc_trim(0)
    has, free = _malloc(folder)
    part = folder / f"{ANSWER}.part"
    said = {"blocks": sys.getallocatedblocks(), "malloc": has, "free": free, "growth": [*_new_objects(), *_new_memory()]}
    part.write_text(json.dumps(said))
    part.rename(folder / ANSWER)


if __name__ == "__main__":
    _, program, *given = sys.argv
    sys.argv = [program, *given]
    own, place = os.getpid(), Path(given[given.index("--state" if program == "server" else "--run") + 1])
    if os.environ.get("VETHBOARD_TRACE"):
        tracemalloc.start(4)
    signal.signal(signal.SIGUSR2, lambda *_: _answer(place if os.getpid() == own else Path("/tmp")))
    runpy.run_module(program, run_name="__main__", alter_sys=False)
