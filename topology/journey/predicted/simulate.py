"""What the chains of a hook would do with a packet: the hops, and the packet as it goes on. Pure; what it cannot know ends it."""

import ipaddress
from collections.abc import Callable, Mapping
from typing import NamedTuple, NoReturn

import msgspec

from topology.journey.forwarding import ForwardingView
from topology.journey.hop import Hop, Leg, Outcome, RuleAt
from topology.journey.packet import Packet
from topology.journey.predicted.matching import Seen, Unknown, matches, port
from topology.journey.predicted.progress import Progress
from topology.journey.sighting import Hook
from topology.model.netfilter import Table
from topology.model.records import Chain
from topology.rules import Rule, Target, parse

TABLES: dict[Hook, tuple[Table, ...]] = {
    "prerouting": ("raw", "mangle", "nat"), "input": ("mangle", "filter", "security", "nat"), "forward": ("mangle", "filter", "security"),
    "output": ("raw", "mangle", "nat", "filter", "security"), "postrouting": ("mangle", "nat"),
}  # fmt: skip
"""The tables of a hook in the order of their priorities (linux/netfilter_ipv4.h)."""
_GOES_ON = frozenset((
    "LOG", "NFLOG", "TRACE", "CONNMARK", "CONNSECMARK", "SECMARK", "TCPMSS", "TOS", "DSCP", "ECN", "CLASSIFY", "CHECKSUM", "CT", "HMARK",
    "AUDIT", "IDLETIMER", "LED", "RATEEST", "SET", "TCPOPTSTRIP", "TEE",
))  # fmt: skip
"""Targets after which the next rule is looked at."""
_DEPTH = 64
"""Chains that call one another at most."""


class Place(NamedTuple):
    """Where a packet is: hook, interfaces, and what is carried with it. `state`: conntrack's."""

    namespace: str
    hook: Hook
    leg: Leg
    iif: str = ""
    oif: str = ""
    mark: int = 0
    state: str = "NEW"


class Done(NamedTuple):
    """A packet after a hook. `end`: the hop at which it ended, None: it goes on."""

    packet: Packet
    mark: int
    end: Hop | None


class _End(Exception):
    """The packet goes no further than this hop."""

    def __init__(self, hop: Hop) -> None:
        super().__init__(hop.kind)
        self.hop = hop


class Simulator:
    """Runs packets through the chains of a lab. `without`: rules that are taken as not there. `progress` gathers what happens."""

    def __init__(self, view: ForwardingView, without: frozenset[tuple[str, str, str, str, int]], progress: Progress) -> None:
        self.view, self.without, self.progress = view, without, progress
        self._parsed: dict[str, Rule] = {}

    def through(self, place: Place, packet: Packet) -> Done:
        """Through all tables of a hook."""
        run = _Run(self, place, packet)
        try:
            for table in TABLES[place.hook]:
                # table nat sees the first packet of a connection only
                if table != "nat" or place.state == "NEW":
                    run.table(table)
        except _End as end:
            return Done(run.packet, run.mark, end.hop)
        return Done(run.packet, run.mark, None)

    def parse(self, text: str) -> Rule:
        """A rule's text, parsed once."""
        found = self._parsed.get(text)
        if found is None:
            found = self._parsed[text] = parse(text)
        return found


class _Hit(NamedTuple):
    """A rule that matched, and the rules of its chain before it that did not. `depth`: how many chains have called one another."""

    chain: Chain
    rule: RuleAt
    target: Target | None
    passed: tuple[RuleAt, ...]
    depth: int

    @property
    def name(self) -> str:
        """Of the target; empty where the rule has none."""
        return self.target.name if self.target is not None else ""


