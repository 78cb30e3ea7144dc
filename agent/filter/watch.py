"""Tells, as facts, which rules each namespace of the lab has, whoever made them, and their counters where somebody looks.

    filters = FilterWatch(namespaces, driver, sink)     # sink(facts: list[AnyFact])
    loop.add_reader(filters.fileno(), filters.on_event)

- `along(facts)`: what has to be told along with these facts of the watch: a namespace that is told whole is told with its rules.
- `settle(names)`: read what may have changed, of these namespaces and of those with an event, and tell it.
- `snapshot()`: all that was told and holds.
- `look(names)` and `refresh()`: counters of these namespaces, each second; also sees what was changed by no program of iptables.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby

from agent.filter.drivers import FilterDriver, Key
from agent.filter.events import Events
from agent.netlink.namespaces import Namespaces, Netns
from topology.model.netfilter import FAMILIES, Family, Table
from topology.observe import listing
from topology.observe.facts import AnyFact, FilterFact, NamespaceGone, Resync, RuleCountersFact, RuleCountersGone, TableFact

_SETTLE_SECONDS = 0.01
"""How long an event waits for others: a program that makes many changes is read once."""
_NEW_AT_ONCE = 16
"""Namespaces that one turn of the loop looks at which are new: they are almost always empty."""


CallLater = Callable[[float, Callable[[], None]], object]
"""As `asyncio.loop.call_later`."""


class _Told:
    """What was told of one namespace and holds. `stamps` tell whether a table has to be read again."""

    def __init__(self) -> None:
        self.filter: FilterFact | None = None
        self.tables: dict[Key, TableFact] = {}
        self.stamps: dict[Key, bytes | None] = {}
        self.counters: dict[Key, RuleCountersFact] = {}

    def facts(self) -> list[AnyFact]:
        """As they are told."""
        return [*([self.filter] if self.filter else []), *self.tables.values(), *self.counters.values()]


class FilterWatch:
    """See the module's text. All methods belong to the loop's thread."""

    def __init__(
        self, namespaces: Namespaces, driver: FilterDriver, sink: Callable[[list[AnyFact]], None], call_later: CallLater | None = None
    ) -> None:
        self._namespaces, self.driver, self._sink = namespaces, driver, sink
        self._call_later = call_later or asyncio.get_running_loop().call_later
        self._events = Events(namespaces)
        self._told: dict[str, _Told] = {}
        self._dirty: set[str] = set()
        self._new: dict[str, None] = {}
        self._looked: tuple[str, ...] = ()
        self._waiting = False
        self._took = 0.0

    def fileno(self) -> int:
        """Readable when something may have changed: then call `on_event`."""
        return self._events.fileno()

    def close(self) -> None:
        self._events.close()

    def snapshot(self) -> list[AnyFact]:
        """All facts that were told and hold."""
        return [fact for told in self._told.values() for fact in told.facts()]

    def lengths(self) -> dict[tuple[str, Family, Table], dict[str, int]]:
        """How many rules each chain has, as far as was told."""
        return {(ns, *key): {c.name: len(c.rules) for c in t.chains} for ns, told in self._told.items() for key, t in told.tables.items()}

    # ---- when something happened -------------------------------------------------------------------------------------

    def on_event(self) -> None:
        """Something may have changed: look at it in a moment, and not more than half of the time."""
        self._take()
        self._later(max(_SETTLE_SECONDS, self._took))

    def _take(self) -> None:
        names = self._events.take()
        self._dirty |= {netns.name for netns in self._namespaces} if names is None else names

    def _later(self, seconds: float) -> None:
        if not self._waiting:
            self._waiting = True
            self._call_later(seconds, self._now)

    def _now(self) -> None:
        self._waiting = False
        self.settle(list(self._new)[:_NEW_AT_ONCE])
        if self._new:
            self._later(0)

    def along(self, facts: Iterable[AnyFact]) -> list[AnyFact]:
        """What has to be told along with facts of the watch."""
        out: list[AnyFact] = []
        for fact in facts:
            if isinstance(fact, NamespaceGone):
                self._told.pop(fact.ns, None)
                self._new.pop(fact.ns, None)
            elif isinstance(fact, Resync):
                told = self._told.get(fact.ns)
                if told is not None:
                    out += told.facts()
                else:
                    self._new[fact.ns] = None
                    self._later(_SETTLE_SECONDS)
        return out

    # ---- reading -----------------------------------------------------------------------------------------------------

    def settle(self, names: Iterable[str] = ()) -> None:
        """Read what may have changed, of these namespaces and of those with an event, and tell it."""
        began = time.monotonic()
        self._take()
        names = self._dirty | set(names)
        self._dirty = set()
        for name in names:
            self._new.pop(name, None)
        places = [netns for name in names if (netns := self._namespaces.get(name)) is not None]
        facts: list[AnyFact] = []
        for place, stamps in zip(places, self.driver.present(places), strict=True):
            facts += self._changes(place, stamps)
        self._took = time.monotonic() - began
        if facts:
            self._sink(facts)

    def _changes(self, place: Netns, stamps: Mapping[Key, bytes | None]) -> list[AnyFact]:
        told = self._told.get(place.name)
        if told is None:
            if not stamps:
                return []
            told = self._told[place.name] = _Told()
        stale = [key for key, stamp in stamps.items() if stamp is None or told.stamps.get(key) != stamp]
        facts = self._gone(place.name, told, stamps)
        facts += self._read(place, told, stale, counters=False)
        told.stamps = dict(stamps)
        return [*self._filter(place, told, stamps), *facts]

    def _gone(self, name: str, told: _Told, stamps: Mapping[Key, bytes | None]) -> list[AnyFact]:
        facts: list[AnyFact] = []
        for family, table in [key for key in told.tables if key not in stamps]:
            del told.tables[family, table]
            facts.append(TableFact(ns=name, family=family, table=table))
            if told.counters.pop((family, table), None) is not None:
                facts.append(RuleCountersGone(ns=name, family=family, table=table))
        return facts

    def _filter(self, place: Netns, told: _Told, stamps: Iterable[Key]) -> list[AnyFact]:
        tables: dict[Family, tuple[Table, ...]] = {
            family: tuple(table for _, table in keys) for family, keys in groupby(sorted(stamps, key=lambda k: k[0]), lambda k: k[0])
        }
        fact = FilterFact(ns=place.name, driver=self.driver.name, tables=tables, foreign=self.driver.foreign(place))
        if fact == told.filter:
            return []
        told.filter = fact
        return [fact]

    def _read(self, place: Netns, told: _Told, keys: Iterable[Key], *, counters: bool) -> list[AnyFact]:
        facts: list[AnyFact] = []
        at = time.monotonic()
        for family in FAMILIES:
            tables = [table for f, table in keys if f == family]
            if not tables:
                continue
            ended = self.driver.save(place, family, counters, tables[0] if len(tables) == 1 else None)
            for listed in listing.read(ended.out, counters):
                key = (family, listed.table)
                table = TableFact(ns=place.name, family=family, table=listed.table, chains=listed.chains)
                if told.tables.get(key) != table:
                    told.tables[key] = table
                    facts.append(table)
                if counters and (key not in told.counters or told.counters[key].chains != listed.counters):
                    count = RuleCountersFact(ns=place.name, family=family, table=listed.table, at=at, chains=listed.counters)
                    told.counters[key] = count
                    facts.append(count)
        return facts

    # ---- looking -----------------------------------------------------------------------------------------------------

    def look(self, names: Iterable[str]) -> None:
        """Tell the counters of these namespaces, and of no others."""
        before, self._looked = self._looked, tuple(names)
        facts: list[AnyFact] = []
        for name in before:
            told = self._told.get(name)
            if name not in self._looked and told is not None and told.counters:
                told.counters.clear()
                facts.append(RuleCountersGone(ns=name))
        if facts:
            self._sink(facts)
        self._count([name for name in self._looked if name not in before])

    def refresh(self) -> None:
        """Read the namespaces that somebody looks at."""
        self._count(self._looked)

    def _count(self, names: Iterable[str]) -> None:
        facts: list[AnyFact] = []
        for name in names:
            place = self._namespaces.get(name)
            if place is None:
                continue
            stamps = self.driver.present([place], stamped=False)[0]
            if not stamps and name not in self._told:
                continue
            told = self._told.setdefault(name, _Told())
            facts += self._gone(name, told, stamps)
            read = self._read(place, told, stamps, counters=True)
            for fact in read:
                if isinstance(fact, TableFact):
                    told.stamps.pop((fact.family, fact.table), None)
            facts += read
            facts = [*self._filter(place, told, stamps), *facts]
        if facts:
            self._sink(facts)
