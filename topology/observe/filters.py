"""The netfilter facts of one namespace: facts in, chains and live records out."""

from collections.abc import Callable, Iterator

from topology.model.records import Chain
from topology.observe import facts as f
from topology.observe.live import AnyLive, ConntrackLive, FilterLive, RuleCountersLive


class Filters:
    """The netfilter facts of the namespace `name` that hold now."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._chains: dict[tuple[str, str], tuple[Chain, ...]] = {}
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
        self._chains[fact.family, fact.table] = tuple(
            Chain(namespace=self.name, family=fact.family, table=fact.table, name=c.name, policy=c.policy, rules=c.rules)
            for c in fact.chains
        )

    def _driver(self, fact: f.FilterFact) -> None:
        self._filter = FilterLive(namespace=self.name, driver=fact.driver, tables=fact.tables, foreign=fact.foreign)

    def _rule_counters(self, fact: f.RuleCountersFact) -> None:
        self._counters[fact.family, fact.table] = RuleCountersLive(
            namespace=self.name, family=fact.family, table=fact.table, at=fact.at, chains=fact.chains
        )

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
        for chains in self._chains.values():
            yield from chains

    def live(self) -> Iterator[AnyLive]:
        """The driver and its tables, counters, connections: what a document does not hold."""
        if self._filter is not None:
            yield self._filter
        yield from self._counters.values()
        if self._connections is not None:
            yield self._connections


_KEPT: dict[type[f.Fact], Callable[..., None]] = {
    f.TableFact: Filters._table,
    f.FilterFact: Filters._driver,
    f.RuleCountersFact: Filters._rule_counters,
    f.RuleCountersGone: Filters._rule_counters_gone,
    f.ConntrackFact: Filters._conntrack,
    f.ConntrackGone: Filters._conntrack_gone,
}
"""Where each fact is kept."""
