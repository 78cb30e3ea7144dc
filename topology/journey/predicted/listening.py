"""What listens where a packet is taken: nobody watches it, so it is asked for, and the packet is predicted once more."""

from topology.journey.hop import Journey
from topology.observe.facts import Listening
from topology.observe.live import LiveRecords, ProcessesLive


def with_sockets(live: LiveRecords, namespace: str, sockets: tuple[Listening, ...]) -> LiveRecords:
    """The live records, with what listens in a namespace."""
    found = ProcessesLive(namespace=namespace, sockets=sockets)
    return {**live, found.id: found}


def taker(journey: Journey) -> str:
    """The namespace whose sockets decide what becomes of the packet; empty where none does."""
    found = next((hop.namespace for hop in journey.hops if hop.kind == "deliver"), "")
    return found if journey.probe.protocol in ("tcp", "udp") else ""
