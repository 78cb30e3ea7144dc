"""Sightings → journey. Pure: the same sightings give the same journey, with or without a kernel."""

from collections.abc import Iterable, Mapping

import msgspec

from topology.journey.forwarding import ForwardingView
from topology.journey.hop import Cause, Hop, Journey, Verdict
from topology.journey.packet import ECHO_REQUESTS, Packet
from topology.journey.probe import Probe, Protocol
from topology.journey.seen.answers import with_answer
from topology.journey.seen.evidence import Evidence
from topology.journey.seen.refusals import no_way_back
from topology.journey.seen.walk import Arrived, Walk
from topology.journey.sighting import AnySighting, HookPass
from topology.model import ids
from topology.model.graph import Graph
from topology.model.records import AnyRecord
from topology.observe.live import LiveRecords

_PORT_UNREACHABLE = frozenset((("icmp", 3, 3), ("icmpv6", 1, 4)))
_BY_RULE = frozenset((Cause.DROPPED_BY_RULE, Cause.DROPPED_BY_POLICY))
_PROTOCOLS: dict[str, Protocol] = {"icmpv6": "icmp", "icmp": "icmp", "tcp": "tcp", "udp": "udp"}


def stitch(
    probe: Probe, sightings: Iterable[AnySighting], observed: Mapping[str, AnyRecord], live: LiveRecords, ended: bool = True
) -> Journey:
    """The journey of a probe as far as it was seen. `ended`: no more sightings come; else what is missing is not yet a loss."""
    evidence = Evidence(probe, sightings)
    view = ForwardingView(Graph(observed), live)
    hops: list[Hop] = []
    original = Walk(view, evidence, probe, "original", hops).run(probe.namespace)
    verdict = _with_reply(view, evidence, probe, hops, original)
    if not ended and not verdict.delivered:
        verdict = Verdict(cause=Cause.RUNNING, namespace=verdict.namespace, hop=verdict.hop)
    elif verdict.cause == Cause.RUNNING:
        verdict = msgspec.structs.replace(verdict, cause=Cause.UNKNOWN)
    notes = tuple(dict.fromkeys(f"{note.ns}: {note.text}" for note in evidence.notes))
    took = max((h.at for h in hops if h.at is not None and h.leg == "reply"), default=0)
    journey = Journey(probe=probe, hops=tuple(hops), verdict=verdict, took=took if verdict.delivered else 0, notes=notes)
    return with_answer(journey, evidence) if ended else journey


def origin(sightings: Iterable[AnySighting]) -> Probe | None:
    """The probe that a packet of the lab's own traffic would be: sent where it was seen first in OUTPUT. None where that was not seen."""
    sent = [s for s in sightings if isinstance(s, HookPass) and (s.hook, s.passed) == ("output", "enter")]
    first = next((s for s in sent if (s.packet.protocol, s.packet.type) in ECHO_REQUESTS or s.packet.flags == "S"), None)
    first = first or next((s for s in sent if s.packet.protocol == "udp"), None)
    if first is None:
        return None
    packet = first.packet
    return Probe(
        source=first.ns, namespace=first.ns, target=packet.dst, address=packet.dst, protocol=_PROTOCOLS[packet.protocol],
        port=packet.dport or None, source_port=packet.sport, ttl=packet.ttl, ipv6=packet.family == "ipv6",
    )  # fmt: skip


