"""What the chains of a hook would do with a packet: the hops, and the packet as it goes on. Pure; what it cannot know ends it."""

import ipaddress
from typing import NamedTuple

import msgspec

from topology.journey.forwarding import ForwardingView
from topology.journey.hop import Hop, Leg, Outcome, RuleAt
from topology.journey.matching import Seen, Unknown, matches, port
from topology.journey.packet import Packet
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
_DEEP = 64


class Place(NamedTuple):
    """Where a packet is: hook, interfaces, and what is carried with it."""

    namespace: str
    hook: Hook
    leg: Leg
    iif: str = ""
    oif: str = ""
    mark: int = 0
    state: str = "NEW"


class Done(NamedTuple):
    """`end`: the hop at which it ended, None: it goes on."""

    packet: Packet
    mark: int
    end: Hop | None


class _End(Exception):
    """The packet goes no further than this hop."""

    def __init__(self, hop: Hop) -> None:
        super().__init__(hop.kind)
        self.hop = hop


class Simulator:
    """Runs packets through the chains of a lab. `without`: rules that are taken as not there. `hops` gathers what happens."""

    def __init__(
        self, view: ForwardingView, without: frozenset[tuple[str, str, str, str, int]], hops: list[Hop], assumptions: dict[str, None]
    ) -> None:
        self.view, self.without, self.hops, self.assumptions = view, without, hops, assumptions
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
        found = self._parsed.get(text)
        if found is None:
            found = self._parsed[text] = parse(text)
        return found


