"""One namespace as records and live records, derived from its facts: of what was touched alone."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from topology.model import ids
from topology.model.records import AnyInterface, AnyRecord, Chain, Fdb, Interface
from topology.model.subnets import Subnets
from topology.observe import facts as f
from topology.observe import raw, rows
from topology.observe.kept import Index, Touched
from topology.observe.layers import Differences, Part
from topology.observe.live import AnyLive, NeighbourRow, RouteRow
from topology.observe.namespace import FdbKey, NamespaceFacts, NeighbourKey, RouteKey
from topology.observe.neighbourhood import Link, Neighbourhood
from topology.observe.normal import canonical, kernels_own, of_namespace, of_route, plain_id
from topology.observe.tables import FdbTables
from topology.rules import chains


class Out(NamedTuple):
    """Where differences are gathered."""

    records: Differences[AnyRecord]
    live: Differences[AnyLive]


class Inside:
    """What follows from the facts of a namespace. `stale`: ifindexes of which something was touched that its routes, neighbours and FDB
    entries depend on; set before `derive`."""

    def __init__(self, facts: NamespaceFacts, around: Neighbourhood) -> None:
        self.facts, self._around, self._ns = facts, around, facts.name
        self.stale: dict[int, None] = {}
        self.stated_sysctls: Mapping[str, str] = {}
        """Those that the document states: they are in the record also where they are as in a fresh namespace."""
        self.stale_macs: set[str] = set()
        """The MACs that bridges had and have."""
        self._itself: Part[None, AnyRecord] = Part()
        self.interfaces: Part[int, AnyRecord] = Part()
        self._routes: Part[RouteKey, AnyRecord] = Part(first=True)
        self._neighbours: Part[NeighbourKey, AnyRecord] = Part()
        self._fdb: Part[FdbKey, AnyRecord] = Part()
        self._chains: Part[tuple[str, str, str], AnyRecord] = Part()
        self._netns: dict[str, AnyLive] = {}
        self._links: Part[int, AnyLive] = Part()
        self._others: Part[str, AnyLive] = Part()
        self._tables = FdbTables(facts)
        self._subnets = Subnets()
        self._gateways: Index[str, RouteKey] = Index()
        """The routes whose normal form depends on where their gateway is, by it."""
        self._realised: Index[str, RouteKey] = Index()
        """The routes by the id of the record that they would realise."""
        self._ids: dict[RouteKey, tuple[str | None, str | None]] = {}
        """That id and that gateway of each."""
        self._route_rows: dict[RouteKey, RouteRow] = {}
        self._neighbour_rows: dict[NeighbourKey, NeighbourRow | None] = {}
        self._entries: dict[FdbKey, Fdb] = {}
        self._seen_chains: dict[tuple[str, str, str], Chain] = {}
        self._plain: Index[str, FdbKey] = Index()
        """FDB entries with a record, by its id without the VLAN."""

    def drop(self, indexes: Iterable[int]) -> None:
        """These interfaces are gone, though some may have come again."""
        for index in indexes:
            self.interfaces.drop(index)
            self._links.drop(index)

    def show(self, link: f.LinkFact, others: raw.OtherNamespaces) -> None:
        """Derive the live record of an interface."""
        live = rows.link(self.facts, link, others)
        self._links.put(link.index, live.id, live)

    def derive(self, out: Out) -> None:
        """Bring all parts up to date, after `interfaces` and the links were."""
        facts = self.facts
        if facts.itself_touched:
            itself = of_namespace(raw.namespace(facts), facts.baseline, self.stated_sysctls)
            self._itself.put(None, itself.id, itself)
            self._itself.flush(out.records)
        moved = self._take_interfaces(out)
        rows_touched = self._derive_routes(facts.routes.take(), moved, out)
        rows_touched = self._derive_neighbours(facts.neighbours.take(), out) or rows_touched
        self._derive_fdb(facts.fdb.take(), out)
        if facts.filters_touched:
            self._derive_chains(out)
        if facts.itself_touched or rows_touched:
            self._derive_netns(out)
        self._links.flush(out.live)
        if facts.others_touched or self.stale:
            self._derive_others(out)
        facts.itself_touched = facts.filters_touched = facts.others_touched = False
        self.stale, self.stale_macs = {}, set()

    def records(self) -> tuple[dict[str, AnyRecord], ...]:
        """All records, in parts."""
        return (self._itself.map, self.interfaces.map, self._routes.map, self._neighbours.map, self._fdb.map, self._chains.map)

    def live(self) -> tuple[dict[str, AnyLive], ...]:
        """All live records, in parts."""
        return (self._netns, self._links.map, self._tables.part.map, self._others.map)

    def _take_interfaces(self, out: Out) -> Subnets:
        """The subnets that have come, gone or changed their interface."""
        before, moved = self.interfaces.map, Subnets()
        for key in self.interfaces.flush(out.records):
            old, new = before.get(key), self.interfaces.map.get(key)
            if isinstance(old, Interface) and isinstance(new, Interface) and old.addresses == new.addresses:
                continue
            if isinstance(old, Interface):
                self._subnets.remove(old.name, old.addresses)
                moved.add(old.name, old.addresses)
            if isinstance(new, Interface):
                self._subnets.add(new.name, new.addresses)
                moved.add(new.name, new.addresses)
        return moved

    def _record(self, index: int) -> AnyInterface | None:
        return self._around.interfaces.get(Link(self._ns, index))

    def _name(self, index: int) -> str | None:
        link = self.facts.links.facts.get(index)
        return link.name if link is not None else None

    # ---- routes ------------------------------------------------------------------------------------------------------

    def _derive_routes(self, touched: Touched[RouteKey, f.RouteFact], moved: Subnets, out: Out) -> bool:
        """Whether a row of them was touched."""
        for key in touched.dropped:
            self._forget_route(key)
        dirty = dict.fromkeys(touched.before)
        dirty.update((key, None) for index in self.stale for key in self.facts.routes.on(index))
        if moved:
            near = (gateway for gateway in self._gateways if any(True for _ in moved.around(gateway)))
            dirty.update((key, None) for gateway in near for key in self._gateways.of(gateway))
        for key in dirty:
            self._derive_route(key)
        changed = self._routes.flush(out.records)
        dirty.update((key, None) for record_id in changed for key in self._realised.of(record_id))
        for key in dirty:
            self._derive_route_row(key)
        return bool(dirty)

    def _forget_route(self, key: RouteKey) -> None:
        self._routes.drop(key)
        self._route_rows.pop(key, None)
        self._list_route(key, None, None)

    def _list_route(self, key: RouteKey, record_id: str | None, gateway: str | None) -> None:
        old_id, old_gateway = self._ids.pop(key, (None, None))
        if old_id is not None:
            self._realised.remove(old_id, key)
        if old_gateway is not None:
            self._gateways.remove(old_gateway, key)
        if record_id is not None:
            self._ids[key] = record_id, gateway
            self._realised.add(record_id, key)
            if gateway is not None:
                self._gateways.add(gateway, key)

    def _derive_route(self, key: RouteKey) -> None:
        fact = self.facts.routes.facts.get(key)
        if fact is None:
            return
        shown = raw.route(self._ns, fact, self._name(fact.index))
        found = self._record(fact.index)
        stated = raw.route(self._ns, fact, found.name if found is not None else None)
        self._list_route(key, shown.id if shown is not None else None, fact.via if stated is not None and stated.dev else None)
        normal = of_route(self._subnets.owner, stated) if stated is not None else None
        self._routes.put(key, normal.id if normal is not None else "", normal)

    def _derive_route_row(self, key: RouteKey) -> None:
        fact = self.facts.routes.facts.get(key)
        if fact is not None:
            record_id, _ = self._ids.get(key, (None, None))
            self._route_rows[key] = rows.route(fact, self._name, record_id if record_id in self._routes.map else None)

    # ---- neighbours --------------------------------------------------------------------------------------------------

    def _derive_neighbours(self, touched: Touched[NeighbourKey, f.NeighbourFact], out: Out) -> bool:
        """Whether a row of them was touched."""
        for key in touched.dropped:
            self._neighbours.drop(key)
            self._neighbour_rows.pop(key, None)
        dirty = dict.fromkeys(touched.before)
        dirty.update((key, None) for index in self.stale for key in self.facts.neighbours.on(index))
        for key in dirty:
            fact = self.facts.neighbours.facts.get(key)
            if fact is not None:
                found, name = self._record(fact.index), self._name(fact.index)
                stated = raw.neighbour(self._ns, fact, found.name if found is not None else None)
                normal = canonical(stated) if stated is not None else None
                self._neighbours.put(key, normal.id if normal is not None else "", normal)
                self._neighbour_rows[key] = rows.neighbour(fact, name) if name is not None else None
        self._neighbours.flush(out.records)
        return bool(dirty)

    # ---- FDB ---------------------------------------------------------------------------------------------------------

    def _derive_fdb(self, touched: Touched[FdbKey, f.FdbFact], out: Out) -> None:
        facts = self.facts.fdb
        for key in touched.dropped:
            self._fdb.drop(key)
        dirty = dict.fromkeys(touched.before)
        dirty.update((key, None) for index in self.stale for key in facts.on(index))
        dirty.update((key, None) for mac in self.stale_macs for key in self.facts.with_mac.of(mac))
        siblings = [sibling for key in dirty for sibling in self._take_entry(key)]
        for key in {**dirty, **dict.fromkeys(siblings)}:
            if key in facts.facts:
                entry = self._entries.get(key)
                kept = entry is not None and not self._kernels_own(entry)
                self._fdb.put(key, entry.id if entry is not None else "", entry if kept else None)
        changed = self._fdb.flush(out.records)
        self._tables.derive(touched, dirty, self.stale, changed, self._fdb.map, out.live)

    def _take_entry(self, key: FdbKey) -> Iterable[FdbKey]:
        """Keep what the entry is as a record. The entries that may be the kernel's own because of it."""
        fact = self.facts.fdb.facts.get(key)
        stated = raw.fdb(self.facts, fact, self._record(fact.index)) if fact is not None else None
        old, new = self._entries.pop(key, None), canonical(stated) if stated is not None else None
        found: dict[FdbKey, None] = {}
        for entry, change in ((old, self._plain.remove), (new, self._plain.add)):
            if entry is not None:
                found.update(dict.fromkeys(self._plain.of(plain_id(entry))))
                change(plain_id(entry), key)
        if new is not None:
            self._entries[key] = new
        return found

    def _kernels_own(self, entry: Fdb) -> bool:
        plain = plain_id(entry)
        record = self.interfaces.map.get(ids.Ref(entry.namespace, entry.dev).id)
        interface = record if isinstance(record, Interface) else None
        found = (self._entries[key].id for key in self._plain.of(plain))
        return kernels_own(interface, entry, (plain,) if plain in found else ())

    # ---- the rest ----------------------------------------------------------------------------------------------------

    def _derive_chains(self, out: Out) -> None:
        found: dict[tuple[str, str, str], Chain] = {(c.family, c.table, c.name): c for c in self.facts.filters.records()}
        self._chains.keep_only(found)
        for key, chain in found.items():
            if self._seen_chains.get(key) is not chain:
                self._chains.put(key, chain.id, chains.normal(chain))
        self._seen_chains = found
        self._chains.in_order(found)
        self._chains.flush(out.records)

    def _derive_netns(self, out: Out) -> None:
        neighbours = tuple(row for row in self._neighbour_rows.values() if row is not None)
        live = rows.namespace(self.facts, tuple(self._route_rows.values()), neighbours)
        after: dict[str, AnyLive] = {live.id: live}
        if out.live.between(self._netns, after, after):
            self._netns = after

    def _derive_others(self, out: Out) -> None:
        found = {live.id: live for live in self._other_lives()}
        self._others.keep_only(found)
        for key, live in found.items():
            self._others.put(key, key, live)
        self._others.in_order(found)
        self._others.flush(out.live)

    def _other_lives(self) -> Iterator[AnyLive]:
        facts = self.facts
        if facts.counters is not None:
            yield rows.counters(facts, facts.counters)
        if facts.processes is not None:
            yield rows.processes(facts, facts.processes)
        yield from facts.filters.live()