def _with_reply(view: ForwardingView, evidence: Evidence, probe: Probe, hops: list[Hop], original: Arrived | Verdict) -> Verdict:
    """The verdict on both legs; the reply's hops are added."""
    sent = _reply(evidence, original.ns if isinstance(original, Arrived) else original.namespace, probe)
    if sent is None:
        return _no_answer(view, evidence, probe, hops, original)
    ns, packet = sent
    if isinstance(original, Verdict) and original.cause in _BY_RULE and ns == original.namespace:
        original = _rejected(hops, original)
    reply = Walk(view, evidence, probe, "reply", hops).run(ns)
    if isinstance(original, Verdict):
        return original
    if "R" in packet.flags or (packet.protocol, packet.type, packet.code) in _PORT_UNREACHABLE:
        return _nobody_listens(hops, ns, packet)
    if isinstance(reply, Verdict):
        return reply
    if not evidence.answered:
        return _not_taken(probe, hops, original, reply)
    return Verdict(cause=Cause.DELIVERED, namespace=original.ns, hop=len(hops) - 1, object=ids.namespace(original.ns))


def _not_taken(probe: Probe, hops: list[Hop], original: Arrived, reply: Arrived) -> Verdict:
    """The answer arrived, and the socket that sent the packet did not get it."""
    came = next((h.dev for h in reversed(hops) if h.leg == "reply" and h.kind == "in"), "")
    note = ""
    if reply.ns != probe.namespace:
        note = f"{reply.ns} has {reply.packet.dst} too, and took the answer"
    elif probe.dev and came not in (probe.dev, "lo"):
        note = f"the answer came in at {came}, and the socket that waits for it is bound to {probe.dev}"
    elif reply.packet.src != probe.address:
        note = f"the answer came from {reply.packet.src}, and the socket waits for one from {probe.address}"
    end = Verdict(cause=Cause.ANSWER_NOT_TAKEN, leg="reply", namespace=reply.ns, hop=len(hops) - 1, dev=came, note=note)
    if note or probe.protocol != "udp":
        return msgspec.structs.replace(end, object=ids.namespace(reply.ns))
    return msgspec.structs.replace(end, cause=Cause.DELIVERED, leg="original", namespace=original.ns)


def _nobody_listens(hops: list[Hop], ns: str, packet: Packet) -> Verdict:
    port = packet.inner.dport if packet.inner is not None else packet.sport
    error = next((i for i, h in enumerate(hops) if h.kind == "error"), len(hops) - 1)
    return Verdict(cause=Cause.NOBODY_LISTENS, namespace=ns, hop=error, object=ids.namespace(ns), note=str(port or ""))


def _reply(evidence: Evidence, ns: str, probe: Probe) -> tuple[str, Packet] | None:
    """Who answered, and with what: best the namespace where the packet ended, else any that has sent something back."""
    if probe.protocol == "arp":
        found = [(tap.ns, tap.packet) for tap in evidence.taps["reply"] if tap.direction == "out"][:1]
    else:
        found = list(evidence.senders("reply"))
    return next((one for one in found if one[0] == ns), None) or next(iter(found), None)


def _no_answer(view: ForwardingView, evidence: Evidence, probe: Probe, hops: list[Hop], original: Arrived | Verdict) -> Verdict:
    if isinstance(original, Verdict):
        return original
    end = Verdict(cause=Cause.NO_ANSWER, namespace=original.ns, hop=len(hops) - 1, object=ids.namespace(original.ns))
    if probe.protocol == "udp":
        closed = evidence.ports.get(original.ns) is False and not any(s.event == "answered" for s in evidence.socket_results)
        note = str(original.packet.dport) if closed else ""
        return msgspec.structs.replace(end, cause=Cause.NOBODY_LISTENS if closed else Cause.DELIVERED, note=note)
    back = no_way_back(view, original.ns, original.packet)
    if back is not None:
        return msgspec.structs.replace(end, leg="reply", **back)
    return msgspec.structs.replace(end, note=view.ignores_echo(original.ns, probe.family) if probe.protocol == "icmp" else "")


def _rejected(hops: list[Hop], verdict: Verdict) -> Verdict:
    """The namespace that dropped it sent an error: REJECT."""
    if verdict.hop is not None:
        hops[verdict.hop] = msgspec.structs.replace(hops[verdict.hop], outcome="reject")
    return msgspec.structs.replace(verdict, cause=Cause.REJECTED_BY_RULE)
