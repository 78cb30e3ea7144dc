"""The document: a lab as JSON, to be written by hand, stored, compared and shared.

`load` reads one, or lists everything that is wrong with it; `dump` writes one. `load(dump(records)) == records` for records in normal form.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import TypeVar

import msgspec
from msgspec.structs import fields

from topology.document import jsontext
from topology.document.check import check, ipv6
from topology.document.jsontext import MAX_PROBLEMS
from topology.document.places import with_places
from topology.document.reader import Reader
from topology.document.schema import ENTRY_KEYS, SHAPE_KEYS, VERSION, schema
from topology.model.base import HOST, Json
from topology.model.drawing import SHAPES, number, shape_json, style_json
from topology.model.graph import Graph
from topology.model.problems import Problem, ProblemError
from topology.model.records import (
    INTERFACES,
    AnyInterface,
    AnyRecord,
    Chain,
    Fdb,
    Lab,
    Namespace,
    Neighbour,
    Records,
    Route,
    lab_of,
    replace,
)
from topology.model.sysctls import IPV6_OFF
from topology.observe.normal import normalise
from topology.rules.chains import order

__all__ = ["VERSION", "dump", "load", "located", "schema", "to_json"]

Entry = Route | Neighbour | Fdb | Chain
T = TypeVar("T")

LARGE = 64
"""With more namespaces than this, those without IPv6 get it switched off (docs/adr/0004-ipv6-in-large-labs.md)."""


def load(source: bytes | str | dict[str, Json], kept: bool = False) -> Records:
    """The records of a document, in normal form. Raises one `ProblemError` with all that is wrong: its subjects are JSON paths, and of a
    text it says line and column too.

    `kept`: it is one that Vethboard has written itself. Rules in it may be such that a shell has made and iptables-restore cannot load.
    """
    if isinstance(source, dict):
        records, problems = _read(source, kept)
        if problems:
            raise jsontext.raised(problems)
        return records
    value, text, problems = jsontext.parse(jsontext.decoded(source))
    records, more = _read(value, kept)
    if problems or more:
        raise jsontext.raised(sorted(with_places(text, [*problems, *more][:MAX_PROBLEMS]), key=lambda p: p.at or (0, 0)))
    return records


def _read(value: Json, kept: bool) -> tuple[Records, list[Problem]]:
    """The records of a document in normal form, and what is wrong with it: then they are not to be used."""
    bounded, problems = jsontext.bounded(value)
    reader = Reader()
    reader.read(bounded)
    problems += reader.problems
    told = {p.subject for p in problems}
    # a shell may have made what a document cannot: a rule, a parent's MTU that became less, IPv6 on one interface alone
    checked = [f for f in check(reader.records) if not (kept and (f.is_of_rule or f.fault.field == "mtu"))]
    checked += [] if kept else ipv6(reader.records)
    found = [f.problem(reader.path(f)) for f in checked]
    problems += [p for p in found if p.subject not in told and not reader.is_consequence(p)]
    return ({}, problems) if problems else (_without_ipv6(normalise(reader.records)), [])


def located(source: bytes | str | dict[str, Json], problem: Problem) -> Problem:
    """A problem that came up when a document was applied, at its place: what is about a record of the document gets its JSON path, and of
    a text line and column too."""
    text = jsontext.decoded(source) if not isinstance(source, dict) else None
    try:
        value = source if isinstance(source, dict) else jsontext.parse(text or "")[0]
    except ProblemError:
        return problem
    reader = Reader()
    reader.read(jsontext.bounded(value)[0])
    one, *causes = (_at_path(reader, text, one) for one in (problem, *problem.causes))
    return msgspec.structs.replace(one, causes=tuple(causes))


def _at_path(reader: Reader, text: str | None, problem: Problem) -> Problem:
    path = reader.place_of(problem)
    if path is None:
        return problem
    placed = msgspec.structs.replace(problem, subject=path)
    return placed if text is None else with_places(text, [placed])[0]


def dump(records: Mapping[str, AnyRecord]) -> str:
    """The document of these records: the same text for the same records, whatever their order."""
    return jsontext.pretty(to_json(records)) + "\n"


def to_json(records: Mapping[str, AnyRecord]) -> dict[str, Json]:
    """The document as a JSON value. Places and styles of nodes that are not there are left out."""
    graph = Graph(records)
    lab = lab_of(records)
    settings = {key: value for key, value in _stated(lab).items() if key != "name"}
    return {"vethboard": VERSION, "name": lab.name, **settings, "namespaces": _namespaces(graph, lab), **_drawn(graph)}


def _namespaces(graph: Graph, lab: Lab) -> dict[str, Json]:
    entries: dict[str, list[Entry]] = {}
    for record in graph.records.values():
        if isinstance(record, Entry):
            entries.setdefault(record.namespace, []).append(record)
    keep_on = _ipv6_left_on(graph, lab)
    return {name: _namespace(graph, record, entries.get(name, []), name in keep_on) for name, record in _sorted(graph.namespaces).items()}


def _drawn(graph: Graph) -> dict[str, Json]:
    """Where and how nodes are drawn, areas and notes."""
    nodes = set(graph.nodes())
    shapes = [r for r in graph.records.values() if isinstance(r, SHAPES)]
    parts: dict[str, dict[str, Json]] = {
        "layout": {node: [number(p.x), number(p.y)] for node, p in graph.placements().items() if node in nodes},
        "styles": {node: style_json(style) for node, style in graph.styles().items() if node in nodes and not style.plain},
        **{key: {r.name: shape_json(r) for r in shapes if isinstance(r, kind)} for key, kind in SHAPE_KEYS.items()},
    }
    return {key: _sorted(part) for key, part in parts.items() if part}


def _sorted(part: Mapping[str, T]) -> dict[str, T]:
    return {name: part[name] for name in sorted(part, key=_by_name)}


def _by_name(name: str) -> tuple[bool, bool, list[tuple[int, str]]]:
    """Sort key: `host` and `lo` first, numbers by value: ns2 before ns10."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return name != HOST, name != "lo", [(int(p), "") if p.isdecimal() else (-1, p) for p in parts]


