"""Runs a function in a child of its own, in fresh user, network, mount, pid, ipc and uts namespaces, as root of those.

The child is pid 1 there: what it starts dies with it, and so do its namespaces and mounts.
"""

import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.linux import mounts, pids
from agent.linux import namespaces as ns

_FRESH = ns.CLONE_NEWUSER | ns.CLONE_NEWNET | ns.CLONE_NEWNS | ns.CLONE_NEWPID | ns.CLONE_NEWIPC | ns.CLONE_NEWUTS


def _unshare() -> None:
    user, group = os.geteuid(), os.getegid()
    ns.unshare(_FRESH)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1")


def _furnish() -> None:
    """Mounts of our own: /run is empty, /proc and /sys show the fresh namespaces. The second sysfs lets `ip netns exec` mount its own."""
    mounts.make_private()
    mounts.mount("tmpfs", "/run", "tmpfs")
    mounts.mount("proc", "/proc", "proc")
    os.mkdir("/run/sysfs")
    mounts.mount("sysfs", "/run/sysfs", "sysfs")
    mounts.mount("sysfs", "/sys", "sysfs")


def _first_process(body: Callable[[], object], report: int) -> None:
    """Run it; write how it ended."""
    outcome: tuple[str, object] = ("passed", "")
    try:
        _furnish()
        outcome = ("passed", body())
    except pytest.skip.Exception as e:
        outcome = ("skipped", str(e))
    except BaseException:
        outcome = ("failed", traceback.format_exc())
    sys.stdout.flush()
    sys.stderr.flush()
    with os.fdopen(report, "wb") as pipe:
        pickle.dump(outcome, pipe)
    os._exit(0)


def _child(body: Callable[[], object], report: int) -> None:
    """Enter the namespaces, start their first process, stay until it has ended."""
    try:
        pids.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        _unshare()
        first = os.fork()
        if first == 0:
            pids.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            _first_process(body, report)
        os.close(report)
        os.waitpid(first, 0)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    os._exit(0)


_PR_SET_PDEATHSIG = 1


def run_apart(body: Callable[[], object]) -> tuple[str, object]:
    """Run `body` in fresh namespaces: `passed` and what it returned, `skipped` or `failed` and the reason."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        _child(body, write)
    os.close(write)
    try:
        with os.fdopen(read, "rb") as pipe:
            data = pipe.read()
    except BaseException:
        os.kill(child, signal.SIGKILL)
        raise
    finally:
        os.waitpid(child, 0)
    outcome: tuple[str, object] = pickle.loads(data) if data else ("failed", "the process died")
    return outcome
