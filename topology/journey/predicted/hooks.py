"""The hooks of netfilter that a predicted packet passes: the chains, and the NAT that conntrack undoes for the answer."""

from typing import NamedTuple

import msgspec

from topology.journey.hop import Cause, Hop, RuleAt
from topology.journey.packet import Packet
from topology.journey.predicted.progress import Ended, Progress
from topology.journey.predicted.simulate import Place, Simulator
from topology.journey.sighting import Hook


class _Translation(NamedTuple):
    """What a namespace's NAT made of the packet."""

    before: Packet
    after: Packet


class Hooks:
    """Takes a packet and its answer through hooks."""

    def __init__(self, progress: Progress, simulator: Simulator) -> None:
        self._progress, self._simulator = progress, simulator
        self._translations: dict[str, _Translation] = {}

    def through(self, ns: str, hook: Hook, packet: Packet, iif: str = "", oif: str = "") -> Packet:
        """The packet as it goes on. Raises Ended where a rule or a policy stops it."""
        progress = self._progress
        first = progress.leg == "original"
        place = Place(ns, hook, progress.leg, iif, oif, progress.mark, "NEW" if first else "ESTABLISHED")
        done = self._simulator.through(place, packet)
        progress.mark = done.mark
        if done.end is not None:
            raise self._stopped(ns, done.end)
        if first and _ends(done.packet) != _ends(packet):
            known = self._translations.get(ns)
            self._translations[ns] = _Translation(known.before if known is not None else packet, done.packet)
        return done.packet

    def prerouting(self, ns: str, packet: Packet, iif: str) -> Packet:
        """PREROUTING; an answer gets the destination back that NAT had rewritten."""
        return self._undo(ns, self.through(ns, "prerouting", packet, iif=iif), "prerouting")

    def postrouting(self, ns: str, packet: Packet, iif: str, oif: str) -> Packet:
        """POSTROUTING; an answer gets the source back that NAT had rewritten."""
        return self._undo(ns, self.through(ns, "postrouting", packet, iif=iif, oif=oif), "postrouting")

    def _stopped(self, ns: str, hop: Hop) -> Ended:
        if hop.kind == "unknown" or hop.rule is None:
            return self._progress.ended(Cause.UNKNOWN, ns, object=hop.object, rule=hop.rule, note=hop.note)
        return self._progress.ended(_cause(hop, hop.rule), ns, object=hop.object, rule=hop.rule)

    def _undo(self, ns: str, packet: Packet, hook: Hook) -> Packet:
        known = self._translations.get(ns) if self._progress.leg == "reply" else None
        done = _undone(known, packet, hook) if known is not None else packet
        if done != packet:
            self._progress.hop("nat", ns, packet=packet, after=done, hook=hook)
        return done


def _cause(hop: Hop, rule: RuleAt) -> Cause:
    if not rule.number:
        return Cause.DROPPED_BY_POLICY
    return Cause.REJECTED_BY_RULE if hop.outcome == "reject" else Cause.DROPPED_BY_RULE


def _undone(known: _Translation, packet: Packet, hook: Hook) -> Packet:
    before, after, change = known.before, known.after, msgspec.structs.replace
    if hook == "prerouting" and (packet.dst, packet.dport) == (after.src, after.sport):
        return change(packet, dst=before.src, dport=before.sport)
    if hook == "postrouting" and (packet.src, packet.sport) == (after.dst, after.dport):
        return change(packet, src=before.dst, sport=before.dport)
    return packet


def _ends(packet: Packet) -> tuple[str, int, str, int]:
    return packet.src, packet.sport, packet.dst, packet.dport
