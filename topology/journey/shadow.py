"""Rules that can never match, as far as their texts say: one that another takes all packets from, one that names no interface.

Only what is certain is said: a condition that is not understood, or that depends on time, chance or state, shadows nothing; nor does one
about something that a rule between the two may change, here or in a chain that is jumped to. A false mark is worse than none.
"""

import ipaddress
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from heapq import merge
from itertools import islice
from typing import Final, Literal, NamedTuple

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
"""Matches that say the same of the same packet, whenever they are asked, unless a rule changes it."""
_OF_MATCH: Final[dict[str, frozenset[str]]] = {
    "tcp": frozenset({"header", "addresses"}), "udp": frozenset({"addresses"}), "udplite": frozenset({"addresses"}),
    "sctp": frozenset({"addresses"}), "dccp": frozenset({"addresses"}), "multiport": frozenset({"addresses"}), "icmp": frozenset(),
    "icmp6": frozenset(), "comment": frozenset(), "conntrack": frozenset({"tracking"}), "state": frozenset({"tracking"}),
    "mark": frozenset({"mark"}), "addrtype": frozenset({"addresses"}),
}  # fmt: skip
"""What of a packet each of them looks at."""
_NOTHING: Final = frozenset[str]()
_CHANGES: Final[dict[str, frozenset[str]]] = {
    **dict.fromkeys(("", "ACCEPT", "DROP", "REJECT", "RETURN", "LOG", "NFLOG", "ULOG", "TRACE", "AUDIT", "QUEUE", "NFQUEUE"), _NOTHING),
    **dict.fromkeys(("MARK", "CONNMARK", "HMARK"), frozenset({"mark"})),
    **dict.fromkeys(("CT", "NOTRACK"), frozenset({"tracking"})),
    **dict.fromkeys(("TCPOPTSTRIP", "TCPMSS", "ECN"), frozenset({"header"})),
    **dict.fromkeys(("TTL", "HL", "DSCP", "TOS", "CLASSIFY", "CHECKSUM"), _NOTHING),
    **dict.fromkeys(("DNAT", "SNAT", "NETMAP", "MASQUERADE", "REDIRECT"), frozenset({"addresses", "tracking"})),
}
"""What of a packet each target changes, of what the matches above look at. One that is not here may change anything."""
_ANYTHING: Final = frozenset({"mark", "tracking", "header", "addresses"})
_OF_CONNTRACK = frozenset({"--ctstate", "--state", "--ctproto", "--ctdir", "--ctorigsrc", "--ctorigdst", "--ctreplsrc", "--ctrepldst"})
"""Options of conntrack that do not depend on when they are asked, as `--ctexpire` does."""
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
                yield from _of_chain(chain, names, chains)
                if not is_built_in(chain) and not _used(chain, chains):
                    yield Never(chain.id, 0, "unused")


def _used(chain: Chain, chains: Chains) -> bool:
    return any(aims_at(rule, chain.name) for other in chains.values() for rule in other.rules)


class _Ending(NamedTuple):
    """A rule after which a packet sees no other of its chain. `needs`: what of the packet its conditions look at."""

    number: int
    rule: Rule
    needs: frozenset[str]


