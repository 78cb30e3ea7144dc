"""A passage through a hook as hops: one for each rule that matched and each policy, with the rules before it and what was changed."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from topology.journey.forwarding import ForwardingView
from topology.journey.hop import Hop, Leg, Outcome, RuleAt
from topology.journey.packet import Packet
from topology.journey.seen.evidence import Passage
from topology.journey.sighting import RuleHit
from topology.model import ids
from topology.model.netfilter import BUILT_IN
from topology.rules import parse

_REWRITTEN = ("src", "dst", "sport", "dport", "echo", "ttl")
"""Fields of a packet that NAT and the like change in a hook."""
_REWRITING_TABLES = frozenset(("nat", "mangle", "raw"))
_STOLEN = frozenset(("NFQUEUE", "QUEUE", "TPROXY"))
_OUTCOMES: dict[str, Outcome] = {
    "drop": "drop", "accept": "accept", "stolen": "stolen", "return": "return", "continue": "continue", "jump": "jump", "goto": "jump",
    "queue": "stolen",
}  # fmt: skip
"""Verdicts of nftables by their first word; others go on with the next rule."""


class Filtered(NamedTuple):
    """The hops of a passage, and the packet as it went on. `stopped`: the hop at which it ended, None: it came out."""

    hops: tuple[Hop, ...]
    packet: Packet
    stopped: Hop | None


def changed(before: Packet, after: Packet) -> bool:
    """Whether something of the packet was rewritten."""
    return any(getattr(before, field) != getattr(after, field) for field in _REWRITTEN)


def rule_at(view: ForwardingView, line: RuleHit) -> RuleAt:
    """The rule (number 0: the policy) that a line of the trace names, with its text where there is a record of it."""
    chain = view.chain(line.ns, line.family, line.table, line.chain)
    number = line.rule_number if line.type == "rule" else 0
    text = ""
    if chain is not None and 0 < number <= len(chain.rules):
        text = chain.rules[number - 1]
    elif number == 0 and line.type == "policy":
        text = (chain.policy if chain is not None else None) or "ACCEPT"
    return RuleAt(namespace=line.ns, family=line.family, table=line.table, chain=line.chain, number=number, text=text)


def filtered(view: ForwardingView, leg: Leg, passage: Passage) -> Filtered:
    """What the chains of a hook did with the packet."""
    passage = passage._replace(lines=tuple(_as_rule(view, line) for line in passage.lines))
    packet = passage.packet or Packet()
    hops: list[Hop] = []
    not_matched = _NotMatched(view)
    for number, line in enumerate(passage.lines):
        if changed(packet, line.packet):
            hops.append(_rewrite(hops, passage, leg, packet, line.packet))
            packet = line.packet
        hops.append(_chain_hop(leg, passage, number, rule_at(view, line), tuple(not_matched.before(line))))
    if passage.exit is not None:
        if changed(packet, passage.exit.packet):
            hops.append(_rewrite(hops, passage, leg, packet, passage.exit.packet))
        return Filtered(tuple(hops), passage.exit.packet, None)
    if not hops:
        ns = passage.entry.ns if passage.entry is not None else ""
        hops.append(Hop(kind="chain", namespace=ns, leg=leg, object=ids.namespace(ns), packet=packet, hook=passage.hook, outcome="drop"))
    return Filtered(tuple(hops), packet, hops[-1])


def _as_rule(view: ForwardingView, line: RuleHit) -> RuleHit:
    """The legacy trace calls a rule without a match that accepts, drops or returns the end of its chain (get_chainname_rulenum() in
    net/ipv4/netfilter/ip_tables.c); its number tells that it is a rule."""
    if line.driver != "legacy" or line.type == "rule":
        return line
    chain = view.chain(line.ns, line.family, line.table, line.chain)
    is_rule = chain is not None and 0 < line.rule_number <= len(chain.rules)
    return msgspec.structs.replace(line, type="rule") if is_rule else line


def _chain_hop(leg: Leg, passage: Passage, number: int, rule: RuleAt, passed: tuple[RuleAt, ...]) -> Hop:
    """Line `number` of the passage, which names `rule`."""
    line, following = passage.lines[number], passage.lines[number + 1 :]
    outcome = _outcome(line, rule, following, passage.exit is not None)
    return Hop(
        kind="chain", namespace=line.ns, leg=leg, object=ids.chain(line.ns, line.family, line.table, line.chain), packet=line.packet,
        hook=passage.hook, rule=rule, outcome=outcome, passed=passed, mark=line.mark, target=_target(line, rule, following, outcome),
        state=passage.exit.state if passage.exit is not None else "",
    )  # fmt: skip


def _rewrite(hops: list[Hop], passage: Passage, leg: Leg, before: Packet, after: Packet) -> Hop:
    """The rule that has just matched in table nat or mangle did it; else conntrack did, for a connection that it knows."""
    last = hops[-1] if hops else None
    if last is not None and last.rule is not None and last.rule.number and last.rule.table in _REWRITING_TABLES:
        hops.pop()
        return msgspec.structs.replace(last, after=after)
    ns = passage.entry.ns if passage.entry is not None else passage.lines[0].ns
    return Hop(kind="nat", namespace=ns, leg=leg, object=ids.namespace(ns), packet=before, after=after, hook=passage.hook)


def _outcome(line: RuleHit, rule: RuleAt, following: Sequence[RuleHit], came_out: bool) -> Outcome:
    if line.type == "return":
        return "return"
    word = line.verdict.partition(" ")[0]
    return _OUTCOMES.get(word, "continue") if word else _inferred(line, rule, following, came_out)


def _inferred(line: RuleHit, rule: RuleAt, following: Sequence[RuleHit], came_out: bool) -> Outcome:
    """The legacy trace says that a rule matched and not what it did: the next line says it."""
    if not following and not came_out:
        target = parse(rule.text).target
        return "stolen" if target is not None and target.name in _STOLEN else "drop"
    if line.type == "policy":
        return "accept"
    target = parse(rule.text).target
    if target is not None and target.name == "RETURN":
        return "return"
    after = following[0] if following else None
    if after is None or after.table != line.table:
        return "accept"
    if after.chain == line.chain:
        return "continue"
    return "return" if line.chain not in BUILT_IN and after.chain in BUILT_IN else "jump"


def _target(line: RuleHit, rule: RuleAt, following: Sequence[RuleHit], outcome: Outcome) -> str:
    """The chain jumped to, else the target of the rule."""
    if outcome == "jump":
        return line.verdict.partition(" ")[2] or (following[0].chain if following else "")
    target = parse(rule.text).target if rule.number and rule.text else None
    return target.name if target is not None else ""


class _NotMatched:
    """Which rules did not match: those between one line of the trace and the next in the same chain."""

    def __init__(self, view: ForwardingView) -> None:
        self._view = view
        self._last: dict[tuple[str, str], int] = {}

    def before(self, line: RuleHit) -> Iterator[RuleAt]:
        """Those that the packet went past to come to this line."""
        chain = self._view.chain(line.ns, line.family, line.table, line.chain)
        if chain is None:
            return
        key = (line.table, line.chain)
        first = self._last.get(key, 0) + 1
        last = min(line.rule_number - 1 if line.type == "rule" else len(chain.rules), len(chain.rules))
        self._last[key] = line.rule_number if line.type == "rule" else 0
        for number in range(first, last + 1):
            yield RuleAt(
                namespace=line.ns, family=line.family, table=line.table, chain=line.chain, number=number, text=chain.rules[number - 1]
            )
