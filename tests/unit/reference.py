"""The observed state derived from all facts at once, without any memory: what `Observed` must be equal to after each fold."""

from collections.abc import Iterator, Mapping

from topology.model.records import AnyRecord, Records
from topology.observe import raw, rows
from topology.observe.live import AnyLive, FdbLive
from topology.observe.namespace import NamespaceFacts
from topology.observe.normal import normalise


def records(facts: list[NamespaceFacts], others: raw.OtherNamespaces, baseline: Mapping[str, str]) -> Records:
    """The records of these namespaces, in normal form."""
    stated: Records = {}
    for known in facts:
        stated |= {r.id: r for r in _stated(known, others)}
    return normalise(stated, baseline)


def _stated(known: NamespaceFacts, others: raw.OtherNamespaces) -> Iterator[AnyRecord]:
    yield raw.namespace(known)
    found = {index: i for index, link in known.links.facts.items() if (i := raw.interface(known, link, others)) is not None}
    names = {index: i.name for index, i in found.items()}
    yield from found.values()
    seen: set[str] = set()
    for r in known.routes.facts.values():
        route = raw.route(known.name, r, names.get(r.index))
        if route is not None and route.id not in seen:
            seen.add(route.id)
            yield route
    for n in known.neighbours.facts.values():
        if (neighbour := raw.neighbour(known.name, n, names.get(n.index))) is not None:
            yield neighbour
    for e in known.fdb.facts.values():
        if (entry := raw.fdb(known, e, found.get(e.index))) is not None:
            yield entry
    yield from known.filters.records()


def live(known: NamespaceFacts, others: raw.OtherNamespaces, records: Mapping[str, AnyRecord]) -> dict[str, AnyLive]:
    """The live records of a namespace whose records, among others, are `records`."""
    return {r.id: r for r in _live(known, others, records)}


def _live(known: NamespaceFacts, others: raw.OtherNamespaces, records: Mapping[str, AnyRecord]) -> Iterator[AnyLive]:
    names = {index: link.name for index, link in known.links.facts.items()}

    def realised(record_id: str | None) -> str | None:
        return record_id if record_id in records else None

    routes = []
    for r in known.routes.facts.values():
        route = raw.route(known.name, r, names.get(r.index))
        routes.append(rows.route(r, names.get, realised(route.id if route is not None else None)))
    neighbours = (rows.neighbour(n, names[n.index]) for n in known.neighbours.facts.values() if n.index in names)
    yield rows.namespace(known, tuple(routes), tuple(neighbours))
    for link in known.links.facts.values():
        yield rows.link(known, link, others)
    for link in known.links.facts.values():
        if raw.fdb_kind(link):
            shown = (
                rows.fdb(e, names[e.index], realised(rows.fdb_id(known.name, e, names[e.index])))
                for e in known.fdb.facts.values()
                if link.index in rows.tables(known, e)
            )
            yield FdbLive(namespace=known.name, name=link.name, rows=tuple(shown))
    if known.counters is not None:
        yield rows.counters(known, known.counters)
    if known.processes is not None:
        yield rows.processes(known, known.processes)
    yield from known.filters.live()
