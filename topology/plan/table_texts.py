"""Rules as a person wrote them, and as iptables prints them: what has to be tried to know the one from the other. Pure.

A trial is a text of iptables-restore with the chains in question, for a namespace that is there for nothing else. What iptables-save
then prints of it is the canonical text.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from topology.model import ids
from topology.model.netfilter import HOOKS, TABLES, Family, Table
from topology.model.records import AnyRecord, Chain, Records, replace
from topology.observe import listing
from topology.rules import save
from topology.rules.chains import by_table, line_fault
from topology.rules.tokens import quote, tokens


class Trial(NamedTuple):
    """The chains of one namespace and family that are tried. `places`: line of the text (from 0) → chain and number of its rule."""

    namespace: str
    family: Family
    text: str
    chains: tuple[Chain, ...]
    places: Mapping[int, tuple[str, int]]


STAND_IN = "-m comment --comment vethboard-cannot-be-restored-"
"""A rule that stands, with the number of its line behind, where one is that iptables-restore cannot load."""


def trials(wanted: Mapping[str, AnyRecord], known: Mapping[str, AnyRecord], ids: Iterable[str]) -> Iterator[Trial]:
    """Those of the chains `ids` that have rules which are not among those of the same chain in `known`."""
    unsure = [r for key in ids if isinstance(r := wanted.get(key), Chain) and not _rules(known.get(key)).issuperset(r.rules)]
    tables = by_table(wanted)
    for namespace, family in dict.fromkeys((c.namespace, c.family) for c in unsure):
        chains = [c for c in unsure if (c.namespace, c.family) == (namespace, family)]
        lines: list[str] = []
        places: dict[int, tuple[str, int]] = {}
        for table in dict.fromkeys(c.table for c in chains):
            mine = tables[namespace, family, table]
            lines += [f"*{table}", *(f":{name} ACCEPT" for name in HOOKS[table]), *(f":{n} -" for n in mine if n not in HOOKS[table])]
            for chain in (c for c in chains if c.table == table):
                places.update((len(lines) + n, (chain.id, n + 1)) for n in range(len(chain.rules)))
                lines += [f"-A {quote(chain.name)} {rule}" if line_fault(rule) is None else "" for rule in chain.rules]
            lines.append("COMMIT")
        yield Trial(namespace, family, "\n".join([*lines, ""]), tuple(chains), places)


def whole(records: Mapping[str, AnyRecord]) -> Iterator[Trial]:
    """All chains, by namespace and family. A rule that iptables-restore would not take for one line has an empty line."""
    for namespace, family in dict.fromkeys((c.namespace, c.family) for c in records.values() if isinstance(c, Chain)):
        mine = {key: c for key, c in records.items() if isinstance(c, Chain) and (c.namespace, c.family) == (namespace, family)}
        lines: list[str] = []
        places: dict[int, tuple[str, int]] = {}
        for (_, _, table), chains in by_table(mine).items():
            lines.append(f"*{table}")
            for chain in chains.values():
                places[len(lines)] = (chain.id, 0)
                lines.append(f":{chain.name} {chain.policy or '-'}")
            for chain in chains.values():
                places.update((len(lines) + n, (chain.id, n + 1)) for n in range(len(chain.rules)))
                lines += [f"-A {quote(chain.name)} {rule}" if line_fault(rule) is None else "" for rule in chain.rules]
            lines.append("COMMIT")
        yield Trial(namespace, family, "\n".join([*lines, ""]), tuple(mine.values()), places)


def _rules(record: AnyRecord | None) -> set[str]:
    return set(record.rules) if isinstance(record, Chain) else set()


def printed(trial: Trial, text: str) -> Records:
    """The tried chains with their canonical rules. `text`: what iptables-save printed of the trial."""
    out: Records = {}
    found = {(t.table, c.name): c.rules for t in listing.read(text, counters=False) for c in t.chains}
    for chain in trial.chains:
        rules = found.get((chain.table, chain.name), chain.rules)
        if rules != chain.rules:
            out[chain.id] = replace(chain, rules=rules)
    return out


def one(namespace: str, family: Family, table: Table, chains: Iterable[str], name: str, rule: str) -> Trial:
    """A trial of one rule alone. `chains`: the names of all chains that it may jump to."""
    own = [f":{c} -" for c in dict.fromkeys(chains) if c not in HOOKS[table]]
    lines = [f"*{table}", *own, f"-A {quote(name)} {rule}", "COMMIT", ""]
    return Trial(namespace, family, "\n".join(lines), (), {len(own) + 1: (ids.chain(namespace, family, table, name), 1)})


class Base(NamedTuple):
    """The chains of one namespace and family, for an import. `text`: as iptables-save prints them; `rules`: by line of it (from 0)."""

    text: str
    rules: Mapping[int, str]


def base(records: Mapping[str, AnyRecord], namespace: str, family: Family) -> Base:
    """What an import of rules begins with. A rule that is no line has another in its place."""
    mine = [r for r in records.values() if isinstance(r, Chain) and (r.namespace, r.family) == (namespace, family)]
    rules: dict[int, str] = {}
    lines: list[str] = []
    for line in save.lines(mine):
        if line.startswith("-A "):
            head = tokens(line)[1].end
            rules[len(lines)] = line[head + 1 :]
            line = line if line_fault(line) is None else f"{line[:head]} {STAND_IN}{len(lines)}"
        lines.append(line)
    return Base("\n".join([*lines, ""]), rules)


def imported(begun: Base, text: str, printed: str) -> save.Tables:
    """The tables that a text of iptables-restore names, of what iptables-save printed after it was loaded on `begun`.

    With nft an empty table is none, and is not printed.
    """
    named = {line[1:].strip() for line in text.split("\n") if line.startswith("*")}
    out: save.Tables = {table: {} for table in TABLES if table in named}
    for table in listing.read(printed, counters=False):
        if table.table in named:
            out[table.table] = {
                c.name: save.Saved(policy=c.policy, rules=[_original(begun, rule) for rule in c.rules]) for c in table.chains
            }
    return out


def _original(begun: Base, rule: str) -> str:
    """The rule in whose place one stands."""
    number = rule.removeprefix(STAND_IN)
    return begun.rules.get(int(number), rule) if number != rule and number.isdigit() else rule
