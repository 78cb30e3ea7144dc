"""Where the kernel and the document differ: taking one side's records over into the other. Pure."""

from collections.abc import Iterable, Mapping

from topology.edit import layout
from topology.model.diff import Diff
from topology.model.graph import Graph
from topology.model.records import AnyRecord, Records
from topology.observe.normal import comparable, normalise


def adopt(into: Mapping[str, AnyRecord], source: Mapping[str, AnyRecord], ids: Iterable[str]) -> Records:
    """`into`, with these records as they are in `source`. New nodes get a place, nodes that are gone lose theirs."""
    ids = list(ids)
    if not ids:
        return dict(into)
    found = comparable(source, into)
    out = dict(into)
    for key in ids:
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
    if "lab:" in out:
        for placement in layout.missing(out):
            out[placement.id] = placement
    return out


def target(observed: Mapping[str, AnyRecord], diff: Diff[AnyRecord]) -> Records:
    """What the kernel is, with an edit on top, in normal form: other differences stay as they are."""
    out = {key: r for key, r in observed.items() if key not in diff.removed}
    out.update(diff.added)
    out.update({key: after for key, (_, after) in diff.updated.items()})
    return normalise(out)
