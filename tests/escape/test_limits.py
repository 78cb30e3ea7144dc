"""A lab reaches each of its limits: the kernel enforces it, and everybody in the lab is told which one it is."""

import json
import queue
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.sandbox import limits as enforced
from cli.client import Client
from cli.up import limits_file
from protocol.public import Edit, Exec, Notice, Open
from tests.support import Stack
from topology.edit.commands import AddNamespace
from topology.model.problems import Code, ProblemError

LIMITS = {
    "labs": {"small": {"processes": 60, "memory": "96M", "sockets": "16M", "disk": "8M", "terminals": 4, "namespaces": 12, "interfaces": 8}}
}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A server with a limits file, and in it the lab `small`."""
    file = tmp_path_factory.mktemp("limits") / "limits.json"
    file.write_text(json.dumps(LIMITS))
    stack = Stack("--limits", str(file))
    stack.cli("new", "small")
    yield stack
    stack.close()


def notice(stack: Stack, script: str, name: str) -> str:
    """What everybody in the lab is told while the script runs in its host."""
    with stack.client() as client:
        client.request(Open(id=client.next_id(), lab="small"))
        client.send(Exec(id=client.next_id(), lab="small", namespace="host", argv=("python3", "-c", script)))
        return _wait(client, name)


def _wait(client: Client, name: str) -> str:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            event = client.receive(timeout=1)
        except queue.Empty:
            continue
        if isinstance(event, Notice) and event.problem.code is Code.LIMIT and event.problem.message.startswith(name):
            return event.problem.message
    raise AssertionError(f"no notice of {name}")


def test_processes(small: Stack) -> None:
    fork = "import os, time\ntry:\n  while True:\n    if os.fork() == 0: time.sleep(3); os._exit(0)\nexcept OSError: time.sleep(3)"
    assert notice(small, fork, "processes") == "processes: 60 of 60"
    small.cli("stop", "small")  # what is left of it would keep the next test from starting anything
    small.cli("start", "small")
    small.live("small")


def test_memory(small: Stack) -> None:
    hog = "x = []\nwhile True: x.append(b'x' * (1 << 20))"
    assert notice(small, hog, "memory") == "memory: 96 MiB of 96 MiB"
    assert small.inside("small", "host", "echo", "still here") == "still here\n"


UDP = """
import socket, time
s = socket.socket(type=socket.SOCK_DGRAM)
kept = []
while len(kept) < 400:
    kept.append(socket.socket(type=socket.SOCK_DGRAM))
    kept[-1].bind(("127.0.0.1", 0))
    for _ in range(4):
        s.sendto(bytes(60000), kept[-1].getsockname())
held = sum(int.from_bytes(k.getsockopt(socket.SOL_SOCKET, 55, 4), "little") for k in kept)
print(held >> 20, flush=True)
time.sleep(2)
"""
"""400 sockets, of which each has datagrams of up to 208 KiB: 80 MB (SO_MEMINFO is 55)."""
RINGS = """
import mmap, socket, struct, threading, ctypes, time
made = 0
kept = []
def ring(blocks, option=5):
    global made
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.setsockopt(263, option, struct.pack("=4I", 1 << 20, blocks, 2048, blocks * 512))
    made += blocks
    return s
def attempt(way):
    global made
    try:
        for _ in range(24):
            way()
    except OSError as e:
        assert e.errno == 12, e
def hide_in_a_message():
    s = ring(1)
    socket.send_fds(ours, [b"x"], [s.fileno()])
    s.close()
def hide_in_memory():
    s = ring(1)
    kept.append(mmap.mmap(s.fileno(), 1 << 20))
    s.close()
def hide_in_a_thread():
    def run():
        ctypes.CDLL(None).unshare(0x400)
        try:
            ring(1).detach()
        except OSError:
            pass
        done.set()
        time.sleep(60)
    done = threading.Event()
    threading.Thread(target=run, daemon=True).start()
    done.wait()
ours, theirs = socket.socketpair()
attempt(lambda: kept.append(ring(4096)))
attempt(lambda: kept.append(ring(2)))
kept.pop().close()
made -= 2
attempt(lambda: kept.append(ring(1, 13)))
kept[-3:] = []
made -= 1 + 1 + 2
attempt(hide_in_a_message)
attempt(hide_in_memory)
attempt(hide_in_a_thread)
print(made)
time.sleep(2)
"""


def test_buffers_of_udp(small: Stack) -> None:
    if enforced.version() != 1:
        pytest.skip("version 2 counts them as memory")
    small.inside("small", "host", "ip", "link", "set", "lo", "up")
    assert notice(small, UDP, "sockets") == "sockets: 16 MiB of 16 MiB"
    held = int(small.inside("small", "host", "python3", "-c", UDP.replace("time.sleep(2)", "")))
    assert 0 < held <= 16


def test_buffers_of_udp_outside() -> None:
    """The control: without the limit all of it is held."""
    inside = ["unshare", "--net", "sh", "-c", 'ip link set lo up; exec "$@"', "sh", sys.executable, "-c", UDP.replace("time.sleep(2)", "")]
    assert int(subprocess.run(inside, check=True, capture_output=True, text=True).stdout) > 64


def test_packet_rings(small: Stack) -> None:
    """However they are held: open, mapped, under way in a message, by a thread with files of its own; in one call for 4 GiB, or in many."""
    small.inside("small", "host", "ip", "link", "set", "lo", "up")
    assert notice(small, RINGS, "sockets").endswith("of 16 MiB")
    assert int(small.inside("small", "host", "python3", "-c", RINGS)) <= 16
    script = "(sleep 0.5; ping -c 3 127.0.0.1 > /dev/null) & timeout 5 tcpdump -c 2 -n -i lo 2>&1"
    assert "2 packets captured" in small.inside("small", "host", "sh", "-c", script)


def test_packet_rings_outside() -> None:
    """The control, with rings of 32 MiB: nothing holds root of the machine."""
    small = RINGS.replace("ring(4096)", "ring(1)").replace("time.sleep(2)", "").replace("time.sleep(60)", "time.sleep(1)")
    inside = ["unshare", "--net", sys.executable, "-c", small]
    assert int(subprocess.run(inside, check=True, capture_output=True, text=True).stdout) > 64


NETLINK = """
import os, socket, struct, time
print(os.getpid(), flush=True)
kept = []
message = struct.pack("=IHHII", 20000, 0x20, 0, 0, 0) + bytes(20000 - 16)
while len(kept) < MANY:
    kept.append(socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, 2))
    kept[-1].bind((0, 0))
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, 2)
    s.setblocking(False)
    try:
        while True: s.sendto(message, (kept[-1].getsockname()[0], 0))
    except OSError: pass
    s.close()
    time.sleep(0.001)