class _Run:
    """One packet in one hook."""

    def __init__(self, simulator: Simulator, place: Place, packet: Packet) -> None:
        self.simulator, self.place, self.packet, self.mark = simulator, place, packet, place.mark
        self.family = packet.family

    def _chain(self, table: str, name: str) -> Chain | None:
        return self.simulator.view.chain(self.place.namespace, self.family, table, name)

    def table(self, table: Table) -> None:
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
            answer = self._matches(rule)
            if answer is False:
                passed.append(at)
                continue
            if isinstance(answer, Unknown):
                self._unknown(chain, at, answer.why)
            outcome = self._target(chain, at, rule.target, tuple(passed), depth)
            passed = []
            if outcome in ("accept", "return"):
                return outcome
        self._passed = tuple(passed)
        return "return"

    def _matches(self, rule: Rule) -> bool | Unknown:
        rest = tuple(m for m in rule.matches if m.name != "limit")
        seen = Seen(self.packet, self.place.iif, self.place.oif, self.mark, self.place.state, self._is_local)
        answer = matches(msgspec.structs.replace(rule, matches=rest), seen)
        if answer is True and len(rest) != len(rule.matches):
            self.simulator.assumptions["-m limit: the limit is not reached"] = None
        return answer

    def _is_local(self, address: str) -> bool:
        owners = self.simulator.view.owners.get(address, ())
        return any(i.namespace == self.place.namespace for i in owners) or ipaddress.ip_address(address).is_loopback

    def _hop(self, chain: Chain, rule: RuleAt, outcome: Outcome, passed: tuple[RuleAt, ...], **more: object) -> Hop:
        hop = Hop(
            kind="chain", namespace=chain.namespace, leg=self.place.leg, object=chain.id, packet=self.packet, hook=self.place.hook,
            rule=rule, outcome=outcome, passed=passed, mark=self.mark, state=self.place.state,
        )  # fmt: skip
        hop = msgspec.structs.replace(hop, **more)
        self.simulator.hops.append(hop)
        return hop

    def _unknown(self, chain: Chain, rule: RuleAt, why: str) -> None:
        note = f"rule {rule.number} of {rule.place} cannot be predicted: {why}"
        hop = Hop(
            kind="unknown", namespace=chain.namespace, leg=self.place.leg, object=chain.id, packet=self.packet, hook=self.place.hook,
            rule=rule, note=note,
        )  # fmt: skip
        self.simulator.hops.append(hop)
        raise _End(hop)

    # ---- targets -----------------------------------------------------------------------------------------------------

    def _target(self, chain: Chain, rule: RuleAt, target: Target | None, passed: tuple[RuleAt, ...], depth: int) -> Outcome:
        name = target.name if target is not None else ""
        match name:
            case "ACCEPT" | "RETURN":
                outcome: Outcome = "accept" if name == "ACCEPT" else "return"
                self._hop(chain, rule, outcome, passed, target=name)
                return outcome
            case "DROP" | "REJECT":
                raise _End(self._hop(chain, rule, "drop" if name == "DROP" else "reject", passed, target=name))
            case "DNAT" | "SNAT" | "MASQUERADE" | "REDIRECT":
                assert target is not None
                after = self._translated(chain, rule, target)
                hop = self._hop(chain, rule, "accept", passed, target=name, after=after)
                self.packet = after
                return hop.outcome or "accept"
            case "MARK" | "TTL" | "HL":
                assert target is not None
                self._changed(chain, rule, target, passed)
                return "continue"
        if target is None or name in _GOES_ON:
            self._hop(chain, rule, "continue", passed, target=name)
            return "continue"
        called = self._chain(chain.table, name)
        if called is None or depth > _DEEP:
            self._unknown(chain, rule, f"-j {name}")
        assert called is not None
        self._hop(chain, rule, "jump", passed, target=name)
        outcome = self._rules(called, depth + 1)
        if outcome == "accept":
            return "accept"
        self._passed = ()
        return "return" if target.goto else "continue"

    def _changed(self, chain: Chain, rule: RuleAt, target: Target, passed: tuple[RuleAt, ...]) -> None:
        option = next(iter(target.options), None)
        if option is None:
            return
        after = self.packet
        if target.name == "MARK":
            value, _, mask = option.value.partition("/")
            bits, number = int(mask or "0xffffffff", 0), int(value, 0)
            match option.name:
                case "--set-xmark":
                    self.mark = (self.mark & ~bits & 0xFFFFFFFF) ^ number
                case "--set-mark":
                    self.mark = (self.mark & ~bits & 0xFFFFFFFF) | number
                case "--and-mark":
                    self.mark &= number
                case "--or-mark":
                    self.mark |= number
                case _:
                    self._unknown(chain, rule, f"-j MARK {option.name}")
        else:
            amount = int(option.value)
            ttl = {"set": amount, "dec": after.ttl - amount, "inc": after.ttl + amount}[option.name.rpartition("-")[2]]
            after = msgspec.structs.replace(after, ttl=max(0, min(255, ttl)))
        self._hop(chain, rule, "continue", passed, target=target.name, after=after if after != self.packet else None)
        self.packet = after

    def _translated(self, chain: Chain, rule: RuleAt, target: Target) -> Packet:
        """Addresses and ports as the target rewrites them. Of several it cannot be told which."""
        change = msgspec.structs.replace
        if target.name == "MASQUERADE":
            source = self.simulator.view.masquerade(self.place.namespace, self.place.oif, self.packet.dst)
            if source is None:
                self._unknown(chain, rule, f"{self.place.oif} has no address to masquerade with")
            return change(self.packet, src=source)
        option = next((o for o in target.options if o.name in ("--to-destination", "--to-source", "--to-ports")), None)
        if target.name == "REDIRECT":
            own = "::1" if self.family == "ipv6" else "127.0.0.1"
            address = (
                own if self.place.hook == "output" else self.simulator.view.address_of(self.place.namespace, self.place.iif, self.family)
            )
            return change(self.packet, dst=address or own, dport=port(option.value) if option is not None else self.packet.dport)
        address, number = _endpoint(option.value if option is not None else "")
        if "-" in address or "-" in number or (number and port(number) < 0):
            self._unknown(chain, rule, f"-j {target.name} to one of several: {option.value if option is not None else ''}")
        if target.name == "DNAT":
            return change(self.packet, dst=address or self.packet.dst, dport=port(number) if number else self.packet.dport)
        return change(self.packet, src=address or self.packet.src, sport=port(number) if number else self.packet.sport)

    _passed: tuple[RuleAt, ...] = ()


def _endpoint(text: str) -> tuple[str, str]:
    """Address and port of `10.0.0.1:80`, `[fd00::1]:80`, `fd00::1`, `:80`."""
    if text.startswith("["):
        address, _, number = text[1:].partition("]")
        return address, number.lstrip(":")
    if text.count(":") > 1:
        return text, ""
    address, _, number = text.partition(":")
    return address, number
