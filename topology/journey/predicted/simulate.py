"""What the chains of a hook would do with a packet: the hops, and the packet as it goes on. Pure; what it cannot know ends it."""

import ipaddress
from collections.abc import Sequence
from typing import NoReturn

import msgspec

from topology.journey.forwarding import ForwardingView
from topology.journey.hop import Hop, Outcome, RuleAt
from topology.journey.packet import Packet
from topology.journey.predicted.extensions import Assumed, Seen, Unknown
from topology.journey.predicted.matching import matches
from topology.journey.predicted.place import Done, Ending, Hit, Place
from topology.journey.predicted.progress import Progress
from topology.journey.predicted.targets import GOES_ON, TARGETS
from topology.journey.predicted.tracking import INVALID, SIDES, Tracked, Tracker, bind, translated
from topology.journey.sighting import Hook
from topology.model.netfilter import Table
from topology.model.records import Chain
from topology.rules import Rule, parse

TABLES: dict[Hook, tuple[Table, ...]] = {
    "prerouting": ("raw", "mangle", "nat"), "input": ("mangle", "filter", "security", "nat"), "forward": ("mangle", "filter", "security"),
    "output": ("raw", "mangle", "nat", "filter", "security"), "postrouting": ("mangle", "nat"),
}  # fmt: skip
"""The tables of a hook in the order of their priorities (linux/netfilter_ipv4.h)."""
_DEPTH = 64
"""Chains that call one another at most."""


class Simulator:
    """Runs packets through the chains of a lab. `without`: rules that are taken as not there. `progress` gathers what happens."""

    def __init__(self, view: ForwardingView, without: frozenset[tuple[str, str, str, str, int]], progress: Progress) -> None:
        self.view, self.without, self.progress = view, without, progress
        self._parsed: dict[str, Rule] = {}
        self._trackers: dict[str, Tracker] = {}

    def through(self, place: Place, packet: Packet) -> Done:
        """Through all tables of a hook."""
        run = Run(self, place, packet)
        try:
            run.hook()
        except Ending as end:
            return Done(run.packet, end.hop)
        return Done(run.packet, None)

    def track(self, namespace: str, packet: Packet) -> Tracked:
        """What conntrack of the namespace says of a packet."""
        return self._trackers.setdefault(namespace, Tracker()).find(packet)

    def parse(self, text: str) -> Rule:
        """A rule's text, parsed once."""
        found = self._parsed.get(text)
        if found is None:
            found = self._parsed[text] = parse(text)
        return found


