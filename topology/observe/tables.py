"""The FDBs of one namespace as live records: of each bridge and each vxlan, with rows in the order in which their facts came."""

from collections.abc import Container, Iterable

from topology.observe import facts as f
from topology.observe import raw, rows
from topology.observe.kept import Index, Touched
from topology.observe.layers import Differences, Part
from topology.observe.live import AnyLive, FdbLive, FdbRow
from topology.observe.namespace import FdbKey, NamespaceFacts


class FdbTables:
    """`part`: the tables by ifindex."""

    def __init__(self, facts: NamespaceFacts) -> None:
        self._facts = facts
        self.part: Part[int, AnyLive] = Part()
        self._rows: dict[int, dict[FdbKey, FdbRow]] = {}
        self._places: dict[FdbKey, tuple[int, ...]] = {}
        """The tables (ifindexes) that an entry is in."""
        self._by_id: Index[str, FdbKey] = Index()
        """The entries by the id that their record would have."""
        self._ids: dict[FdbKey, str] = {}

    def derive(
        self, touched: Touched[FdbKey, f.FdbFact], dirty: Iterable[FdbKey], stale: Iterable[int], changed: Iterable[str],
        records: Container[str], into: Differences[AnyLive],
    ) -> None:  # fmt: skip
        """Bring the tables up to date. `dirty`: entries to look at again; `stale`: interfaces; `changed`: ids of records; `records`: all
        that there are."""
        facts = self._facts.fdb.facts
        tables: dict[int, bool] = dict.fromkeys(stale, False)  # which were touched, and whether their order may be another
        for key in touched.dropped:
            tables.update((place, tables.get(place, False)) for place in self._forget(key))
        again = {**dict.fromkeys(dirty), **{key: None for record_id in changed for key in self._by_id.of(record_id)}}
        for key in again:
            if key in facts:
                for place, reordered in self._take(key, touched.before.get(key, key) is not None, records):
                    tables[place] = tables.get(place, False) or reordered
        for place, reordered in tables.items():
            self._show(place, reordered)
        self.part.flush(into)

    def _forget(self, key: FdbKey) -> tuple[int, ...]:
        places = self._places.pop(key, ())
        for place in places:
            del self._rows[place][key]
        self._list(key, None)
        return places

    def _list(self, key: FdbKey, record_id: str | None) -> None:
        old = self._ids.pop(key, None)
        if old is not None:
            self._by_id.remove(old, key)
        if record_id is not None:
            self._ids[key] = record_id
            self._by_id.add(record_id, key)

    def _take(self, key: FdbKey, known: bool, records: Container[str]) -> list[tuple[int, bool]]:
        """The tables that it was and is in; `known`: it is no new entry, so that it may now stand at the wrong place."""
        fact = self._facts.fdb.facts[key]
        link = self._facts.links.facts.get(fact.index)
        before, now = self._places.get(key, ()), rows.tables(self._facts, fact)
        for place in set(before) - set(now):
            del self._rows[place][key]
        self._places[key] = now
        record_id = rows.fdb_id(self._facts.name, fact, link.name) if link is not None else None
        self._list(key, record_id)
        if link is not None:
            row = rows.fdb(fact, link.name, record_id if record_id in records else None)
            for place in now:
                self._rows.setdefault(place, {})[key] = row
        return [(place, known and place not in before) for place in {*before, *now}]

    def _show(self, index: int, reordered: bool) -> None:
        link = self._facts.links.facts.get(index)
        if link is None or not raw.fdb_kind(link):
            self.part.drop(index)
            if not self._rows.get(index):
                self._rows.pop(index, None)
            return
        if reordered:
            found = self._rows.get(index, {})
            self._rows[index] = {key: found[key] for key in self._facts.fdb.facts if key in found}
        live = FdbLive(namespace=self._facts.name, name=link.name, rows=tuple(self._rows.get(index, {}).values()))
        self.part.put(index, live.id, live)
