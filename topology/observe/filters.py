"""The netfilter part of what was told of one namespace: facts in, chains and live records out."""

from collections.abc import Iterator

from topology.model.records import Chain
from topology.observe import facts as f
from topology.observe.live import AnyLive, ConntrackLive, FilterLive, RuleCountersLive


class Filters:
    """What was told of the filters of the namespace `name`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._chains: dict[tuple[str, str], tuple[Chain, ...]] = {}
        self._counters: dict[tuple[str, str], RuleCountersLive] = {}
        self._filter: FilterLive | None = None
        self._connections: ConntrackLive | None = None

    def take(self, fact: f.AnyFact) -> None:
        """One more fact."""
        match fact:
            case f.TableFact():
                self._table(fact)
            case f.FilterFact():
                self._filter = FilterLive(namespace=self.name, driver=fact.driver, tables=fact.tables, foreign=fact.foreign)
            case f.RuleCountersFact():
                self._counters[fact.family, fact.table] = RuleCountersLive(
                    namespace=self.name, family=fact.family, table=fact.table, at=fact.at, chains=fact.chains
                )
            case f.RuleCountersGone():
                gone = [k for k in self._counters if fact.table is None or k == (fact.family, fact.table)]
                for key in gone:
                    del self._counters[key]
            case f.ConntrackFact():
                self._connections = ConntrackLive(namespace=self.name, at=fact.at, rows=fact.rows, count=fact.count)
            case f.ConntrackGone():
                self._connections = None
            case _:
                raise TypeError(type(fact).__name__)

    def _table(self, fact: f.TableFact) -> None:
        self._chains[fact.family, fact.table] = tuple(
            Chain(namespace=self.name, family=fact.family, table=fact.table, name=c.name, policy=c.policy, rules=c.rules)
            for c in fact.chains
        )

    def records(self) -> Iterator[Chain]:
        """The chains, not yet in normal form."""
        for chains in self._chains.values():
            yield from chains

    def live(self) -> Iterator[AnyLive]:
        """What a document does not hold."""
        if self._filter is not None:
            yield self._filter
        yield from self._counters.values()
        if self._connections is not None:
            yield self._connections
