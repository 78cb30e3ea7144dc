"""Differences between the kernel and the document, and how to take over the records of one side into the other. Pure."""

from collections.abc import Iterable, Mapping

from topology.edit import layout
from topology.model import ids
from topology.model.graph import Graph
from topology.model.records import AnyRecord, Records
from topology.observe.normal import comparable


def adopt(into: Mapping[str, AnyRecord], source: Mapping[str, AnyRecord], changed: Iterable[str]) -> Records:
    """`into` with the records `changed` as they are in `source`. New nodes get a placement; that of nodes that are gone is removed."""
    changed = list(changed)
    if not changed:
        return dict(into)
    found = comparable(source, into)
    out = dict(into)
    for key in changed:
        if key in found:
            out[key] = found[key]
        else:
            out.pop(key, None)
    graph = Graph(out)
    nodes = set(graph.nodes())
    for drawn in (graph.placements(), graph.styles()):
        for node, record in drawn.items():
            if node not in nodes:
                del out[record.id]
    if ids.LAB in out:
        for placement in layout.missing(out):
            out[placement.id] = placement
    return out
