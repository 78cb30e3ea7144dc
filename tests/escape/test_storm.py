"""Storms of packets that no program sends: the guard ends each, says where it was, and leaves floods alone that programs send."""

import json
import os
import queue
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.guard.storm import KernelThreads
from cli.client import Client
from protocol.public import Exec, Notice, Open
from tests.support import Stack
from topology.model.problems import Code, Problem

SECONDS = 30

TWO_BRIDGES = """
ip netns add n; ip link add br0 type bridge; ip -n n link add br1 type bridge
for i in a b; do
    ip link add ${i}0 type veth peer name ${i}1 netns n
    ip link set ${i}0 master br0 up; ip -n n link set ${i}1 master br1 up
done
ip -n n link set br1 up; ip link set br0 up; ip address add 10.0.0.1/24 dev br0
ping -c 1 -W 1 10.0.0.9 > /dev/null
"""
ONE_BRIDGE = """
ip link add br0 type bridge; ip link add a0 type veth peer name a1
for i in a0 a1; do ip link set $i master br0 up; done
ip link set br0 up; ip address add 10.0.0.1/24 dev br0
ping -c 1 -W 1 10.0.0.9 > /dev/null
"""
STORMS = {
    "two bridges": TWO_BRIDGES,
    "one bridge": ONE_BRIDGE,
    "a namespace without a name": f"unshare --net sh -c '{ONE_BRIDGE} sleep 60' & sleep 3",
    "a namespace that is only held open": f"""exec python3 -c '
import ctypes, os, subprocess, time
own = os.open("/proc/self/ns/net", os.O_RDONLY)
ctypes.CDLL(None).unshare(0x40000000)
subprocess.run(["sh", "-c", \"\"\"{ONE_BRIDGE}\"\"\"])
kept = os.open("/proc/self/ns/net", os.O_RDONLY)
ctypes.CDLL(None).setns(own, 0)
time.sleep(60)'""",
    "threads of the interfaces": ONE_BRIDGE.replace(
        "ip link set br0 up;", "for i in a0 a1; do ethtool -K $i gro on; echo 1 > /sys/class/net/$i/threaded; done; ip link set br0 up;"
    ),
    "redirected by tc": """
ip link add a0 type veth peer name a1; ip link add b0 type veth peer name b1
for i in a0 a1 b0 b1; do ip link set $i up; done
loop() {
    tc qdisc add dev $1 handle ffff: ingress
    tc filter add dev $1 parent ffff: protocol all u32 match u32 0 0 action mirred egress redirect dev $2
}
loop a1 b0; loop b1 a0; ip address add 10.0.0.1/24 dev a0
for n in 2 3 4 5 6 7 8 9; do ping -c 1 -W 1 10.0.0.$n > /dev/null & done; wait
""",
}

pytestmark = pytest.mark.skipif(not KernelThreads.can_be_seen(), reason="the kernel's threads cannot be seen here")


@pytest.fixture
def storming(stack: Stack) -> Iterator[str]:
    """A lab, beside which `calm` runs."""
    for lab in ("storming", "calm"):
        stack.cli("new", lab)
    stack.inside("calm", "host", "ip", "link", "set", "lo", "up")
    yield "storming"
    for lab in ("storming", "calm"):
        stack.cli("destroy", lab)


def told(client: Client, seconds: float = SECONDS, most: int = 1) -> list[Problem]:
    """What the guard says, until it has said so much, or after a time."""
    out: list[Problem] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end and len(out) < most:
        try:
            event = client.receive(timeout=0.5)
        except queue.Empty:
            continue
        if isinstance(event, Notice) and event.problem.code is Code.LIMIT:
            out.append(event.problem)
    return out


def start(client: Client, script: str) -> None:
    client.request(Open(id=client.next_id(), lab="storming"))
    client.send(Exec(id=client.next_id(), lab="storming", namespace="host", argv=("bash", "-c", script)))


@pytest.mark.sample(2)
@pytest.mark.parametrize("name", STORMS)
def test_a_storm_ends_and_is_named(stack: Stack, storming: str, name: str) -> None:
    with stack.client() as client:
        start(client, STORMS[name])
        (problem,) = told(client)
        assert "was set down" in problem.message
        assert ("without a name" in problem.message) == ("a namespace" in name), problem
        assert stack.inside("calm", "host", "ping", "-c", "3", "-i", "0.2", "127.0.0.1").count("bytes from") == 3
        threads = KernelThreads()
        threads.share()
        for _ in range(20):
            time.sleep(0.5)
            if threads.share() < 0.1:
                break
        assert told(client, 1, most=9) == [], "one interface set down was enough"
    assert stack.inside(storming, "host", "echo", "still here") == "still here\n"


def test_a_guard_that_was_killed_is_started_again(stack: Stack, storming: str) -> None:
    agent = stack.child("agent")

    def guards() -> list[int]:
        children = Path(f"/proc/{agent}/task/{agent}/children").read_text().split()
        return [int(pid) for pid in children if b"\0agent.guard\0" in Path(f"/proc/{pid}/cmdline").read_bytes()]

    (before,) = guards()
    os.kill(before, signal.SIGKILL)
    for _ in range(200):
        if (now := guards()) and now != [before]:
            break
        time.sleep(0.05)
    assert len(now) == 1
    with stack.client() as client:
        start(client, ONE_BRIDGE)
        (problem,) = told(client)
        assert "was set down" in problem.message
    assert storming


