"""A way through a hook → hops: a hop for each rule that matched and each policy, what was passed by, what was changed."""

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
"""Fields of a packet that NAT and the like change on its way through a hook."""
_STOLEN = frozenset(("NFQUEUE", "QUEUE", "TPROXY"))


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
    packet = passage.packet or Packet()
    hops: list[Hop] = []
    passed = _PassedBy(view)
    for number, line in enumerate(passage.lines):
        following: Sequence[RuleHit] = passage.lines[number + 1 :]
        if changed(packet, line.packet):
            hops.append(_rewrite(hops, passage, leg, packet, line.packet))
            packet = line.packet
        rule = rule_at(view, line)
        outcome = _outcome(line, rule, following, passage.left is not None)
        hops.append(
            Hop(
                kind="chain", namespace=line.ns, leg=leg, object=ids.chain(line.ns, line.family, line.table, line.chain),
                packet=line.packet,
                hook=passage.hook, rule=rule, outcome=outcome, passed=tuple(passed.by(line)), mark=line.mark,
                target=_target(line, rule, following, outcome), state=passage.left.state if passage.left is not None else "",
            )
        )  # fmt: skip
    left = passage.left
    if left is not None:
        if changed(packet, left.packet):
            hops.append(_rewrite(hops, passage, leg, packet, left.packet))
        return Filtered(tuple(hops), left.packet, None)
    if not hops:
        ns = passage.entered.ns if passage.entered is not None else ""
        hops.append(Hop(kind="chain", namespace=ns, leg=leg, object=f"namespace:{ns}", packet=packet, hook=passage.hook, outcome="drop"))
    return Filtered(tuple(hops), packet, hops[-1])


def _rewrite(hops: list[Hop], passage: Passage, leg: Leg, before: Packet, after: Packet) -> Hop:
    """The rule that has just matched in table nat or mangle did it; else conntrack did, for a connection that it knows."""
    last = hops[-1] if hops else None
    if (
        last is not None
        and last.kind == "chain"
        and last.rule is not None
        and last.rule.number
        and last.rule.table in ("nat", "mangle", "raw")
    ):
        hops.pop()
        return msgspec.structs.replace(last, after=after)
    ns = passage.entered.ns if passage.entered is not None else passage.lines[0].ns
    return Hop(kind="nat", namespace=ns, leg=leg, object=f"namespace:{ns}", packet=before, after=after, hook=passage.hook)


def _outcome(line: RuleHit, rule: RuleAt, following: Sequence[RuleHit], came_out: bool) -> Outcome:
    if line.type == "return":
        return "return"
    word = line.verdict.partition(" ")[0]
    if word in ("drop", "accept", "stolen", "return", "continue"):
        return word  # type: ignore[return-value]  # these are outcomes
    if word in ("jump", "goto"):
        return "jump"
    if word:
        return "stolen" if word == "queue" else "continue"
    return _inferred(line, rule, following, came_out)


def _inferred(line: RuleHit, rule: RuleAt, following: Sequence[RuleHit], came_out: bool) -> Outcome:
    """The legacy trace says that a rule matched and not what it did: what came next says it."""
    nothing_follows = not following and not came_out
    if nothing_follows:
        target = parse(rule.text).target
        return "stolen" if target is not None and target.name in _STOLEN else "drop"
    if line.type == "policy":
        return "accept"
    after = following[0] if following else None
    if after is None or after.table != line.table:
        return "accept"
    if after.chain == line.chain:
        return "continue"
    if line.chain not in BUILT_IN and after.chain in BUILT_IN:
        return "return"
    return "jump"


def _target(line: RuleHit, rule: RuleAt, following: Sequence[RuleHit], outcome: Outcome) -> str:
    """The chain jumped to, else the target of the rule."""
    if outcome == "jump":
        return line.verdict.partition(" ")[2] or (following[0].chain if following else "")
    target = parse(rule.text).target if rule.number and rule.text else None
    return target.name if target is not None else ""


class _PassedBy:
    """Which rules did not match: those between one line of the trace and the next in the same chain."""

    def __init__(self, view: ForwardingView) -> None:
        self._world = view
        self._at: dict[tuple[str, str], int] = {}

    def by(self, line: RuleHit) -> Iterator[RuleAt]:
        chain = self._world.chain(line.ns, line.family, line.table, line.chain)
        if chain is None:
            return
        key = (line.table, line.chain)
        first = self._at.get(key, 0) + 1
        last = line.rule_number - 1 if line.type == "rule" else len(chain.rules)
        self._at[key] = line.rule_number if line.type == "rule" else 0
        for number in range(first, last + 1):
            yield RuleAt(
                namespace=line.ns, family=line.family, table=line.table, chain=line.chain, number=number, text=chain.rules[number - 1]
            )
