"""Reports, as facts, which rules each namespace of the lab has, whoever made them, and on request their counters.

    filters = FilterWatch(namespaces, driver, sink)     # sink(facts: list[AnyFact])
    loop.add_reader(filters.fileno(), filters.on_event)

- `rules_beside(facts)`: what has to be reported with these facts of the netlink watch: a namespace that is reported whole is reported with
  its rules.
- `catch_up(names)`: read what may have changed, of these namespaces and of those with an event, and report it.
- `snapshot()`: all that was reported and still holds.
- `subscribe(names)` and `refresh()`: counters of these namespaces; also finds what was changed by no program of iptables.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby

from agent.filter import doubtful
from agent.filter.drivers import FilterDriver, Key
from agent.filter.events import Events
from agent.netlink.namespaces import Namespaces, Netns
from topology.model.diff import between, compact
from topology.model.netfilter import FAMILIES, Family, Table
from topology.model.splice import splices
from topology.observe.facts import (
    AnyFact,
    ChainFact,
    FilterFact,
    NamespaceGone,
    Resync,
    RuleCountersChanged,
    RuleCountersFact,
    RuleCountersGone,
    TableChanged,
    TableFact,
)

_SETTLE_SECONDS = 0.01
"""How long after an event the rules are read: so the changes that one program makes are read once."""
_NEW_AT_ONCE = 16
"""New namespaces that one turn of the loop reads. Almost none of them has rules."""


CallLater = Callable[[float, Callable[[], None]], object]
"""As `asyncio.loop.call_later`."""


class _Reported:
    """What was reported of one namespace and still holds. A table with another stamp has to be read again."""

    def __init__(self) -> None:
        self.filter: FilterFact | None = None
        self.tables: dict[Key, TableFact] = {}
        self.stamps: dict[Key, bytes | None] = {}
        self.counters: dict[Key, RuleCountersFact] = {}

    def facts(self) -> list[AnyFact]:
        """All of them, in the order in which they are reported."""
        return [*([self.filter] if self.filter else []), *self.tables.values(), *self.counters.values()]

    def put_table(self, fact: TableFact) -> list[AnyFact]:
        """The fact, or what differs from the one before; nothing if it is as reported before."""
        key = fact.family, fact.table
        before = self.tables.get(key)
        if before == fact:
            return []
        self.tables[key] = fact
        return [fact if before is None else changed_table(before, fact)]

    def put_counters(self, fact: RuleCountersFact) -> list[AnyFact]:
        """The fact, or what differs from the one before; nothing if its counters are as reported before."""
        key = fact.family, fact.table
        before = self.counters.get(key)
        if before is not None and before.chains == fact.chains:
            return []
        self.counters[key] = fact
        changed = splices(before, fact) if before is not None else None
        return [fact if changed is None else RuleCountersChanged(ns=fact.ns, family=fact.family, table=fact.table, changed=changed)]


def changed_table(before: TableFact, now: TableFact) -> TableFact | TableChanged:
    """What differs, where that is less than the table: of some chains that stay."""
    if [c.name for c in before.chains] != [c.name for c in now.chains]:
        return now
    diff = compact(between({c.name: c for c in before.chains}, {c.name: c for c in now.chains}))
    return TableChanged(ns=now.ns, family=now.family, table=now.table, chains=diff) if diff.spliced else now


class FilterWatch:
    """See the module's text. All methods belong to the loop's thread."""

    def __init__(
        self, namespaces: Namespaces, driver: FilterDriver, sink: Callable[[list[AnyFact]], None], call_later: CallLater | None = None
    ) -> None:
        self._namespaces, self.driver, self._sink = namespaces, driver, sink
        self._call_later = call_later or asyncio.get_running_loop().call_later
        self._events = Events(namespaces)
        self._reported: dict[str, _Reported] = {}
        self._dirty: set[str] = set()
        self._new: dict[str, None] = {}
        self._subscribed: tuple[str, ...] = ()
        self._scheduled = False
        self._read_seconds = 0.0

    def fileno(self) -> int:
        """Readable when something may have changed: then call `on_event`."""
        return self._events.fileno()

    def close(self) -> None:
        """Close all descriptors."""
        self._events.close()

    def names(self) -> Iterable[str]:
        """The namespaces whose rules were reported."""
        return self._reported

    def facts_of(self, name: str) -> list[AnyFact]:
        """All facts of a namespace that were reported and still hold."""
        reported = self._reported.get(name)
        return reported.facts() if reported is not None else []

    def snapshot(self) -> list[AnyFact]:
        """All facts that were reported and still hold."""
        return [fact for name in self.names() for fact in self.facts_of(name)]

    def lengths(self, names: Iterable[str]) -> dict[tuple[str, Family, Table], dict[str, int]]:
        """How many rules each chain of these namespaces has, as last reported: by namespace, family and table, then by chain."""
        tables = ((ns, table) for ns in names if ns in self._reported for table in self._reported[ns].tables.values())
        return {(ns, table.family, table.table): {c.name: len(c.rules) for c in table.chains} for ns, table in tables}

    def table(self, namespace: str, family: Family, table: Table) -> tuple[ChainFact, ...]:
        """The chains of a table, as last reported."""
        reported = self._reported.get(namespace)
        fact = reported.tables.get((family, table)) if reported is not None else None
        return fact.chains if fact is not None else ()

    # ---- events ------------------------------------------------------------------------------------------------------

    def on_event(self) -> None:
        """Something may have changed: read it in a moment, and spend no more than half of the time with reading."""
        self._take_events()
        self._schedule(max(_SETTLE_SECONDS, self._read_seconds))

    def _take_events(self) -> None:
        names = self._events.take()
        self._dirty |= {netns.name for netns in self._namespaces} if names is None else names

    def _schedule(self, seconds: float) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._call_later(seconds, self._on_timer)

    def _on_timer(self) -> None:
        self._scheduled = False
        self.catch_up(list(self._new)[:_NEW_AT_ONCE])
        if self._new:
            self._schedule(0)

    def rules_beside(self, facts: Iterable[AnyFact]) -> list[AnyFact]:
        """The rules, as last reported, of the namespaces that these facts report whole. Those of new namespaces are read a little later."""
        out: list[AnyFact] = []
        for fact in facts:
            if isinstance(fact, NamespaceGone):
                self._reported.pop(fact.ns, None)
                self._new.pop(fact.ns, None)
            elif isinstance(fact, Resync):
                reported = self._reported.get(fact.ns)
                if reported is not None:
                    out += reported.facts()
                else:
                    self._new[fact.ns] = None
                    self._schedule(_SETTLE_SECONDS)
        return out

    # ---- reading -----------------------------------------------------------------------------------------------------

    @property
    def unread(self) -> tuple[str, ...]:
        """New namespaces whose rules were not read yet."""
        return tuple(self._new)

    def catch_up(self, names: Iterable[str] = ()) -> None:
        """Read what may have changed, of these namespaces and of those with an event, and report it. What cannot be read now is read the
        next time, and what was read is reported."""
        began = time.monotonic()
        self._take_events()
        self._dirty |= set(names)
        places = [netns for name in self._dirty if (netns := self._namespaces.get(name)) is not None]
        facts: list[AnyFact] = []
        try:
            for place, stamps in zip(places, self.driver.present(places), strict=True):
                self._changes(place, stamps, facts)
                self._dirty.discard(place.name)
                self._new.pop(place.name, None)
            for name in self._dirty:
                self._new.pop(name, None)
            self._dirty = set()
        finally:
            self._read_seconds = time.monotonic() - began
            if facts:
                self._sink(facts)

    def _changes(self, place: Netns, stamps: Mapping[Key, bytes | None], facts: list[AnyFact]) -> None:
        """Add what has changed to `facts`."""
        reported = self._reported.get(place.name)
        if reported is None:
            if not stamps and not self.driver.foreign(place):
                return
            reported = self._reported[place.name] = _Reported()
        stale = [key for key, stamp in stamps.items() if stamp is None or reported.stamps.get(key) != stamp]
        self._filter(place, reported, stamps, facts)
        self._removed(place.name, reported, stamps, facts)
        self._read(place, reported, stale, facts, counters=False)
        reported.stamps = dict(stamps)

    def _removed(self, name: str, reported: _Reported, present: Mapping[Key, bytes | None], facts: list[AnyFact]) -> None:
        """Empty facts for tables that the kernel no longer has."""
        for family, table in [key for key in reported.tables if key not in present]:
            del reported.tables[family, table]
            facts.append(TableFact(ns=name, family=family, table=table))
            if reported.counters.pop((family, table), None) is not None:
                facts.append(RuleCountersGone(ns=name, family=family, table=table))

    def _filter(self, place: Netns, reported: _Reported, present: Iterable[Key], facts: list[AnyFact]) -> None:
        """The list of tables, if it is another."""
        tables: dict[Family, tuple[Table, ...]] = {
            family: tuple(table for _, table in keys) for family, keys in groupby(sorted(present, key=lambda k: k[0]), lambda k: k[0])
        }
        fact = FilterFact(ns=place.name, driver=self.driver.name, tables=tables, foreign=self.driver.foreign(place))
        if fact != reported.filter:
            reported.filter = fact
            facts.append(fact)

    def _read(self, place: Netns, reported: _Reported, keys: Iterable[Key], facts: list[AnyFact], *, counters: bool) -> None:
        """Read these tables; the facts that are not as reported before."""
        at = time.monotonic()
        for family in FAMILIES:
            tables = [table for f, table in keys if f == family]
            if not tables:
                continue
            ended = self.driver.save(place, family, counters, tables[0] if len(tables) == 1 else None)
            for table in doubtful.read(self.driver, place, family, tables, ended.out, counters):
                facts += reported.put_table(TableFact(ns=place.name, family=family, table=table.table, chains=table.chains))
                if counters:
                    count = RuleCountersFact(ns=place.name, family=family, table=table.table, at=at, chains=table.counters)
                    facts += reported.put_counters(count)

    # ---- counters ----------------------------------------------------------------------------------------------------

    def subscribe(self, names: Iterable[str]) -> None:
        """Report the counters of these namespaces from now on, and of no others."""
        before, self._subscribed = self._subscribed, tuple(names)
        facts: list[AnyFact] = []
        for name in before:
            reported = self._reported.get(name)
            if name not in self._subscribed and reported is not None and reported.counters:
                reported.counters.clear()
                facts.append(RuleCountersGone(ns=name))
        if facts:
            self._sink(facts)
        self._count([name for name in self._subscribed if name not in before])

    def refresh(self) -> None:
        """Read the namespaces that were subscribed to."""
        self._count(self._subscribed)

    def _count(self, names: Iterable[str]) -> None:
        facts: list[AnyFact] = []
        try:
            for name in names:
                if (place := self._namespaces.get(name)) is not None:
                    self._counted(place, facts)
        finally:
            if facts:
                self._sink(facts)

    def _counted(self, place: Netns, facts: list[AnyFact]) -> None:
        """Read all tables of a namespace, with counters; what is not as reported before."""
        present = self.driver.present([place], stamped=False)[0]
        if not present and place.name not in self._reported:
            return
        reported = self._reported.setdefault(place.name, _Reported())
        self._filter(place, reported, present, facts)
        self._removed(place.name, reported, present, facts)
        before = len(facts)
        try:
            self._read(place, reported, present, facts, counters=True)
        finally:
            for fact in facts[before:]:
                if isinstance(fact, TableFact):
                    reported.stamps.pop((fact.family, fact.table), None)
