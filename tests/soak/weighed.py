"""Server or agent, as it is, with a second thing that it does: on SIGUSR2 it says what is alive in it, after a collection. So do the
processes of labs, which are forked from the agent's starter.

    python -m tests.soak.weighed server|agent|agent.lab_starter ARGUMENTS…

The answer is a file: of the server in its state directory, of the agent in its run directory, of a lab in its /tmp. With VETHBOARD_TRACE
it also says of which types there are more objects than the first time. (tracemalloc doubles what a process weighs, and slows it down.)
"""

import ctypes
import gc
import json
import os
import re
import runpy
import signal
import sys
import types
from collections import Counter
from pathlib import Path

from agent.sandbox import starter

ANSWER = "weighed.json"
MOST = 25
"""So many lines about growth."""
_libc = ctypes.CDLL(None)
_libc.fopen.restype = ctypes.c_void_p
_libc.malloc_info.argtypes = (ctypes.c_int, ctypes.c_void_p)
_libc.fclose.argtypes = (ctypes.c_void_p,)
_TRACES = bool(os.environ.get("VETHBOARD_TRACE"))
"""A lab has no environment of the agent's, but this."""
_FOLDERS = {"server": "--state", "agent": "--run"}
"""The argument that says where the answer goes."""
_first_types: Counter[str] = Counter()


def _new_objects() -> list[str]:
    if not _TRACES:
        return []
    found = Counter(_name(o) for o in gc.get_objects())
    if not _first_types:
        _first_types.update(found)
    more = Counter({name: count - _first_types[name] for name, count in found.items() if count > _first_types[name]})
    return [f"{count:+} {name} ({found[name]})" for name, count in more.most_common(MOST)]


def _name(o: object) -> str:
    """Its type; of a function or code also which one, of a dict the first keys."""
    name = f"{type(o).__module__}.{type(o).__qualname__}"
    if isinstance(o, dict):
        return f"{name} {[k for k in list(o)[:3] if isinstance(k, str)]}"
    return f"{name} {o.__qualname__}" if isinstance(o, types.FunctionType) else name


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
    said = {"blocks": sys.getallocatedblocks(), "malloc": has, "free": free, "growth": _new_objects()}
    part.write_text(json.dumps(said))
    part.rename(folder / ANSWER)


if __name__ == "__main__":
    _, program, *given = sys.argv
    sys.argv = [program, *given]
    if program == "agent":  # labs are forked from a process of their own
        starter.PROGRAM = (__spec__.name, *starter.PROGRAM)
    own, place = os.getpid(), Path("/tmp")
    if program in _FOLDERS:
        place = Path(given[given.index(_FOLDERS[program]) + 1])
    signal.signal(signal.SIGUSR2, lambda *_: _answer(place if os.getpid() == own else Path("/tmp")))
    runpy.run_module(program, run_name="__main__", alter_sys=False)
