"""Rules that can never match, as far as their texts say: one that another takes all packets from, one that names no interface.

Only what is certain is said: a condition that is not understood, or that depends on time, chance or state, shadows nothing.
"""

import ipaddress
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Literal, NamedTuple

from topology.model import ranges
from topology.model.records import INTERFACES, AnyRecord, Chain
from topology.observe.live import AnyLive, LinkLive
from topology.rules.chains import Chains, aims_at, by_table, is_built_in
from topology.rules.parse import Condition, Match, Option, Rule, parse

_ENDS = frozenset({"ACCEPT", "DROP", "REJECT", "RETURN", "MASQUERADE", "SNAT", "DNAT", "REDIRECT", "NETMAP", "QUEUE", "NFQUEUE"})
"""Targets after which the packet sees no further rule of the chain."""
_STEADY = frozenset(
    {"tcp", "udp", "udplite", "sctp", "dccp", "icmp", "icmp6", "comment", "multiport", "conntrack", "state", "mark", "addrtype"}
)
"""Matches that say the same of the same packet, whenever they are asked."""
_PORTS = ("--sport", "--dport")
_LOOK_BACK, _COMPARISONS = 400, 400_000
"""How many rules before one are compared with it, and comparisons in one chain, at most: in a chain of thousands a rule is seldom
shadowed by a distant one, and edits wait meanwhile."""


class Never(NamedTuple):
    """As `protocol.chains.RuleNote`."""

    chain: str
    rule: int
    reason: Literal["shadowed", "after-end", "no-interface", "unused"]
    by: int | None = None
    interface: str = ""


def never(records: Mapping[str, AnyRecord], live: Mapping[str, AnyLive], namespace: str) -> Iterator[Never]:
    """All of a namespace. Without live records the interfaces of the document are all there are."""
    names = {r.name for r in records.values() if isinstance(r, INTERFACES) and r.namespace == namespace} | {"lo"}
    names |= {r.name for r in live.values() if isinstance(r, LinkLive) and r.namespace == namespace}
    for (ns, _, _), chains in by_table(records).items():
        if ns == namespace:
            for chain in chains.values():
                yield from _of_chain(chain, names)
                if not is_built_in(chain) and not _used(chain, chains):
                    yield Never(chain.id, 0, "unused")


def _used(chain: Chain, chains: Chains) -> bool:
    return any(aims_at(rule, chain.name) for other in chains.values() for rule in other.rules)


def _of_chain(chain: Chain, names: set[str]) -> Iterator[Never]:
    rules = [_parsed(text) for text in chain.rules]
    ending = [(number, rule) for number, rule in enumerate(rules, 1) if _ends(rule)]
    end = next((number for number, rule in ending if not _conditions(rule)), None)
    look_back = min(_LOOK_BACK, _COMPARISONS // max(1, len(rules)))
    first = 0
    for number, rule in enumerate(rules, 1):
        missing = _missing(rule, names)
        while first < len(ending) and ending[first][0] < number - look_back:
            first += 1
        if end is not None and number > end:
            yield Never(chain.id, number, "after-end", by=end)
        elif missing is not None:
            yield Never(chain.id, number, "no-interface", interface=missing)
        elif (by := _shadow(rule, number, ending, first)) is not None:
            yield Never(chain.id, number, "shadowed", by=by)


def _shadow(rule: Rule, number: int, ending: list[tuple[int, Rule]], first: int) -> int | None:
    for before, other in ending[first:]:
        if before >= number:
            return None
        if covers(other, rule):
            return before
    return None


@lru_cache(20_000)
def _parsed(text: str) -> Rule:
    return parse(text)


def _ends(rule: Rule) -> bool:
    return not rule.rest and rule.target is not None and (rule.target.name in _ENDS or rule.target.goto)


def _conditions(rule: Rule) -> bool:
    plain = (rule.source, rule.destination, rule.in_interface, rule.out_interface, rule.protocol, rule.fragment)
    return any(plain) or any(m.name != "comment" for m in rule.matches)


def _missing(rule: Rule, names: set[str]) -> str | None:
    """The interface that the rule needs and that does not exist."""
    for condition in (rule.in_interface, rule.out_interface):
        if condition is None or condition.negated:
            continue
        name = condition.value
        found = any(n.startswith(name[:-1]) for n in names) if name.endswith("+") else name in names
        if not found:
            return name
    return None


# ---- does one take all packets of another ----------------------------------------------------------------------------


def covers(wide: Rule, narrow: Rule) -> bool:
    """Whether every packet that `narrow` matches is matched by `wide`, for certain."""
    if narrow.rest or any(m.name not in _STEADY for m in wide.matches):
        return False
    return (
        _network(wide.source, narrow.source)
        and _network(wide.destination, narrow.destination)
        and _name(wide.in_interface, narrow.in_interface)
        and _name(wide.out_interface, narrow.out_interface)
        and _same(wide.protocol, narrow.protocol)
        and _same(wide.fragment, narrow.fragment)
        and all(_match(m, narrow) for m in wide.matches if m.name != "comment")
    )


def _same(wide: Condition | None, narrow: Condition | None) -> bool:
    return wide is None or wide == narrow


def _name(wide: Condition | None, narrow: Condition | None) -> bool:
    if wide is None or wide == narrow:
        return True
    if narrow is None or wide.negated or narrow.negated:
        return False
    return wide.value.endswith("+") and narrow.value.rstrip("+").startswith(wide.value[:-1])


def _network(wide: Condition | None, narrow: Condition | None) -> bool:
    if wide is None or wide == narrow:
        return True
    if narrow is None:
        return False
    a, b = _bounds(wide.value), _bounds(narrow.value)
    if a is None or b is None or narrow.negated or a[0] != b[0]:
        return False
    (_, low, high), (_, least, most) = a, b
    return high < least or most < low if wide.negated else low <= least and most <= high


@lru_cache(20_000)
def _bounds(network: str) -> tuple[int, int, int] | None:
    """Version, first and last address as numbers; None where it is no network."""
    try:
        found = ipaddress.ip_network(network)
    except ValueError:
        return None
    return found.version, int(found.network_address), int(found.broadcast_address)


def _match(wide: Match, narrow: Rule) -> bool:
    """Whether the other rule asks for at least as much."""
    given = [option for m in narrow.matches if m.name == wide.name for option in m.options]
    return all(any(_option(option, other) for other in given) for option in wide.options)


def _option(wide: Option, narrow: Option) -> bool:
    if (wide.name, wide.negated) != (narrow.name, narrow.negated):
        return False
    if wide.values == narrow.values:
        return True
    if wide.negated or len(wide.values) != 1 or len(narrow.values) != 1:
        return False
    if wide.name in _PORTS:
        (low, high), (a, b) = _range(wide.value), _range(narrow.value)
        return low <= a <= b <= high
    if wide.name in ("--ctstate", "--state", "--dports", "--sports", "--ports"):
        return set(narrow.value.split(",")) <= set(wide.value.split(","))
    return False


def _range(ports: str) -> tuple[int, int]:
    """`80`, `80:90`, `:90`, `80:`; an empty range where it is none."""
    low, colon, high = ports.partition(":")
    try:
        return int(low or 0), int(high or ranges.L4_PORT[1]) if colon else int(low)
    except ValueError:
        return 1, 0
