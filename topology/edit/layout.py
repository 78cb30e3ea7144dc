"""Places for nodes that have none: `host` on top, the other namespaces on a grid below it, bridges inside their namespace."""

import math
from collections.abc import Container, Iterable, Iterator, Mapping

from topology.model import ids
from topology.model.base import HOST
from topology.model.graph import Graph
from topology.model.records import AnyRecord, Placement, of_type
from topology.model.tracked import Index

PITCH_X, PITCH_Y = 420.0, 340.0
"""Distance of two namespaces on the grid, in canvas units: one and its name fit with room for links."""

GAP_X, GAP_Y = 160.0, 60.0
"""Room around a namespace that is larger than a cell of the grid."""

TOP = 260.0
"""Where the first row of the grid begins, in canvas units."""
BRIDGE_X, BRIDGE_Y, BRIDGE_PITCH = 24.0, 64.0, 96.0
"""Place of the first bridge in its namespace, and the distance of two that are one above the other, in canvas units."""


def missing(records: Mapping[str, AnyRecord], nodes: Iterable[str] | None = None) -> list[Placement]:
    """A placement for each node without one; `nodes`: for those of these, as if the others had theirs. The same records always give the
    same places, and no two nodes get the same. Nodes that have a place cost nothing."""
    graph = Graph(records)
    lacking = {node for node in (graph.nodes() if nodes is None else nodes) if graph.placement(node) is None}
    concerned = {ids.namespace(ids.namespace_of(node)) for node in lacking}
    free = _Grid(graph)
    out: list[Placement] = []
    for name in map(ids.subject_of, graph.in_order(concerned)):
        if name in lacking:
            size = _size(graph, name)
            x, y = free.take_top(*size) if name == HOST and free.host_free() else free.take(*size)
            out.append(Placement(node=name, x=x, y=y))
        out += _missing_bridges(graph, name, lacking)
    return out


def _missing_bridges(graph: Graph, namespace: str, lacking: Container[str]) -> Iterator[Placement]:
    """One above the other, in the rows that the other bridges leave free."""
    bridges = [i.ref for i in graph.drawn_in(namespace)]
    rows = sorted(place.y for ref in bridges if (place := graph.placement(ref)) is not None)
    y, at = BRIDGE_Y, 0
    for ref in bridges:
        if ref in lacking:
            while at < len(rows) and rows[at] < y + BRIDGE_PITCH:
                if rows[at] > y - BRIDGE_PITCH:
                    y += BRIDGE_PITCH
                else:
                    at += 1
            yield Placement(node=ref, x=BRIDGE_X, y=y)
            y += BRIDGE_PITCH


# ---- how large a namespace is drawn: as in `web/src/canvas/model/geometry.ts` -------------------------------------------

_CARD_W, _HEADER, _PAD, _GAP = 260, 44, 14, 6
_ROW, _ONE_COLUMN, _TWO_COLUMNS_W = 36, 9, 434
_PORT_W, _PORT_H, _BRIDGE_HEADER, _BRIDGE_PAD = 118, 34, 34, 10


def _size(graph: Graph, name: str) -> tuple[float, float]:
    """Width and height of the namespace's card, never too small: bridges are counted as if they were one below the other."""
    inside = [i for i in graph.inside(name) if i.name != "lo"]
    bridges = [i.ref for i in inside if i.KIND.node]
    loose = sum(not i.KIND.node and i.master is None for i in inside)
    shift = (math.ceil(loose / 2) if loose > _ONE_COLUMN else loose) * _ROW
    width: float = _TWO_COLUMNS_W if loose > _ONE_COLUMN else _CARD_W
    bottom: float = _HEADER + shift
    places = {ref: graph.placement(ref) for ref in bridges}
    at = {ref: (place.x, place.y) if place is not None else (BRIDGE_X, BRIDGE_Y) for ref, place in places.items()}
    for ref in sorted(bridges, key=lambda ref: at[ref][1]):
        w, h = _bridge_size(len(graph.ports(ref)))
        x, y = at[ref]
        width = max(width, x + w + _PAD)
        bottom = max(y + shift, bottom + _PAD) + h
    return width, bottom + _PAD


