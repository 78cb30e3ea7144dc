"""What a session sets up: filters through which nothing else passes, two sessions at a time, and nothing of it left afterwards."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

from agent.journey.listeners import TraceListeners
from agent.journey.session import Session
from agent.journey.taps import Tap
from agent.journey.tracing import wanted
from tests.kernel.stage import Stage
from tests.support import eventually
from topology.journey.probe import Probe
from topology.journey.sighting import AnySighting, RuleHit

PAIR = (
    "ip netns add a; ip netns add b; ip link add eth0 netns a type veth peer name eth0 netns b",
    "for n in a b; do ip -n $n link set lo up; ip -n $n link set eth0 up; done",
    "ip -n a addr add 10.0.0.1/24 dev eth0; ip -n b addr add 10.0.0.2/24 dev eth0",
)


def probe(nonce: str = "0123456789abcdef", **more: str) -> Probe:
    return Probe(source="a", target="b", namespace="a", address="10.0.0.2", nonce=nonce, **more)  # type: ignore[arg-type]  # fields of a probe


def output(line: str) -> str:
    return subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True).stdout


def state() -> str:
    """Rules with their counters, loggers, packet sockets, of all namespaces, and the descriptors of this process."""
    loggers = "/proc/sys/net/netfilter/nf_log/2 /proc/sys/net/netfilter/nf_log/10"
    look = f"nft list ruleset; iptables-legacy-save -c; cat {loggers}; wc -l < /proc/net/packet"
    text = output(f"for n in a b; do ip netns exec $n sh -c '{look}'; done")
    return re.sub(r"^#.*$", "", text, flags=re.M) + str(len(os.listdir("/proc/self/fd")))


def test_nothing_is_left() -> None:
    with Stage(*PAIR) as stage:
        stage.shell("ip netns exec b iptables -A INPUT -p tcp -j ACCEPT; ip netns exec b iptables -t raw -A PREROUTING -p tcp")
        before = state()
        listeners = TraceListeners(stage.namespaces)
        with Session(stage.namespaces, listeners, ["a", "b"], wanted(probe()), lambda _: None):
            assert "nfnetlink_log" in state()
            with Session(stage.namespaces, listeners, ["b"], wanted(probe("fedcba9876543210")), lambda _: None):
                pass
            assert "nfnetlink_log" in state()
        assert state() == before
        try:
            with Session(stage.namespaces, listeners, ["a", "b"], wanted(probe()), lambda _: None):
                raise KeyError
        except KeyError:
            assert state() == before
        # a namespace that goes while it is looked into
        with Session(stage.namespaces, listeners, ["a", "b"], wanted(probe()), lambda _: None):
            stage.namespaces.delete("b")
        assert not listeners._listeners


KILLED = """
import time
from agent.journey import nft
from agent.journey.listener import Listener
listener = Listener()
listener.add(nft.Table("vethboard-9"), [nft.Match(1, ())], print)
print("open", flush=True)
time.sleep(60)
"""


def test_killed_it_leaves_no_rules() -> None:
    """The table is deleted with its socket. (The lab ends with its process, and the logger with the lab.)"""
    with Stage(*PAIR):
        argv = ["ip", "netns", "exec", "a", sys.executable, "-c", KILLED]
        child = subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
        assert child.stdout is not None
        assert child.stdout.readline() == b"open\n"
        assert "vethboard-9" in output("ip netns exec a nft list tables")
        child.kill()
        child.wait()
        eventually(lambda: output("ip netns exec a nft list tables") == "")


def test_other_packets_do_not_reach_the_tap() -> None:
    with Stage(*PAIR) as stage:
        a, b = stage.namespaces["a"], stage.namespaces["b"]
        for wished in (probe(), probe(protocol="tcp"), probe(protocol="udp")):
            tap = stage.namespaces.visit(b, lambda wished=wished: Tap(wanted(wished).program))  # type: ignore[misc]  # a default binds it
            sender = stage.namespaces.visit(a, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            sender.sendto(b"something else", ("10.0.0.2", 9))
            stage.shell("ip netns exec a ping -c1 -W1 10.0.0.2")
            assert {frame.data[12:14] for frame in tap.read()} <= {b"\x08\x06"}  # ARP
            if wished.protocol == "udp":
                sender.sendto(bytes.fromhex(wished.nonce) + b"...", ("10.0.0.2", 9))
                assert [frame.data[12:14] for frame in tap.read() if frame.data[12:14] != b"\x08\x06"]
            tap.socket.close()
            sender.close()


def test_the_users_counters_and_numbers_stay() -> None:
    """Rule 2 of raw is rule 2 in the trace; a rule that the probe does not match has counted nothing."""
    with Stage(*PAIR) as stage:
        stage.shell("ip netns exec b iptables -t raw -A PREROUTING -p tcp; ip netns exec b iptables -t raw -A PREROUTING -p icmp")
        seen: list[AnySighting] = list(stage.sight(probe()))
        raw = [s for s in seen if isinstance(s, RuleHit) and (s.ns, s.table, s.chain) == ("b", "raw", "PREROUTING")]
        assert [(s.type, s.rule_number) for s in raw] == [("rule", 2), ("policy", 3)]
        saved = output("ip netns exec b iptables-legacy-save -c -t raw")
        assert "[0:0] -A PREROUTING -p tcp" in saved
        assert "[1:84] -A PREROUTING -p icmp" in saved
        assert "TRACE" not in saved
