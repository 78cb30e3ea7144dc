"""The document: a lab as JSON, to be written by hand, kept, compared and sent to others.

`load` takes it, or says everything that is wrong with it; `dump` writes it. `load(dump(records)) == records` for records in normal form.
"""

import re
from collections.abc import Iterable, Mapping

import msgspec

from topology.document import jsontext
from topology.document.check import check
from topology.document.reader import VERSION, Reader
from topology.document.schema import schema
from topology.model.base import HOST, Json
from topology.model.drawing import number, shape_json, style_json
from topology.model.graph import Graph
from topology.model.problems import ProblemError
from topology.model.records import (
    INTERFACES,
    AnyInterface,
    AnyRecord,
    Area,
    Chain,
    Fdb,
    Lab,
    Namespace,
    Neighbour,
    Note,
    Records,
    Route,
    replace,
)
from topology.model.sysctls import IPV6_OFF
from topology.observe.normal import normalise
from topology.rules.chains import order

__all__ = ["VERSION", "dump", "load", "schema", "to_json"]

LARGE = 64
"""With more namespaces than this, those without IPv6 get it switched off (docs/adr/0004-ipv6-in-large-labs.md)."""

MAX_PROBLEMS = 100


def load(source: bytes | str | dict[str, Json]) -> Records:
    """The records of a document, in normal form. Raises one `ProblemError` with all that is wrong; subjects are JSON paths."""
    reader = Reader()
    reader.read(source if isinstance(source, dict) else jsontext.parse(source))
    if not reader.problems:
        reader.problems.extend(f.problem(reader.path(f)) for f in check(reader.records))
    if reader.problems:
        first, *rest = reader.problems[:MAX_PROBLEMS]
        raise ProblemError(msgspec.structs.replace(first, causes=(*first.causes, *rest)))
    return _without_ipv6(normalise(reader.records))


def dump(records: Mapping[str, AnyRecord]) -> str:
    """The document of these records: the same text for the same records, whatever their order."""
    return jsontext.pretty(to_json(records)) + "\n"


def to_json(records: Mapping[str, AnyRecord]) -> dict[str, Json]:
    """The document as a JSON value. Places of nodes that are not there are left out."""
    graph = Graph(records)
    lab = _lab(records)
    out: dict[str, Json] = {"vethboard": VERSION, "name": lab.name}
    if lab.description:
        out["description"] = lab.description
    if lab.policy != "follow":
        out["policy"] = lab.policy
    if lab.ipv6:
        out["ipv6"] = True
    if lab.firewall is not None:
        out["firewall"] = lab.firewall
    if lab.uplink:
        out["uplink"] = True
    entries: dict[str, list[Route | Neighbour | Fdb | Chain]] = {}
    for record in records.values():
        if isinstance(record, Route | Neighbour | Fdb | Chain):
            entries.setdefault(record.namespace, []).append(record)
    keep_on = _ipv6_left_on(graph, lab)
    out["namespaces"] = {
        name: _namespace(graph, graph.namespaces[name], entries.get(name, []), name in keep_on)
        for name in sorted(graph.namespaces, key=_by_name)
    }
    nodes = set(graph.nodes())
    places = {node: [number(p.x), number(p.y)] for node, p in graph.placements().items() if node in nodes}
    if places:
        out["layout"] = {node: places[node] for node in sorted(places, key=_by_name)}
    styles = {node: style_json(style) for node, style in graph.styles().items() if node in nodes and not style.plain}
    if styles:
        out["styles"] = {node: styles[node] for node in sorted(styles, key=_by_name)}
    for key, kind in (("areas", Area), ("notes", Note)):
        shapes = {r.name: shape_json(r) for r in records.values() if isinstance(r, kind)}
        if shapes:
            out[key] = {name: shapes[name] for name in sorted(shapes, key=_by_name)}
    return out


