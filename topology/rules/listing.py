"""What iptables-save prints of the kernel's tables, read fast: a table of 10,000 rules is read each second while somebody looks at it."""

import re
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple, cast

from topology.facts import ChainCounters, ChainFact
from topology.netfilter import ChainPolicy, Table

_TABLE = re.compile(r"^\*(\S+)$", re.M)
_CHAIN = re.compile(r"^:(\S+) (\S+) \[(\d+):(\d+)\]$", re.M)
_RULE = re.compile(r"^(?:\[(\d+):(\d+)\] )?-A (\S+) ?(.*)$", re.M)
_FOREIGN = re.compile(r"^# (?!Generated|Completed)(.+)$", re.M)


class Listed(NamedTuple):
    """One table: its chains, and their counters (all 0 where the text has none)."""

    table: Table
    chains: tuple[ChainFact, ...]
    counters: dict[str, ChainCounters]


def read(text: str, counters: bool) -> Iterator[Listed]:
    """The tables of a text that iptables-save (with `counters`: `iptables-save -c`) printed."""
    for part in text.split("\nCOMMIT\n"):  # no rule has a line break in it
        if (found := _TABLE.search(part)) is not None:
            yield _table(cast("Table", found[1]), part[found.end() + 1 :], counters)


def foreign(text: str) -> tuple[str, ...]:
    """The remarks that iptables-save makes on what it cannot print."""
    return tuple(_FOREIGN.findall(text))


def _table(table: Table, body: str, counters: bool) -> Listed:
    by_chain = {name: list(rows) for name, rows in groupby(_RULE.findall(body), itemgetter(2))}
    chains: list[ChainFact] = []
    counted: dict[str, ChainCounters] = {}
    for name, policy, packets, size in _CHAIN.findall(body):
        rows = by_chain.get(name, [])
        said = cast("ChainPolicy", policy) if policy != "-" else None
        chains.append(ChainFact(name=name, policy=said, rules=tuple(row[3] for row in rows)))
        if counters:
            rules = tuple((int(row[0] or 0), int(row[1] or 0)) for row in rows)
            counted[name] = ChainCounters(policy=(int(packets), int(size)) if said else None, rules=rules)
    return Listed(table, tuple(chains), counted)