class Run:
    """One packet in one hook. `packet`, and `mark` and `tracked` of `progress`, change while it goes on."""

    def __init__(self, simulator: Simulator, place: Place, packet: Packet) -> None:
        self.simulator, self.place, self.packet, self.progress = simulator, place, packet, simulator.progress
        self.view, self.family = simulator.view, packet.family
        self._passed: tuple[RuleAt, ...] = ()

    def chain(self, table: str, name: str) -> Chain | None:
        """A chain of this namespace and family."""
        return self.view.chain(self.place.namespace, self.family, table, name)

    def hook(self) -> None:
        """Through the tables; conntrack looks at a packet between raw and the others (NF_IP_PRI_CONNTRACK)."""
        for table in TABLES[self.place.hook]:
            if table != "raw" and self.progress.tracked is None:
                self.progress.tracked = self.simulator.track(self.place.namespace, self.packet)
            if table == "nat":
                self._nat()
            else:
                self._table(table)

    def _nat(self) -> None:
        """Its rules see the first packet of a connection only, and each side once; of all later packets it does what was decided then."""
        tracked, side = self.progress.tracked or INVALID, SIDES[self.place.hook]
        known = tracked.connection
        if known is None:
            return
        if tracked.state == "NEW" and side not in known.done:
            before = self.packet
            self._table("nat")
            known.done.add(side)
            bind(known, before, self.packet, side)
            return
        after = translated(tracked, self.packet, side)
        if after != self.packet:
            self.progress.hop("nat", self.place.namespace, packet=self.packet, after=after, hook=self.place.hook)
            self.packet = after

    def _table(self, table: Table) -> None:
        """Through one table: its chain for this hook, and the policy. Raises Ending where the packet is dropped."""
        chain = self.chain(table, self.place.hook.upper())
        if chain is None or self.rules(chain, 0) == "accept":
            return
        policy = chain.policy or "ACCEPT"
        rule = RuleAt(namespace=chain.namespace, family=self.family, table=table, chain=chain.name, text=policy)
        hop = self._hop(chain, rule, "drop" if policy == "DROP" else "accept", self._passed)
        if policy == "DROP":
            raise Ending(hop)

    def rules(self, chain: Chain, depth: int) -> Outcome:
        """`accept`: the table is through with the packet; `return`: the end of the chain was reached."""
        passed: list[RuleAt] = []
        for number, text in enumerate(chain.rules, 1):
            if (chain.namespace, self.family, chain.table, chain.name, number) in self.simulator.without:
                continue
            at = RuleAt(namespace=chain.namespace, family=self.family, table=chain.table, chain=chain.name, number=number, text=text)
            rule = self.simulator.parse(text)
            if not self._matches(chain, at, rule):
                passed.append(at)
                continue
            outcome = self._target(Hit(chain, at, rule.target, tuple(passed), depth))
            passed = []
            if outcome in ("accept", "return"):
                return outcome
        self._passed = tuple(passed)
        return "return"

    def _matches(self, chain: Chain, at: RuleAt, rule: Rule) -> bool:
        """Raises Ending where that cannot be known."""
        answer = matches(rule, self._seen(chain.table))
        if isinstance(answer, Unknown):
            self.unknown(chain, at, answer.why)
        if isinstance(answer, Assumed):
            self.progress.assume(answer.text)
            return answer.holds
        return answer

    def _seen(self, table: str) -> Seen:
        place, tracked = self.place, self.progress.tracked
        # table raw comes before conntrack: a packet has no connection there, which its matches call INVALID
        state = "INVALID" if tracked is None or (table == "raw" and tracked.state != "UNTRACKED") else tracked.state
        return Seen(
            self.packet, place.iif, place.oif, self.progress.mark, state, self.is_local, self._is_broadcast, tracked, place.sent,
            place.physin, place.physout, place.picked,
        )  # fmt: skip

    def is_local(self, address: str) -> bool:
        """Whether it is an address of the namespace."""
        return self.view.is_local(self.place.namespace, ipaddress.ip_address(address))

    def _is_broadcast(self, address: str) -> bool:
        return self.view.is_broadcast(self.place.namespace, ipaddress.ip_address(address))

    # ---- hops --------------------------------------------------------------------------------------------------------

    def _hop(self, chain: Chain, rule: RuleAt, outcome: Outcome, passed: Sequence[RuleAt], **more: object) -> Hop:
        state = self.progress.tracked.state if self.progress.tracked is not None else ""
        hop = Hop(
            kind="chain", namespace=chain.namespace, leg=self.place.leg, object=chain.id, packet=self.packet, hook=self.place.hook,
            rule=rule, outcome=outcome, passed=tuple(passed), mark=self.progress.mark, state=state,
        )  # fmt: skip
        hop = msgspec.structs.replace(hop, **more)
        self.progress.hops.append(hop)
        return hop

    def hit(self, hit: Hit, outcome: Outcome, after: Packet | None = None) -> Hop:
        """A rule that matched, as a hop."""
        return self._hop(hit.chain, hit.rule, outcome, hit.passed, target=hit.name, after=after)

    def unknown(self, chain: Chain, rule: RuleAt, why: str) -> NoReturn:
        """What the rule does cannot be known: the end."""
        note = f"rule {rule.number} of {rule.place} cannot be predicted: {why}"
        hop = Hop(
            kind="unknown", namespace=chain.namespace, leg=self.place.leg, object=chain.id, packet=self.packet, hook=self.place.hook,
            rule=rule, note=note,
        )  # fmt: skip
        self.progress.hops.append(hop)
        raise Ending(hop)

    # ---- targets -----------------------------------------------------------------------------------------------------

    def _target(self, hit: Hit) -> Outcome:
        try:
            act = TARGETS.get(hit.name)
            if act is not None:
                return act(self, hit)
        except ValueError:
            self.unknown(hit.chain, hit.rule, f"-j {hit.name}")
        if not hit.name or hit.name in GOES_ON:
            self.hit(hit, "continue")
            return "continue"
        return self._jump(hit)

    def _jump(self, hit: Hit) -> Outcome:
        called = self.chain(hit.chain.table, hit.name)
        if called is None or hit.depth > _DEPTH:
            self.unknown(hit.chain, hit.rule, f"-j {hit.name}")
        self.hit(hit, "jump")
        if self.rules(called, hit.depth + 1) == "accept":
            return "accept"
        self._passed = ()
        return "return" if hit.target is not None and hit.target.goto else "continue"
