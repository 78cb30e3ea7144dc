"""The hooks of netfilter that a predicted packet passes, and how one that does not come through ends."""

from topology.journey.forwarding import ForwardingView
from topology.journey.hop import Cause, Hop, RuleAt
from topology.journey.packet import Packet
from topology.journey.predicted.place import Place
from topology.journey.predicted.progress import Ended, Progress
from topology.journey.predicted.simulate import Simulator
from topology.journey.sighting import Hook

_FAMILIES = {"ipv4": ("ip", "inet", "netdev", "ipv4"), "ipv6": ("ip6", "inet", "netdev", "ipv6")}
"""What `ForwardingView.foreign` calls the families that see packets of one."""


class Hooks:
    """Takes a packet and its answer through hooks. `picked`: the ports of which the kernel picks one."""

    def __init__(self, view: ForwardingView, progress: Progress, simulator: Simulator, picked: tuple[int, int]) -> None:
        self._view, self._progress, self._simulator, self._picked = view, progress, simulator, picked

    def through(
        self, ns: str, hook: Hook, packet: Packet, iif: str = "", oif: str = "", ports: tuple[str, str] = ("", ""), kernels: bool = False
    ) -> Packet:
        """The packet as it goes on. `ports`: the bridge ports that it came in and goes out by, where br_netfilter calls; `kernels`: no
        program sent it. Raises Ended where a rule or a policy stops it."""
        for text in self._view.foreign(ns, *_FAMILIES[packet.family]):
            self._progress.assume(f"{text} in {ns} lets it pass")
        sent = self._progress.leg == "original" and not iif and not kernels
        done = self._simulator.through(Place(ns, hook, self._progress.leg, iif, oif, sent, *ports, self._picked), packet)
        if done.end is not None:
            raise self._stopped(ns, done.end)
        return done.packet

    def _stopped(self, ns: str, hop: Hop) -> Ended:
        if hop.kind == "unknown" or hop.rule is None:
            return self._progress.ended(Cause.UNKNOWN, ns, object=hop.object, rule=hop.rule, note=hop.note)
        return self._progress.ended(_cause(hop, hop.rule), ns, object=hop.object, rule=hop.rule)


def _cause(hop: Hop, rule: RuleAt) -> Cause:
    if not rule.number:
        return Cause.DROPPED_BY_POLICY
    return Cause.REJECTED_BY_RULE if hop.outcome == "reject" else Cause.DROPPED_BY_RULE
