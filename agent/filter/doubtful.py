"""Tables of which the output of iptables-save does not say for certain where their rules end, read rule by rule.

iptables prints a comment with a line break, and a name with a quote, as they are. `iptables -S CHAIN NUMBER` prints one rule, whatever
is in it: so rules are counted as the kernel counts them, and no comment passes for a rule.
"""

import re
from collections.abc import Iterator

import msgspec

from agent.filter.drivers import FilterDriver
from agent.netlink.namespaces import Netns
from topology.model.netfilter import Family, Table
from topology.observe import listing
from topology.observe.facts import ChainCounters, ChainFact

_MOST = 500
"""Rules of a doubtful chain that are asked for one by one at most: each is a program that is run."""
_COUNTERS = re.compile(r" -c (\d+) (\d+)")


class _Reader:
    def __init__(self, driver: FilterDriver, place: Netns, family: Family, table: Table, counters: bool) -> None:
        self._driver, self._place, self._family, self._table = driver, place, family, table
        self._counters = counters

    def chain(self, fact: ChainFact, counted: ChainCounters | None) -> tuple[ChainFact, ChainCounters | None]:
        """The chain as the kernel has it. `fact`, `counted`: as they were read of the whole."""
        text = self._shown(fact.name)
        head = f"-A {fact.name}"
        lines = text.split("\n")[1:-1]
        if not listing.is_doubtful("\n".join(lines)) and len(lines) == len(fact.rules):
            return fact, counted
        rules: list[str] = []
        counts: list[tuple[int, int]] = []
        while len(rules) < _MOST and (shown := self._shown(fact.name, str(len(rules) + 1))).startswith(head):
            if self._counters:
                counts.append(_counts(shown, self._shown(fact.name, str(len(rules) + 1), "-v")))
            rules.append(shown.removesuffix("\n").removeprefix(head).removeprefix(" "))
        if len(rules) == _MOST:
            return fact, counted
        found = msgspec.structs.replace(counted, rules=tuple(counts)) if counted is not None else None
        return msgspec.structs.replace(fact, rules=tuple(rules)), found

    def _shown(self, *arguments: str) -> str:
        return self._driver.iptables(self._place, self._family, ["-t", self._table, "-S", *arguments]).out


def _counts(plain: str, verbose: str) -> tuple[int, int]:
    """The counters in what `iptables -v -S` prints of a rule that it prints as `plain` without them."""
    for found in _COUNTERS.finditer(verbose):
        if verbose[: found.start()] + verbose[found.end() :] == plain:
            return int(found[1]), int(found[2])
    return 0, 0


def read(driver: FilterDriver, place: Netns, family: Family, tables: list[Table], text: str, counters: bool) -> Iterator[listing.Listed]:
    """The tables of the namespace. `text`: what iptables-save printed of them."""
    if not listing.is_doubtful(text):
        yield from listing.read(text, counters)
        return
    for table in tables:
        listed = next(listing.read(driver.save(place, family, counters, table).out, counters), None)
        if listed is not None:
            reader = _Reader(driver, place, family, table, counters)
            found = [reader.chain(chain, listed.counters.get(chain.name)) for chain in listed.chains]
            yield listing.Listed(table, tuple(c for c, _ in found), {c.name: n for c, n in found if n is not None})