def _bridge_size(ports: int) -> tuple[int, int]:
    """Width and height of a bridge with so many ports."""
    columns = max(ports, 1) if ports <= 4 else max(4, math.ceil(math.sqrt(2 * ports)))
    rows = math.ceil(ports / columns)
    return 2 * _BRIDGE_PAD + columns * _PORT_W - _GAP, _BRIDGE_HEADER + rows * _PORT_H - _GAP + _BRIDGE_PAD


# ---- the grid --------------------------------------------------------------------------------------------------------


def _cell(x: float, y: float) -> tuple[int, int]:
    """Column and row of the cell in which a place is."""
    return math.floor(x / PITCH_X), math.floor((y - TOP) / PITCH_Y)


_PLACED = Index((Placement,), lambda p: None if ids.is_ref(p.node) else _cell(p.x, p.y))
"""The places of namespaces, by the cell in which their upper left corner is."""


class _Grid:
    """The cells below `host`, row by row, but for those that are taken: by the cards of what is placed in `graph`, and by `take`."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._columns = max(3, math.ceil(math.sqrt(graph.namespace_count)))
        self._taken: set[tuple[int, int]] = set()
        self._next = 0
        self._cards: dict[str, set[tuple[int, int]]] = {}
        """The cells of the cards that were looked at, by node."""

    def host_free(self) -> bool:
        """Whether the place above the grid is free."""
        return all(p.y > PITCH_Y / 2 for p in of_type(self._graph.records, Placement) if not ids.is_ref(p.node))

    def _is_taken(self, cell: tuple[int, int]) -> bool:
        """Whether a card is there. One that begins in another cell reaches `_MOST_CELLS` columns and rows at most."""
        if cell in self._taken or self._graph.has_any(_PLACED, cell):
            return True
        column, row = cell
        around = ((column - right, row - down) for down in range(_MOST_CELLS + 1) for right in range(_MOST_CELLS + 1))
        return any(cell in self._card(place) for beside in around for place in self._graph.group(_PLACED, beside))

    def _card(self, place: Placement) -> set[tuple[int, int]]:
        known = self._cards.get(place.node)
        if known is None:
            size = _size(self._graph, place.node) if self._graph.has_namespace(place.node) else (0, 0)
            known = self._cards[place.node] = _cells(place.x, place.y, *_room(*size))
        return known

    def take_top(self, w: float, h: float) -> tuple[float, float]:
        """Take the place above the grid, and the cells below that a large card reaches into. Returns x and y."""
        self._taken |= _cells(0, 0, *_clipped(w + GAP_X, h + GAP_Y))
        return 0.0, 0.0

    def take(self, w: float, h: float) -> tuple[float, float]:
        """Take the next cells that are free for a card of this size. Returns x and y."""
        while True:
            row, column = divmod(self._next, self._columns)
            self._next += 1
            if self._is_taken((column, row)):
                continue
            x, y = column * PITCH_X, TOP + row * PITCH_Y
            cells = _cells(x, y, *_room(w, h))
            if not any(map(self._is_taken, cells)):
                self._taken |= cells
                return x, y


_MOST_CELLS = 8
"""A card takes so many columns and rows of the grid at most: one that is larger, because a bridge in it is far away, is covered."""


def _room(w: float, h: float) -> tuple[float, float]:
    """The width and height that a card of this size is given."""
    return _clipped(max(PITCH_X, w + GAP_X), max(PITCH_Y, h + GAP_Y))


def _clipped(w: float, h: float) -> tuple[float, float]:
    return min(w, _MOST_CELLS * PITCH_X), min(h, _MOST_CELLS * PITCH_Y)


def _cells(x: float, y: float, w: float, h: float) -> set[tuple[int, int]]:
    """The cells, as column and row, that a rectangle overlaps."""
    columns = range(math.floor(x / PITCH_X), math.ceil((x + w) / PITCH_X))
    rows = range(math.floor((y - TOP) / PITCH_Y), math.ceil((y + h - TOP) / PITCH_Y))
    return {(column, row) for column in columns for row in rows}