def _namespace(graph: Graph, record: Namespace, entries: list[Entry], ipv6_stays: bool) -> dict[str, Json]:
    """The entry of a namespace, without parts that are empty. `ipv6_stays`: it has to say that IPv6 is left on."""
    nsid = {"nsid": record.nsid} if record.nsid is not None else {}
    sysctls = {**record.sysctls, **({IPV6_OFF: "0"} if ipv6_stays else {})}
    entries = sorted(entries, key=lambda e: e.id)
    parts: dict[str, Json] = {
        "interfaces": _sorted({i.name: _interface(i) for i in graph.inside(record.name)}),
        **{key: [_entry(e) for e in entries if isinstance(e, kind)] for key, kind in ENTRY_KEYS.items()},
        "sysctls": {key: _sysctl(value) for key, value in sorted(sysctls.items())},
        "filter": _filter(sorted((e for e in entries if isinstance(e, Chain)), key=order)),
    }
    return {**nsid, **{key: part for key, part in parts.items() if part}}


def _filter(chains: Iterable[Chain]) -> dict[str, Json]:
    """family → table → chain → policy and rules."""
    out: dict[str, Json] = {}
    for chain in chains:
        body: dict[str, Json] = {"policy": chain.policy} if chain.policy == "DROP" else {}
        if chain.rules:
            body["rules"] = list(chain.rules)
        out.setdefault(chain.family, {}).setdefault(chain.table, {})[chain.name] = body
    return out


def _sysctl(value: str) -> int | str:
    """A number where the value is one, as people write it; no leading zeros, so that the text is the same again."""
    return int(value) if re.fullmatch(r"0|-?[1-9][0-9]{0,17}", value, re.ASCII) else value


_COMMON = ("master", "addresses", "up", "mac", "mtu", "port", "vlans")


def _interface(interface: AnyInterface) -> dict[str, Json]:
    """The entry of an interface: its kind and the fields of the kind first, then those that all kinds have."""
    stated = _stated(interface)
    del stated["namespace"], stated["name"]
    kind: dict[str, Json] = {} if interface.KIND.builtin else {"kind": interface.word}
    own = {key: value for key, value in stated.items() if key not in _COMMON}
    return {**kind, **own, **{key: stated[key] for key in _COMMON if key in stated}}


def _entry(record: Route | Neighbour | Fdb) -> dict[str, Json]:
    stated = _stated(record)
    del stated["namespace"]
    return stated


def _stated(record: AnyRecord) -> dict[str, Json]:
    """The fields that do not have their default, by value: msgspec leaves out what *is* the default, and a number that a kernel told is
    another object."""
    values = ((name, getattr(record, name), default) for name, default in _defaults(type(record)))
    return {name: msgspec.to_builtins(value) for name, value, default in values if value != default}


@cache
def _defaults(kind: type[AnyRecord]) -> tuple[tuple[str, object], ...]:
    """Field → its default; `msgspec.NODEFAULT` where it has none."""
    return tuple((f.name, f.default if f.default_factory is msgspec.NODEFAULT else f.default_factory()) for f in fields(kind))


# ---- IPv6 in large labs ----------------------------------------------------------------------------------------------


def _without_ipv6_use(graph: Graph) -> set[str]:
    """The namespaces in which no record has to do with IPv6, but maybe the sysctl that switches it off."""
    return graph.namespaces.keys() - {name for record in graph.records.values() for name in _using_ipv6(record)}


def _using_ipv6(record: AnyRecord) -> Iterator[str]:
    """The namespaces that use IPv6 because of this record."""
    if isinstance(record, INTERFACES):
        if any(":" in a for a in record.addresses):
            yield record.namespace
        if any(":" in (getattr(record, name) or "") for name in record.KIND.addresses):
            yield record.made_in
    elif isinstance(record, Namespace):
        if any(key.startswith("net.ipv6.") and key != IPV6_OFF for key in record.sysctls):
            yield record.name
    elif isinstance(record, Entry) and _is_ipv6(record):
        yield record.namespace


def _is_ipv6(entry: Entry) -> bool:
    match entry:
        case Chain():
            return entry.family == "ipv6"
        case Route():
            return ":" in entry.to
        case Neighbour():
            return ":" in entry.address
    return False


def _ipv6_left_on(graph: Graph, lab: Lab) -> set[str]:
    """The namespaces of which the document has to say that IPv6 stays on, because `load` would switch it off."""
    if lab.ipv6 or len(graph.namespaces) <= LARGE:
        return set()
    return {name for name in _without_ipv6_use(graph) if IPV6_OFF not in graph.namespaces[name].sysctls}


def _without_ipv6(records: Records) -> Records:
    """Switch IPv6 off in the namespaces of a large lab that do not use it, unless they say 0 for the sysctl."""
    graph = Graph(records)
    if lab_of(records).ipv6 or len(graph.namespaces) <= LARGE:
        return records
    out = dict(records)
    for name in _without_ipv6_use(graph):
        record = graph.namespaces[name]
        stated = record.sysctls.get(IPV6_OFF)
        others = {key: value for key, value in record.sysctls.items() if key != IPV6_OFF}
        sysctls = others if stated == "0" else {**others, IPV6_OFF: stated or "1"}
        out[record.id] = replace(record, sysctls=dict(sorted(sysctls.items())))
    return out
