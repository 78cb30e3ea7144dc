"""The netfilter facts of one namespace: facts in, chains and live records out."""

from collections.abc import Callable, Iterator

from topology.model.diff import apply
from topology.model.records import Chain
from topology.model.splice import spliced
from topology.observe import facts as f
from topology.observe.live import AnyLive, ConntrackLive, FilterLive, RuleCountersLive


class Filters:
    """The netfilter facts of the namespace `name` that hold now."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._tables: dict[tuple[str, str], dict[str, tuple[f.ChainFact, Chain]]] = {}
        """The chains of each table by name, as they were told and as records."""
        self._counters: dict[tuple[str, str], RuleCountersLive] = {}
        self._filter: FilterLive | None = None
        self._connections: ConntrackLive | None = None

    def fold(self, fact: f.AnyFact) -> None:
        """One more fact of this namespace. TypeError for one that is not about netfilter."""
        keep = _KEPT.get(type(fact))
        if keep is None:
            raise TypeError(type(fact).__name__)
        keep(self, fact)

    def _table(self, fact: f.TableFact) -> None:
        before = self._tables.get((fact.family, fact.table), {})
        self._tables[fact.family, fact.table] = {c.name: self._chain(fact, c, before.get(c.name)) for c in fact.chains}

    def _chain(self, fact: f.TableFact, chain: f.ChainFact, before: tuple[f.ChainFact, Chain] | None) -> tuple[f.ChainFact, Chain]:
        """A chain that is as before stays the same record."""
        if before is not None and before[0] == chain:
            return before
        return chain, Chain(
            namespace=self.name, family=fact.family, table=fact.table, name=chain.name, policy=chain.policy, rules=chain.rules
        )

    def _table_changed(self, fact: f.TableChanged) -> None:
        """Raises Misfit where the table before is not the one that the difference is from."""
        before = {name: chain for name, (chain, _) in self._tables.get((fact.family, fact.table), {}).items()}
        chains = tuple(apply(before, fact.chains).values())
        self._table(f.TableFact(ns=fact.ns, family=fact.family, table=fact.table, chains=chains))

    def _driver(self, fact: f.FilterFact) -> None:
        self._filter = FilterLive(namespace=self.name, driver=fact.driver, tables=fact.tables, foreign=fact.foreign)

    def _rule_counters(self, fact: f.RuleCountersFact) -> None:
        self._counters[fact.family, fact.table] = RuleCountersLive(
            namespace=self.name, family=fact.family, table=fact.table, at=fact.at, chains=fact.chains
        )

    def _rule_counters_changed(self, fact: f.RuleCountersChanged) -> None:
        """Raises KeyError, or Misfit as `_table_changed`."""
        key = fact.family, fact.table
        self._counters[key] = spliced(self._counters[key], fact.changed)

    def _rule_counters_gone(self, fact: f.RuleCountersGone) -> None:
        gone = [k for k in self._counters if fact.table is None or k == (fact.family, fact.table)]
        for key in gone:
            del self._counters[key]

    def _conntrack(self, fact: f.ConntrackFact) -> None:
        self._connections = ConntrackLive(namespace=self.name, at=fact.at, rows=fact.rows, count=fact.count)

    def _conntrack_gone(self, _: f.ConntrackGone) -> None:
        self._connections = None

    def records(self) -> Iterator[Chain]:
        """The chains, not yet in normal form."""
        for chains in self._tables.values():
            yield from (chain for _, chain in chains.values())

    def live(self) -> Iterator[AnyLive]:
        """The driver and its tables, counters, connections: what a document does not hold."""
        if self._filter is not None:
            yield self._filter
        yield from self._counters.values()
        if self._connections is not None:
            yield self._connections


_KEPT: dict[type[f.Fact], Callable[..., None]] = {
    f.TableFact: Filters._table,
    f.TableChanged: Filters._table_changed,
    f.RuleCountersChanged: Filters._rule_counters_changed,
    f.FilterFact: Filters._driver,
    f.RuleCountersFact: Filters._rule_counters,
    f.RuleCountersGone: Filters._rule_counters_gone,
    f.ConntrackFact: Filters._conntrack,
    f.ConntrackGone: Filters._conntrack_gone,
}
"""Where each fact is kept."""