class _Run:
    """One packet in one hook."""

    def __init__(self, simulator: Simulator, place: Place, packet: Packet) -> None:
        self.simulator, self.place, self.packet, self.mark = simulator, place, packet, place.mark
        self.family = packet.family
        self._passed: tuple[RuleAt, ...] = ()

    def _chain(self, table: str, name: str) -> Chain | None:
        return self.simulator.view.chain(self.place.namespace, self.family, table, name)

    def table(self, table: Table) -> None:
        """Through one table: its chain for this hook, and the policy. Raises _End where the packet is dropped."""
        chain = self._chain(table, self.place.hook.upper())
        if chain is None or self._rules(chain, 0) == "accept":
            return
        policy = chain.policy or "ACCEPT"
        rule = RuleAt(namespace=chain.namespace, family=self.family, table=table, chain=chain.name, text=policy)
        hop = self._hop(chain, rule, "drop" if policy == "DROP" else "accept", self._passed)
        if policy == "DROP":
            raise _End(hop)

    def _rules(self, chain: Chain, depth: int) -> Outcome:
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
            outcome = self._target(_Hit(chain, at, rule.target, tuple(passed), depth))
            passed = []
            if outcome in ("accept", "return"):
                return outcome
        self._passed = tuple(passed)
        return "return"

    def _matches(self, chain: Chain, at: RuleAt, rule: Rule) -> bool:
        """Raises _End where that cannot be known."""
        rest = tuple(m for m in rule.matches if m.name != "limit")
        seen = Seen(self.packet, self.place.iif, self.place.oif, self.mark, self.place.state, self._is_local)
        answer = matches(msgspec.structs.replace(rule, matches=rest), seen)
        if isinstance(answer, Unknown):
            self._unknown(chain, at, answer.why)
        if answer and len(rest) != len(rule.matches):
            self.simulator.progress.assume("-m limit: the limit is not reached")
        return answer

    def _is_local(self, address: str) -> bool:
        holders = self.simulator.view.holders(address)
        return any(i.namespace == self.place.namespace for i in holders) or ipaddress.ip_address(address).is_loopback

    # ---- hops --------------------------------------------------------------------------------------------------------

    def _hop(self, chain: Chain, rule: RuleAt, outcome: Outcome, passed: tuple[RuleAt, ...], **more: object) -> Hop:
        hop = Hop(
            kind="chain", namespace=chain.namespace, leg=self.place.leg, object=chain.id, packet=self.packet, hook=self.place.hook,
            rule=rule, outcome=outcome, passed=passed, mark=self.mark, state=self.place.state,
        )  # fmt: skip
        hop = msgspec.structs.replace(hop, **more)
        self.simulator.progress.hops.append(hop)
        return hop

    def _hit(self, hit: _Hit, outcome: Outcome, after: Packet | None = None) -> Hop:
        return self._hop(hit.chain, hit.rule, outcome, hit.passed, target=hit.name, after=after)

    def _unknown(self, chain: Chain, rule: RuleAt, why: str) -> NoReturn:
        note = f"rule {rule.number} of {rule.place} cannot be predicted: {why}"
        hop = Hop(
            kind="unknown", namespace=chain.namespace, leg=self.place.leg, object=chain.id, packet=self.packet, hook=self.place.hook,
            rule=rule, note=note,
        )  # fmt: skip
        self.simulator.progress.hops.append(hop)
        raise _End(hop)

    # ---- targets -----------------------------------------------------------------------------------------------------

    def _target(self, hit: _Hit) -> Outcome:
        act = _TARGETS.get(hit.name)
        if act is not None:
            return act(self, hit)
        if not hit.name or hit.name in _GOES_ON:
            self._hit(hit, "continue")
            return "continue"
        return self._jump(hit)

    def _jump(self, hit: _Hit) -> Outcome:
        called = self._chain(hit.chain.table, hit.name)
        if called is None or hit.depth > _DEPTH:
            self._unknown(hit.chain, hit.rule, f"-j {hit.name}")
        self._hit(hit, "jump")
        if self._rules(called, hit.depth + 1) == "accept":
            return "accept"
        self._passed = ()
        return "return" if hit.target is not None and hit.target.goto else "continue"

    def accept(self, hit: _Hit) -> Outcome:
        """ACCEPT: the table is through."""
        self._hit(hit, "accept")
        return "accept"

    def back(self, hit: _Hit) -> Outcome:
        """RETURN: to the calling chain."""
        self._hit(hit, "return")
        return "return"

    def drop(self, hit: _Hit) -> NoReturn:
        """DROP, REJECT: the end."""
        raise _End(self._hit(hit, "drop" if hit.name == "DROP" else "reject"))

    def mark_packet(self, hit: _Hit) -> Outcome:
        """MARK: the packet has another mark from here on."""
        option = hit.target.options[0] if hit.target is not None and hit.target.options else None
        if option is not None:
            change = _MARKS.get(option.name)
            if change is None:
                self._unknown(hit.chain, hit.rule, f"-j MARK {option.name}")
            value, _, mask = option.value.partition("/")
            self.mark = change(self.mark, int(value, 0), int(mask or "0xffffffff", 0))
            self._hit(hit, "continue")
        return "continue"

    def set_ttl(self, hit: _Hit) -> Outcome:
        """TTL, HL: the packet has another TTL from here on."""
        option = hit.target.options[0] if hit.target is not None and hit.target.options else None
        if option is not None:
            amount, ttl = int(option.value), self.packet.ttl
            wanted = {"set": amount, "dec": ttl - amount, "inc": ttl + amount}[option.name.rpartition("-")[2]]
            after = msgspec.structs.replace(self.packet, ttl=max(0, min(255, wanted)))
            self._hit(hit, "continue", after if after != self.packet else None)
            self.packet = after
        return "continue"

    def translate(self, hit: _Hit) -> Outcome:
        """DNAT, SNAT, MASQUERADE, REDIRECT: other addresses and ports, and table nat is through."""
        after = _NAT[hit.name](self, hit)
        self._hit(hit, "accept", after)
        self.packet = after
        return "accept"

    # ---- NAT ---------------------------------------------------------------------------------------------------------

    def masquerade(self, hit: _Hit) -> Packet:
        """The source becomes an address of the interface that it leaves by."""
        source = self.simulator.view.masquerade(self.place.namespace, self.place.oif, self.packet.dst)
        if source is None:
            self._unknown(hit.chain, hit.rule, f"{self.place.oif} has no address to masquerade with")
        return msgspec.structs.replace(self.packet, src=source)

    def redirect(self, hit: _Hit) -> Packet:
        """The destination becomes an address of the interface that it came in by, or the loopback address."""
        place, loopback = self.place, "::1" if self.family == "ipv6" else "127.0.0.1"
        incoming = self.simulator.view.address_of(place.namespace, place.iif, self.family) if place.hook != "output" else None
        number = port(value) if (value := _nat_option(hit)) else self.packet.dport
        return msgspec.structs.replace(self.packet, dst=incoming or loopback, dport=number)

    def rewrite(self, hit: _Hit) -> Packet:
        """DNAT, SNAT: to one address and port. Of several it is not known which."""
        value = _nat_option(hit)
        address, number = _endpoint(value)
        if "-" in address or "-" in number or (number and port(number) < 0):
            self._unknown(hit.chain, hit.rule, f"-j {hit.name} to one of several: {value}")
        packet, change = self.packet, msgspec.structs.replace
        if hit.name == "DNAT":
            return change(packet, dst=address or packet.dst, dport=port(number) if number else packet.dport)
        return change(packet, src=address or packet.src, sport=port(number) if number else packet.sport)


