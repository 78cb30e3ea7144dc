"""What a capture costs a bulk TCP transfer over the same interface (see `bulk`). tcpdump has the other cores."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from protocol.public import CaptureStarted, RemoveCapture, StartCapture
from tests.bench.bulk import Bulk
from tests.support import Stack

PAIR = """{"vethboard": 1, "name": "x", "namespaces": {"host": {},
 "a": {"interfaces": {"veth0": {"kind": "veth", "peer": "b/veth1", "addresses": ["10.0.0.1/24"]}}},
 "b": {"interfaces": {"veth1": {"kind": "veth", "peer": "a/veth0", "addresses": ["10.0.0.2/24"]}}}}}"""
LAB = "bench-capture"


OPTIONS: dict[str, dict[str, object]] = {
    "all, whole frames": {},
    "all, 128 bytes of each": {"snaplen": 128},
    "icmp only": {"filter": "icmp"},
}


@contextmanager
def _capture(stack: Stack, more: dict[str, object]) -> Iterator[None]:
    with stack.client() as client:
        asked = StartCapture(id=client.next_id(), lab=LAB, interfaces=("a/veth0",), **more)  # type: ignore[arg-type]  # as the request says
        started = client.request(asked)
        assert isinstance(started, CaptureStarted)
        yield
        client.request(RemoveCapture(id=client.next_id(), lab=LAB, capture=started.capture))


def run(stack: Stack, rounds: int = 7) -> None:
    """Prints the ratio for a capture of everything, and for one whose filter lets nothing of the transfer through."""
    stack.cli("apply", LAB, "-", input=PAIR)
    print("\nbulk TCP over one veth, in turns without and with a capture on it of")
    for line in Bulk(stack, LAB, "a", "b", "10.0.0.2").compare({n: partial(_capture, stack, o) for n, o in OPTIONS.items()}, rounds):
        print(line)
    stack.cli("destroy", LAB)
