"""How long a journey takes, and what following one packet costs the others.

A lab of five namespaces in a row, each with 100 rules that do not match. Times are from the request of a client to what it is told. The
bulk transfer is one TCP connection from end to end, in turns without and with a trace that is open for another packet (see `bulk`).
"""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

from cli.client import Client
from protocol.public import AnyItem, Cancel, JourneyItem, NewLab, Trace, Traced, Watch
from tests.bench.bulk import Bulk
from tests.support import Stack
from topology.journey.probe import Ask

ROUNDS = 15
RULES = 100
SPACES = ("a", "r1", "r2", "r3", "b")
BULK_ROUNDS = 9


def document() -> dict[str, object]:
    """a – r1 – r2 – r3 – b, with routes both ways."""
    spaces: dict[str, dict[str, object]] = {"host": {}}
    for at, name in enumerate(SPACES):
        interfaces: dict[str, object] = {"lo": {}}
        routes = []
        if at > 0:
            interfaces["left"] = {"kind": "veth", "peer": f"{SPACES[at - 1]}/right", "addresses": [f"10.0.{at - 1}.2/24"]}
            routes += [{"to": f"10.0.{net}.0/24", "via": f"10.0.{at - 1}.1"} for net in range(at - 1)]
        if at < len(SPACES) - 1:
            interfaces["right"] = {"kind": "veth", "peer": f"{SPACES[at + 1]}/left", "addresses": [f"10.0.{at}.1/24"]}
            routes += [{"to": f"10.0.{net}.0/24", "via": f"10.0.{at}.2"} for net in range(at + 1, len(SPACES) - 1)]
        spaces[name] = {"interfaces": interfaces, "routes": routes, "sysctls": {"net.ipv4.ip_forward": 1}}
    return {"vethboard": 1, "name": "row", "namespaces": spaces}


def _rules(stack: Stack, lab: str) -> None:
    """`RULES` of them in each namespace, spread over the chains that a packet passes."""
    lines = [f"-A {c} -s 10.99.{n}.0/24 -j DROP" for n in range(RULES // 5) for c in ("INPUT", "FORWARD", "OUTPUT")]
    filters = "\n".join(["*filter", *lines, "COMMIT"])
    marks = [f"-A {c} -s 10.98.{n}.0/24 -j MARK --set-mark 1" for n in range(RULES // 5) for c in ("PREROUTING", "POSTROUTING")]
    mangle = "\n".join(["*mangle", *marks, "COMMIT"])
    for name in SPACES:
        stack.cli("exec", lab, name, "--", "iptables-restore", "--noflush", input=f"{filters}\n{mangle}\n")


def _times(client: Client, lab: str) -> tuple[float, float]:
    """s until the first hop was told, and until the answer."""
    first: list[float] = []
    start = time.monotonic()

    def item(one: AnyItem) -> None:
        if isinstance(one, JourneyItem) and one.journey.hops and not first:
            first.append(time.monotonic() - start)

    traced = client.request(Trace(id=client.next_id(), lab=lab, ask=Ask(source="a", target="b")), item)
    assert isinstance(traced, Traced)
    assert traced.journeys[0].verdict.delivered, traced.journeys[0].verdict
    return first[0], time.monotonic() - start


@contextmanager
def _open(stack: Stack, request: Trace | Watch) -> Iterator[None]:
    """While something else is followed."""
    with stack.client() as client:
        client.send(request)
        yield
        client.send(Cancel(id="c", target=request.id))
        client.wait(request.id)


def _left(stack: Stack) -> int:
    """Lines that tell of something that a session has set up, in all namespaces."""
    look = "nft list tables | grep vethboard-; tail -n +2 /proc/net/packet"
    return sum(len(stack.inside("row", name, "sh", "-c", look, code=None).splitlines()) for name in SPACES)


def run(stack: Stack) -> None:
    """Print the table."""
    with stack.client() as client:
        client.request(NewLab(id="n", lab="row", document=document()))
        _rules(stack, "row")
        _times(client, "row")
        times = [_times(client, "row") for _ in range(ROUNDS)]
    first, whole = (statistics.median(t[i] for t in times) * 1000 for i in (0, 1))
    print(f"\njourney through {len(SPACES)} namespaces with {RULES} rules each, median of {ROUNDS} (ms)")
    print(f"  first hop at the client   {first:6.0f}   (worst {max(t[0] for t in times) * 1000:.0f}; target 100)")
    print(f"  complete, with verdict    {whole:6.0f}   (worst {max(t[1] for t in times) * 1000:.0f}; target 500)")
    traced = Trace(id="t", lab="row", ask=Ask(source="a", target="10.0.0.99"), wait=10)
    watched = Watch(id="t", lab="row", protocol="icmp")
    beside = {"a trace is open": lambda: _open(stack, traced), "a watch is open": lambda: _open(stack, watched)}
    print("bulk TCP through the same five namespaces, in turns (target 0.90)")
    for line in Bulk(stack, "row", "a", "b", "10.0.3.2").compare(beside, BULK_ROUNDS):
        print(line)
    print(f"  left when none is open: {_left(stack)} tables and sockets")
    stack.cli("destroy", "row")


if __name__ == "__main__":
    made = Stack()
    try:
        run(made)
    finally:
        made.close()