@pytest.mark.by_hand
def test_the_record_of_what_was_set_down_is_shown_and_kept(stack: Stack, storming: str) -> None:
    """So the lab does not storm when it is started again."""
    with stack.client() as client:
        start(client, TWO_BRIDGES)
        (problem,) = told(client)
        assert problem.subject is not None
        namespace, name = problem.subject.removeprefix("interface:").split("/")
        for _ in range(100):
            document = json.loads(stack.cli("export", storming))
            if document["namespaces"][namespace]["interfaces"][name].get("up") is False:
                break
            time.sleep(0.1)
        assert document["namespaces"][namespace]["interfaces"][name]["up"] is False
        stack.cli("stop", storming)
        stack.cli("start", storming)
        stack.live(storming)
        stack.inside(storming, "host", "ping", "-c", "1", "-W", "1", "10.0.0.9", code=None)
        assert told(client, 3) == []


@pytest.mark.by_hand
def test_a_lab_that_storms_again_and_again_is_stopped_and_stays_so(stack: Stack, storming: str) -> None:
    again = "while true; do for i in a b br; do ip link set ${i}0 up; ip -n n link set ${i}1 up; done; ping -c 1 -W 1 10.0.0.9; done"
    with stack.client() as client:
        start(client, f"{TWO_BRIDGES} {again} > /dev/null")
        end = time.monotonic() + 60
        while not (last := told(client)) or "the lab was stopped" not in last[0].message:
            assert time.monotonic() < end
        assert stack.inside("calm", "host", "echo", "still here") == "still here\n"
    time.sleep(2)
    assert json.loads(stack.cli("export", storming))["name"] == storming
    assert _state(stack, storming) == "stopped"


def _state(stack: Stack, lab: str) -> str:
    return next(entry["state"] for entry in json.loads(stack.cli("labs", "--json")) if entry["lab"] == lab)


THREADS = """
ip link add a0 numrxqueues 300 numtxqueues 300 type veth peer name a1 numrxqueues 300 numtxqueues 300
for i in a0 a1; do ip link set $i up; ethtool -K $i gro on; echo 1 > /sys/class/net/$i/threaded; done
"""


def test_threads_of_the_kernel(stack: Stack, storming: str) -> None:
    """600 of them, which no cgroup counts: the lab is stopped, and they are gone."""
    with stack.client() as client:
        start(client, THREADS)
        (problem,) = told(client)
        assert "threads of the kernel" in problem.message
    for _ in range(200):
        threads = KernelThreads()
        threads.share()
        if threads.of_interfaces()["a0"] == 0 and _state(stack, storming) == "stopped":
            break
        time.sleep(0.1)
    assert threads.of_interfaces()["a0"] == 0
    assert _state(stack, storming) == "stopped"


FLOODS = {
    "ping": "timeout 3 ping -f -q 10.0.0.2",
    "udp": """exec timeout 3 python3 -c '
import socket
s = socket.socket(type=socket.SOCK_DGRAM)
s.connect(("10.0.0.2", 9))
while True:
    try: s.send(bytes(64))
    except OSError: pass'""",
}


@pytest.mark.alone
@pytest.mark.sample(1)
@pytest.mark.parametrize("name", FLOODS)
def test_what_a_program_sends_is_left_alone(stack: Stack, storming: str, name: str) -> None:
    """Beside no other test: a storm of another one's lab would make the kernel's threads busy."""
    pair = "ip netns add n; ip link add a0 type veth peer name a1 netns n; ip address add 10.0.0.1/24 dev a0; ip link set a0 up;"
    pair += "ip -n n address add 10.0.0.2/24 dev a1; ip -n n link set a1 up; ping -c 1 10.0.0.2 > /dev/null;"
    with stack.client() as client:
        start(client, pair + FLOODS[name])
        assert told(client, 4) == []
    assert storming


CONTROL = """
import subprocess, sys, time
subprocess.run(["sh", "-c", sys.argv[1]])
read = lambda: int(open("/sys/class/net/a0/statistics/rx_packets").read())
before = read(); time.sleep(0.2); after = read()
subprocess.run(["ip", "link", "set", "a0", "down"])
print(after - before)
"""


def test_without_a_guard_it_goes_on() -> None:
    """The control: a network namespace that is no lab's, for a fifth of a second."""
    once = ONE_BRIDGE.replace("ping -c 1 -W 1 10.0.0.9 > /dev/null", "ping -c 1 -W 0.1 10.0.0.9 > /dev/null")
    inside = ["unshare", "--net", "--mount", "sh", "-c", 'mount -t sysfs none /sys; exec "$@"', "sh", sys.executable, "-c", CONTROL, once]
    assert int(subprocess.run(inside, check=True, capture_output=True, text=True).stdout) > 500
