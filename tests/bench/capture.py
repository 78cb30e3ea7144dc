"""What a capture costs a bulk TCP transfer in the same lab: iperf3 with and without, in turn."""

import json
import statistics

from protocol.public import CaptureStarted, RemoveCapture, StartCapture
from tests.support import Stack

PAIR = """{"vethboard": 1, "name": "x", "namespaces": {"host": {},
 "a": {"interfaces": {"veth0": {"kind": "veth", "peer": "b/veth1", "addresses": ["10.0.0.1/24"]}}},
 "b": {"interfaces": {"veth1": {"kind": "veth", "peer": "a/veth0", "addresses": ["10.0.0.2/24"]}}}}}"""
LAB = "bench-capture"


def _transfer(stack: Stack) -> float:
    """Bits in a second."""
    found = json.loads(stack.inside(LAB, "a", "iperf3", "-c", "10.0.0.2", "-t", "2", "-J"))
    return float(found["end"]["sum_received"]["bits_per_second"])


def run(stack: Stack, rounds: int = 3) -> None:
    """Prints the ratio for a capture of everything, and for one whose filter lets nothing of the transfer through."""
    stack.cli("apply", LAB, "-", input=PAIR)
    stack.inside(LAB, "b", "iperf3", "-s", "-D")
    plain: list[float] = []
    found: dict[str, list[float]] = {"all, whole frames": [], "all, 128 bytes of each": [], "icmp only": []}
    options = {"all, whole frames": {}, "all, 128 bytes of each": {"snaplen": 128}, "icmp only": {"filter": "icmp"}}
    with stack.client() as client:
        for _ in range(rounds):
            plain.append(_transfer(stack))
            for name, more in options.items():
                asked = StartCapture(id=client.next_id(), lab=LAB, interfaces=("a/veth0",), **more)  # type: ignore[arg-type]  # as the request says
                started = client.request(asked)
                assert isinstance(started, CaptureStarted)
                found[name].append(_transfer(stack))
                client.request(RemoveCapture(id=client.next_id(), lab=LAB, capture=started.capture))
    stack.cli("destroy", LAB)
    base = statistics.median(plain)
    print(f"bulk TCP without a capture: {base / 1e9:.1f} Gbit/s")
    for name, values in found.items():
        print(f"  with a capture of {name}: {statistics.median(values) / base:.2f} of that")
