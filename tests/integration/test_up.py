"""`vethboard up`: starts, comes back with its labs, survives the death of its parts, leaves nothing."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.leaks import left_over, machine
from tests.support import ROOT, Stack, eventually

pytestmark = pytest.mark.machine
EXAMPLE = str(ROOT / "examples/two-namespaces.json")


@pytest.fixture
def own() -> Iterator[Stack]:
    """A Vethboard that the test may stop and kill."""
    before = machine()
    stack = Stack()
    try:
        yield stack
    finally:
        stack.close()
    assert not left_over(before, machine())


def child(stack: Stack, module: str) -> int:
    """The pid of the agent or the server of this stack."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            argv = (process / "cmdline").read_bytes().split(b"\0")
            parent = int((process / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if argv[1:3] == [b"-m", module.encode()] and parent == stack.process.pid:
                return int(process.name)
    raise AssertionError(f"no {module} runs")


def index(stack: Stack) -> int:
    return int(json.loads(stack.inside("one", "ns0", "ip", "-j", "link", "show", "veth0"))[0]["ifindex"])


def pings(stack: Stack) -> bool:
    stack.cli("ping", "one", "ns0", "10.0.1.2", "-c", "1")
    return True


def test_labs_come_back_at_the_next_start_and_nothing_is_left_in_between(own: Stack) -> None:
    before = machine()
    own.cli("apply", "one", EXAMPLE)
    own.stop()
    assert not {k: v for k, v in left_over(before, machine()).items() if k != "run"}
    own.start()
    eventually(lambda: pings(own))


@pytest.mark.parametrize("module", ["server", "agent"])
def test_sigkill_of_a_part_leaves_the_labs_as_they_were(own: Stack, module: str) -> None:
    own.cli("apply", "one", EXAMPLE)
    own.inside("one", "ns0", "ip", "link", "add", "mark", "type", "bridge")
    document, was = own.cli("export", "one"), index(own)
    os.kill(child(own, module), signal.SIGKILL)
    eventually(lambda: pings(own))
    assert index(own) == was
    assert own.cli("export", "one") == document


@pytest.mark.parametrize("times", [1, 2])
def test_an_agent_that_cannot_be_started_again_ends_no_lab(own: Stack, times: int) -> None:
    own.cli("apply", "one", EXAMPLE)
    was = index(own)
    path = own.run / "agent.sock"
    agent = child(own, "agent")
    path.unlink()
    (path / "in-the-way").mkdir(parents=True)  # the next agent can't listen there
    os.kill(agent, signal.SIGKILL)
    time.sleep(3 * times)
    assert own.process.poll() is None
    (path / "in-the-way").rmdir()
    path.rmdir()
    eventually(lambda: pings(own), 30)
    assert index(own) == was


def test_sigkill_of_a_lab_brings_it_back_from_its_document_and_says_so(own: Stack) -> None:
    own.cli("apply", "one", EXAMPLE)
    events = subprocess.Popen(
        [sys.executable, "-m", "cli", "--state", str(own.state), "events", "one"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert events.stdout
    events.stdout.readline()
    (lab,) = [int(p.name) for p in Path("/proc").glob("[0-9]*") if inner_pid(p) == 1 and descends(p, child(own, "agent"))]
    os.kill(lab, signal.SIGKILL)
    said = next(line for line in events.stdout if '"notice"' in line)
    events.terminate()
    events.wait()
    events.stdout.close()
    assert "document" in said
    eventually(lambda: pings(own))


def inner_pid(process: Path) -> int:
    """The pid that a process has in its innermost pid namespace; 0 for one that is in ours."""
    with contextlib.suppress(OSError):
        line = next(line for line in (process / "status").read_text().splitlines() if line.startswith("NSpid:"))
        pids = line.split()[1:]
        return int(pids[-1]) if len(pids) > 1 else 0
    return 0


def descends(process: Path, ancestor: int) -> bool:
    """Whether `ancestor` is among its parents."""
    pid = int(process.name)
    while pid > 1:
        if pid == ancestor:
            return True
        pid = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    return False


def test_a_second_one_with_the_same_state_is_refused_in_one_line(own: Stack) -> None:
    done = subprocess.run([sys.executable, "-m", "cli", "up", "--state", str(own.state)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"already running with this state directory (pid {own.process.pid})" in done.stderr


def test_a_second_server_does_not_write_the_same_state(own: Stack) -> None:
    argv = [sys.executable, "-m", "server", "--port", "0", "--state", str(own.state), "--agent", str(own.run / "agent.sock")]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"another server writes here (pid {child(own, 'server')})" in done.stderr
    own.cli("labs")


def test_sigkill_of_up_ends_its_children_and_their_labs(own: Stack) -> None:
    own.cli("apply", "one", EXAMPLE)
    pids = [child(own, "server"), child(own, "agent"), lab_pid(own)]
    own.process.kill()
    own.process.wait()
    eventually(lambda: not any(is_running(pid) for pid in pids), 60)
    own.start()
    eventually(lambda: pings(own), 30)


def test_a_start_that_fails_ends_no_labs(own: Stack) -> None:
    """As with a disk that is full: here the server finds its port taken."""
    own.cli("apply", "one", EXAMPLE)
    was, lab = index(own), lab_pid(own)
    os.kill(own.process.pid, signal.SIGSTOP)
    for pid in (child(own, "agent"), own.process.pid):
        os.kill(pid, signal.SIGKILL)
    own.process.wait()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        eventually(lambda: taken.bind(("127.0.0.1", own.port)) is None, 30)
        taken.listen()
        argv = [sys.executable, "-m", "cli", "up", "--state", str(own.state), "--port", str(own.port)]
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 1
        assert "1 labs that ran run on" in done.stderr
        assert is_running(lab)
    own.start()
    eventually(lambda: pings(own), 30)
    assert index(own) == was


def lab_pid(stack: Stack) -> int:
    return int(json.loads((stack.run / "labs/one.json").read_text())["pid"])


def is_running(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_without_root_it_says_so_in_one_line() -> None:
    script = "import os,sys; os.geteuid = lambda: 1000; sys.argv = ['vethboard', 'up']; import cli.__main__ as m; sys.exit(m.main())"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "root" in done.stderr
    assert "sudo script/up" in done.stderr