print(sum(sum(struct.unpack("=9I", k.getsockopt(socket.SOL_SOCKET, 55, 36))[0:3:2]) for k in kept) >> 20, flush=True)
time.sleep(20)
"""
"""Sockets of netlink that nobody reads, with some 200 KiB each; they say how many MiB all hold."""
PACKET = """
import socket, time
kept = []
s = socket.socket(type=socket.SOCK_DGRAM)
while len(kept) < MANY:
    kept.append(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)))
    kept[-1].bind(("lo", 3))
    for _ in range(6):
        s.sendto(bytes(60000), ("127.0.0.1", 9))
    time.sleep(0.001)
print(sum(int.from_bytes(k.getsockopt(socket.SOL_SOCKET, 55, 4), "little") for k in kept) >> 20, flush=True)
time.sleep(20)
"""


@pytest.mark.parametrize(("script", "most"), [(NETLINK, 400), (PACKET, 400)], ids=["netlink", "packet"])
def test_buffers_that_no_cgroup_counts(small: Stack, script: str, most: int) -> None:
    """The guard ends the program, and says which it was."""
    small.inside("small", "host", "ip", "link", "set", "lo", "up")
    told = notice(small, script.replace("MANY", str(most)), '"python3')
    assert "was ended: it had" in told
    assert "MiB in buffers of its sockets" in told
    assert small.inside("small", "host", "echo", "still here") == "still here\n"


@pytest.mark.parametrize("script", [NETLINK, PACKET], ids=["netlink", "packet"])
def test_buffers_that_no_cgroup_counts_outside(script: str) -> None:
    """The control: nothing holds root of the machine, here with some 30 MiB."""
    script = script.replace("MANY", "100").replace("time.sleep(20)", "")
    inside = ["unshare", "--net", "sh", "-c", 'ip link set lo up; exec "$@"', "sh", sys.executable, "-c", script]
    assert int(subprocess.run(inside, check=True, capture_output=True, text=True).stdout.split()[-1]) > 16


def test_disk(small: Stack) -> None:
    write = "import time\ntry:\n  with open('/tmp/x', 'wb') as f:\n    while True: f.write(bytes(1 << 16))\nexcept OSError: time.sleep(2)"
    assert notice(small, write, "disk") == "disk: 8 MiB of 8 MiB"
    small.inside("small", "host", "rm", "/tmp/x")


def test_terminals(small: Stack) -> None:
    count = "import pty\nn = 0\ntry:\n  a = []\n  while n < 99: a.append(pty.openpty()); n += 1\nexcept OSError as e: print(n)"
    assert small.inside("small", "host", "python3", "-c", count) == "4\n"


def test_namespaces_in_a_shell(small: Stack) -> None:
    """The kernel's own counter, of named and unnamed ones together."""
    more = "for i in $(seq 40); do ip netns add n$i 2>&1; done; ip netns | wc -l"
    out = small.inside("small", "host", "sh", "-c", more)
    assert "No space left on device" in out
    assert out.split()[-1] == "10"
    script = "echo 9999 > /proc/sys/user/max_net_namespaces; ip netns add one-more 2>&1; for i in $(seq 10); do ip netns delete n$i; done"
    assert "No space left on device" in small.inside("small", "host", "sh", "-c", script)


def test_namespaces_on_the_canvas(small: Stack) -> None:
    with small.client() as client:
        commands = tuple(AddNamespace(name=f"c{n}") for n in range(11))
        with pytest.raises(ProblemError) as refused:
            client.request(Edit(id=client.next_id(), lab="small", commands=commands))
        assert refused.value.problem.code is Code.LIMIT
        assert refused.value.problem.message == "namespaces: 11 of 10"
        assert small.inside("small", "host", "ip", "netns", "list") == ""


def test_a_document_over_a_limit_does_not_start(small: Stack, tmp_path: Path) -> None:
    namespaces = {"host": {}, **{f"h{n}": {"interfaces": {"lo": {}}} for n in range(9)}}
    file = tmp_path / "big.json"
    file.write_text(json.dumps({"vethboard": 1, "name": "big", "namespaces": namespaces}))
    small.cli("apply", "small", str(file), code=1)
    assert "interfaces: 9 of 8" in small.stderr


def test_a_limits_file_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    file = tmp_path / "limits.json"
    file.write_text('{"memory": "much"}')
    with pytest.raises(ProblemError, match=r"limits.json \$.memory: 'much' is no size"):
        limits_file(file)
