"""How long a journey takes, and what following one packet costs the others.

A lab of five namespaces in a row, each with 100 rules that do not match. Times are from the request of a client to what it is told. The
bulk transfer is one TCP connection from end to end, in turns without and with a trace that is open for another packet.
"""

import json
import statistics
import time
from typing import NamedTuple

from cli.client import Client
from protocol.public import AnyItem, Cancel, Exec, Exited, JourneyItem, NewLab, Output, Trace, Traced, Watch
from tests.support import Stack
from topology.journey.probe import Ask

ROUNDS = 15
RULES = 100
SPACES = ("a", "r1", "r2", "r3", "b")
SECONDS = 2


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


class Rate(NamedTuple):
    """`bits`: a second. `cost`: seconds of CPU a Gbit, which other work on the machine disturbs less."""

    bits: float
    cost: float


def _median(rates: list[Rate]) -> Rate:
    return Rate(statistics.median(r.bits for r in rates), statistics.median(r.cost for r in rates))


def _transfer(stack: Stack, lab: str) -> Rate:
    """One connection from a to b, as iperf3(1) measures it."""
    out = bytearray()
    with stack.client() as receiver, stack.client() as sender:
        receiver.send(Exec(id="r", lab=lab, namespace="b", argv=("iperf3", "-s", "-1")))
        time.sleep(0.3)
        done = sender.request(
            Exec(id="s", lab=lab, namespace="a", argv=("iperf3", "-c", "10.0.3.2", "-t", str(SECONDS), "-J")),
            lambda one: out.extend(one.data) if isinstance(one, Output) else None,
        )
        assert isinstance(done, Exited)
        assert done.code == 0, out
        receiver.wait("r")
    end = json.loads(out)["end"]
    bits = float(end["sum_received"]["bits_per_second"])
    cpu = end["cpu_utilization_percent"]
    return Rate(bits, (cpu["host_total"] + cpu["remote_total"]) / 100 / (bits / 1e9))


def _beside(stack: Stack, lab: str, request: Trace | Watch) -> Rate:
    """The transfer while something else is traced."""
    with stack.client() as client:
        client.send(request)
        time.sleep(0.3)
        rate = _transfer(stack, lab)
        client.send(Cancel(id="c", target=request.id))
        client.wait(request.id)
    return rate


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
    before = [_transfer(stack, "row") for _ in range(2)]
    plain, beside, watching = [], [], []
    for _ in range(5):
        plain.append(_transfer(stack, "row"))
        beside.append(_beside(stack, "row", traced))
        watching.append(_beside(stack, "row", watched))
    base = _median(plain)
    print(f"bulk TCP through the same five namespaces (iperf3), in turns, median of 5 × {SECONDS} s: {base.bits / 1e9:.2f} Gbit/s")
    for words, rate in (
        ("a trace is open", _median(beside)),
        ("a watch is open", _median(watching)),
        ("before the first", _median(before)),
    ):
        print(
            f"  {words:<18} {rate.bits / base.bits:6.2f} × the rate, {rate.cost / base.cost:5.2f} × the CPU time a bit (target 0.90, 1.11)"
        )
    stack.cli("destroy", "row")


if __name__ == "__main__":
    made = Stack()
    try:
        run(made)
    finally:
        made.close()
