"""Pieces of the tests that run in a process of their own, because it is killed, or has its limits or its mounts changed."""

import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from server.storage import Storage
from tests.storage.edits import Editor
from topology.model.problems import Problem, ProblemError


def fork(job: Callable[[Callable[[str], None]], None]) -> tuple[int, int]:
    """Run `job(say)` in a child: its pid, and the end of a pipe from which the lines come that it says."""
    read, write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(write)
        return pid, read
    code = 1
    try:
        os.close(read)
        job(lambda line: (os.write(write, f"{line}\n".encode()), None)[1])
        code = 0
    except BaseException as e:
        os.write(write, f"{type(e).__name__}: {e}\n".encode())
    finally:
        os._exit(code)


def lines(read: int) -> list[str]:
    """All that comes until the child is gone."""
    with os.fdopen(read) as f:
        return f.read().splitlines()


def result(job: Callable[[Callable[[str], None]], None]) -> list[str]:
    """What a child that ends by itself says."""
    pid, read = fork(job)
    said = lines(read)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, said
    return said


def kill_after(pid: int, seconds: float) -> None:
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def use_up_descriptors() -> list[int]:
    """Open files until the process may open no more; those that were opened."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    opened = []
    while True:
        try:
            opened.append(os.open("/dev/null", os.O_RDONLY))
        except OSError:
            return opened


def refused(job: Callable[[], object]) -> Problem:
    """The problem with which it is refused."""
    try:
        job()
    except ProblemError as e:
        return e.problem
    raise AssertionError("it was not refused")


def full_disk(state: Path) -> None:
    """Run with `state` on a small file system that is this process's own."""
    storage = Storage.open(state)
    lab = Editor(storage.create("one"))
    ballast = state / "ballast"
    for round in range(3):
        with ballast.open("wb", buffering=0) as f:
            try:
                while True:
                    f.write(b"x" * 4096)
            except OSError:
                pass
        before, count = lab.records, 0
        problem = None
        while problem is None and count < 2000:
            before, count = lab.records, count + 1
            try:
                lab.add(f"n{round}-{count}")
            except ProblemError as e:
                problem = e.problem
        assert problem is not None, "the disk was never full"
        print(round, count, problem.message, problem.errno, sep="|")
        assert lab.records is before
        assert refused(lambda: lab.add("another")).code == "storage"
        ballast.unlink()
        lab.add(f"room-{round}")
    fresh = Storage.open(state).lab("one")
    assert fresh.load().records == lab.records
    print("kept", len(lab.records))


def read_only(state: Path) -> None:
    """Run with `state` on a file system that cannot be written."""
    print(refused(lambda: Storage.open(state)).message)


if __name__ == "__main__":
    {"full_disk": full_disk, "read_only": read_only}[sys.argv[1]](Path(sys.argv[2]))