def _by_name(name: str) -> tuple[bool, bool, list[tuple[int, str]]]:
    """`host` and `lo` first, then as people count: ns2 before ns10."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return name != HOST, name != "lo", [(int(p), "") if p.isdecimal() else (-1, p) for p in parts]


def _namespace(graph: Graph, record: Namespace, entries: list[Route | Neighbour | Fdb | Chain], keep_on: bool) -> dict[str, Json]:
    out: dict[str, Json] = {}
    if record.nsid is not None:
        out["nsid"] = record.nsid
    interfaces = sorted(graph.inside(record.name), key=lambda i: _by_name(i.name))
    if interfaces:
        out["interfaces"] = {i.name: _interface(i) for i in interfaces}
    for key, kind in (("routes", Route), ("neighbours", Neighbour), ("fdb", Fdb)):
        rows = [_entry(e) for e in sorted(entries, key=lambda e: e.id) if isinstance(e, Route | Neighbour | Fdb) and isinstance(e, kind)]
        if rows:
            out[key] = rows
    sysctls = {**record.sysctls, **({IPV6_OFF: "0"} if keep_on else {})}
    if sysctls:
        out["sysctls"] = {key: _sysctl(value) for key, value in sorted(sysctls.items())}
    if chains := sorted((e for e in entries if isinstance(e, Chain)), key=order):
        out["filter"] = _filter(chains)
    return out


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
    return int(value) if re.fullmatch(r"0|-?[1-9][0-9]{0,17}", value, re.ASCII) else value


_COMMON = ("master", "addresses", "up", "mac", "mtu", "port", "vlans")


def _interface(interface: AnyInterface) -> dict[str, Json]:
    """Its kind and what only the kind has first."""
    fields: dict[str, Json] = msgspec.to_builtins(interface)
    del fields["namespace"], fields["name"]
    if interface.KIND.builtin:
        del fields["kind"]
    if not fields.get("port"):
        fields.pop("port", None)
    own = {key: value for key, value in fields.items() if key not in _COMMON}
    return {**own, **{key: fields[key] for key in _COMMON if key in fields}}


def _entry(record: Route | Neighbour | Fdb) -> dict[str, Json]:
    fields: dict[str, Json] = msgspec.to_builtins(record)
    del fields["namespace"], fields["kind"]
    return fields


# ---- IPv6 in large labs ----------------------------------------------------------------------------------------------


def _lab(records: Mapping[str, AnyRecord]) -> Lab:
    lab = records.get("lab:")
    return lab if isinstance(lab, Lab) else Lab()


def _silent(graph: Graph) -> set[str]:
    """The namespaces in which nothing speaks of IPv6, but maybe the sysctl that switches it off."""
    loud: set[str] = set()
    for record in graph.records.values():
        if isinstance(record, Chain):
            if record.family == "ipv6":
                loud.add(record.namespace)
        elif isinstance(record, Route | Neighbour):
            if ":" in (record.to if isinstance(record, Route) else record.address):
                loud.add(record.namespace)
        elif isinstance(record, Namespace):
            if any(key.startswith("net.ipv6.") and key != IPV6_OFF for key in record.sysctls):
                loud.add(record.name)
        elif isinstance(record, INTERFACES):
            if any(":" in a for a in record.addresses):
                loud.add(record.namespace)
            if any(":" in (getattr(record, name) or "") for name in record.KIND.addresses):
                loud.add(record.made_in)
    return graph.namespaces.keys() - loud


def _ipv6_left_on(graph: Graph, lab: Lab) -> set[str]:
    """The namespaces for which a document has to say that IPv6 stays on, because `load` would switch it off."""
    if lab.ipv6 or len(graph.namespaces) <= LARGE:
        return set()
    return {name for name in _silent(graph) if IPV6_OFF not in graph.namespaces[name].sysctls}


def _without_ipv6(records: Records) -> Records:
    """IPv6 off where a large document does not use it; there, a 0 in the sysctl only says: leave it on."""
    graph = Graph(records)
    if _lab(records).ipv6 or len(graph.namespaces) <= LARGE:
        return records
    out = dict(records)
    for name in _silent(graph):
        record = graph.namespaces[name]
        said = record.sysctls.get(IPV6_OFF)
        others = {key: value for key, value in record.sysctls.items() if key != IPV6_OFF}
        sysctls = others if said == "0" else {**others, IPV6_OFF: said or "1"}
        out[record.id] = replace(record, sysctls=dict(sorted(sysctls.items())))
    return out
