"""A sandbox that does not come up is given up in time, wherever it hangs, and none of its processes is left."""

import subprocess
import sys

import pytest

from tests.support import ROOT

SCRIPT = """
import asyncio, os, socket, sys, threading, time
from functools import partial
from pathlib import Path
from agent import sandbox
from agent.linux import namespaces, pids
from agent.sandbox import limits, root, uids
from topology.model.limits import Limits

pids.prctl(pids.PR_SET_CHILD_SUBREAPER, 1)
sandbox.START_SECONDS = 1.0
over = threading.Event()
hang = lambda *_, **__: over.wait(30)
where = {"user": (sandbox, "_take_id"), "confine": (limits, "confine"), "limits": (limits, "rlimits"), "root": (root, "build")}
where["lock"] = (sandbox, "_lock_down")
setattr(*where[sys.argv[1]], hang)

def begin(listener, parent):
    told, tell = os.pipe()
    pid = os.fork()
    if pid:
        parent.send(b"+%d" % pid)
        os.write(tell, b"+")
    else:
        os.read(told, 1)  # its pid comes first
        sandbox.become(sandbox.Lab("hangs", Limits(), uids.base(977), listener, parent, lambda *_: time.sleep(60)))

async def start():
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(sys.argv[2])
        listener.listen()
        try:
            await sandbox.make("hangs", Limits(), uids.base(977), partial(begin, listener), lambda _: None)
        except OSError as e:
            print(e.strerror)
    over.set()

def children():
    return [pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()]

asyncio.run(start())
limits.release("hangs")
end = time.monotonic() + 10
while children() and time.monotonic() < end:
    time.sleep(0.02)
print("left:", children())
"""


@pytest.mark.parametrize("where", ["user", "confine", "limits", "root", "lock"])
def test_it_hangs(where: str, tmp_path: object) -> None:
    argv = [sys.executable, "-c", SCRIPT, where, f"{tmp_path}/lab.sock"]
    done = subprocess.run(
        argv, cwd=ROOT, capture_output=True, text=True, timeout=60, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/usr/sbin"}
    )
    assert done.stdout.splitlines() == ["the sandbox was not ready after 1 s", "left: []"], done.stderr