_TARGETS: Mapping[str, Callable[[_Run, _Hit], Outcome]] = {
    "ACCEPT": _Run.accept, "RETURN": _Run.back, "DROP": _Run.drop, "REJECT": _Run.drop, "MARK": _Run.mark_packet, "TTL": _Run.set_ttl,
    "HL": _Run.set_ttl, "DNAT": _Run.translate, "SNAT": _Run.translate, "MASQUERADE": _Run.translate, "REDIRECT": _Run.translate,
}  # fmt: skip
"""What the targets of iptables-extensions(8) do."""
_NAT: Mapping[str, Callable[[_Run, _Hit], Packet]] = {
    "DNAT": _Run.rewrite, "SNAT": _Run.rewrite, "MASQUERADE": _Run.masquerade, "REDIRECT": _Run.redirect,
}  # fmt: skip
_MARKS: Mapping[str, Callable[[int, int, int], int]] = {
    "--set-xmark": lambda mark, value, mask: (mark & ~mask & 0xFFFFFFFF) ^ value,
    "--set-mark": lambda mark, value, mask: (mark & ~mask & 0xFFFFFFFF) | value,
    "--and-mark": lambda mark, value, _: mark & value,
    "--or-mark": lambda mark, value, _: mark | value,
}
"""The options of MARK: old mark, value, mask → new mark."""


def _nat_option(hit: _Hit) -> str:
    """What the rule translates to, as it writes it."""
    options = hit.target.options if hit.target is not None else ()
    return next((o.value for o in options if o.name in ("--to-destination", "--to-source", "--to-ports")), "")


def _endpoint(text: str) -> tuple[str, str]:
    """Address and port of `10.0.0.1:80`, `[fd00::1]:80`, `fd00::1`, `:80`."""
    if text.startswith("["):
        address, _, number = text[1:].partition("]")
        return address, number.lstrip(":")
    if text.count(":") > 1:
        return text, ""
    address, _, number = text.partition(":")
    return address, number