def _of_chain(chain: Chain, names: set[str], chains: Chains) -> Iterator[Never]:
    rules = [_parsed(text) for text in chain.rules]
    looks = [_looks(text) for text in chain.rules]
    ending = [_Ending(number, rule, look.needs) for number, (rule, look) in enumerate(zip(rules, looks, strict=True), 1) if look.ends]
    end = next((e.number for e in ending if not looks[e.number - 1].conditions), None)
    changed = _last_changes(rules, chains)
    look_back = min(_LOOK_BACK, _COMPARISONS // max(1, len(rules)))
    before, waiting = _Before(), deque(ending)
    for number, rule in enumerate(rules, 1):
        while waiting and waiting[0].number < number:
            before.add(waiting.popleft())
        missing = _missing(rule, names)
        if end is not None and number > end:
            yield Never(chain.id, number, "after-end", by=end)
        elif missing is not None:
            yield Never(chain.id, number, "no-interface", interface=missing)
        elif (by := _shadow(rule, before.wide(rule, number - look_back), changed[number - 1])) is not None:
            yield Never(chain.id, number, "shadowed", by=by)


_Key = tuple[str, int, int, int]
"""Which end of the packet, and the parts of `_Bits`."""


class _Before:
    """Endings, found by the networks that they are about: most rules of a long chain have nothing to do with one another."""

    def __init__(self) -> None:
        self._by_network: dict[_Key, list[_Ending]] = {}
        self._masks: dict[tuple[str, int], dict[int, None]] = {}
        """Of the networks, by which end of the packet they are about and the version of IP."""
        self._others: list[_Ending] = []

    def add(self, ending: _Ending) -> None:
        """One that stands behind all the others."""
        rule = ending.rule
        for side, network in (("source", rule.source), ("destination", rule.destination)):
            bits = _bits(network.value) if network is not None and not network.negated else None
            if bits is not None:
                self._by_network.setdefault((side, *bits), []).append(ending)
                self._masks.setdefault((side, bits.version), {})[bits.mask] = None
                return
        self._others.append(ending)

    def wide(self, rule: Rule, first: int) -> Iterator[_Ending]:
        """Those that may take all packets of a rule, from rule number `first` on; in their order."""
        found = [self._others]
        for side, network in (("source", rule.source), ("destination", rule.destination)):
            bits = _bits(network.value) if network is not None and not network.negated else None
            for mask in self._masks.get((side, bits.version), ()) if bits is not None else ():
                key = (side, bits.version, bits.address & mask, mask) if bits is not None and mask & ~bits.mask == 0 else None
                if key is not None and key in self._by_network:
                    found.append(self._by_network[key])
        parts = (islice(part, bisect_left(part, first, key=_number), None) for part in found)
        return merge(*parts, key=_number) if len(found) > 1 else next(parts)


def _number(ending: _Ending) -> int:
    return ending.number


def _shadow(rule: Rule, ending: Iterable[_Ending], changed: Mapping[str, int]) -> int | None:
    for before in ending:
        if all(changed.get(what, 0) <= before.number for what in before.needs) and covers(before.rule, rule):
            return before.number
    return None


# ---- what rules change -----------------------------------------------------------------------------------------------


def _needs(rule: Rule) -> frozenset[str]:
    """What of a packet the conditions of a rule look at, of what a rule can change."""
    plain = frozenset({"addresses"}) if rule.source is not None or rule.destination is not None else _NOTHING
    return plain.union(*(_OF_MATCH.get(m.name, _ANYTHING) for m in rule.matches))


def _last_changes(rules: Sequence[Rule], chains: Chains) -> list[dict[str, int]]:
    """For each rule: which rule before it was the last that may change something of a packet that goes on. By what it changes."""
    out: list[dict[str, int]] = []
    last: dict[str, int] = {}
    known: dict[str, frozenset[str]] = {}
    for number, rule in enumerate(rules, 1):
        out.append(last)
        if changes := _changed_by(rule, chains, known):
            last = {**last, **dict.fromkeys(changes, number)}
    return out


def _changed_by(rule: Rule, chains: Chains, known: dict[str, frozenset[str]]) -> frozenset[str]:
    """What the rule may change of a packet. `known`: by chain, for those that were looked through already."""
    if rule.rest:
        return _ANYTHING
    match = frozenset({"mark"}) if any(m.name not in _STEADY and m.option("--restore-skmark") for m in rule.matches) else _NOTHING
    name = rule.target.name if rule.target is not None else ""
    if name not in chains:
        return match | _CHANGES.get(name, _ANYTHING)
    if name not in known:
        known[name] = _NOTHING  # a chain that comes back to itself is refused by the kernel
        known[name] = _NOTHING.union(*(_changed_by(_parsed(text), chains, known) for text in chains[name].rules))
    return match | known[name]


@lru_cache(20_000)
def _parsed(text: str) -> Rule:
    return parse(text)


class _Looks(NamedTuple):
    """Whether a packet sees no further rule of the chain behind it, whether it has conditions, and what of the packet these look at."""

    ends: bool
    conditions: bool
    needs: frozenset[str]


@lru_cache(20_000)
def _looks(text: str) -> _Looks:
    rule = _parsed(text)
    return _Looks(_ends(rule), _conditions(rule), _needs(rule))


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
    a, b = _bits(wide.value), _bits(narrow.value)
    if a is None or b is None or narrow.negated or a.version != b.version:
        return False
    differ = (a.address ^ b.address) & a.mask & b.mask
    return differ != 0 if wide.negated else differ == 0 and a.mask & ~b.mask == 0


class _Bits(NamedTuple):
    """Addresses that have these bits where the mask has ones. A mask may have ones anywhere: `0.0.0.1/0.0.0.255`."""

    version: int
    address: int
    mask: int


@lru_cache(20_000)
def _bits(network: str) -> _Bits | None:
    """None where it is no address, or several."""
    host, slash, mask = network.partition("/")
    try:
        address = ipaddress.ip_address(host)
        size = address.max_prefixlen
        if not slash:
            ones = (1 << size) - 1
        elif mask.isascii() and mask.isdigit():
            ones = ((1 << size) - 1) ^ ((1 << size >> int(mask)) - 1) if int(mask) <= size else -1
        else:
            ones = int(ipaddress.ip_address(mask))
    except ValueError:
        return None
    return _Bits(address.version, int(address) & ones, ones) if ones >= 0 else None


def _match(wide: Match, narrow: Rule) -> bool:
    """Whether the other rule asks for at least as much."""
    if wide.name == "conntrack" and any(option.name not in _OF_CONNTRACK for option in wide.options):
        return False
    if wide.name == "addrtype":  # --limit-iface-in changes what the other options mean
        return wide in narrow.matches
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
