"""Where nodes are drawn that nobody has placed: `host` on top, the namespaces on a grid below it, bridges inside their namespace."""

import math
from collections.abc import Mapping

from topology.base import HOST
from topology.graph import Graph
from topology.records import AnyRecord, Bridge, Placement

PITCH_X, PITCH_Y = 420.0, 340.0
"""Distance of two namespaces on the grid, in canvas units: one and its name fit with room for links."""

TOP = 260.0
BRIDGE_X, BRIDGE_Y, BRIDGE_PITCH = 24.0, 64.0, 96.0


def missing(records: Mapping[str, AnyRecord]) -> list[Placement]:
    """A placement for each node without one; the same records give the same places, and no place is taken twice."""
    graph = Graph(records)
    placed = graph.placements()
    free = _Grid([(p.x, p.y) for node, p in placed.items() if "/" not in node], len(graph.namespaces))
    out: list[Placement] = []
    for name in graph.namespaces:
        if name not in placed:
            x, y = (0.0, 0.0) if name == HOST and free.host_free() else free.take()
            out.append(Placement(node=name, x=x, y=y))
        rows = [placed[i.ref].y for i in graph.inside(name) if isinstance(i, Bridge) and i.ref in placed]
        for interface in graph.inside(name):
            if isinstance(interface, Bridge) and interface.ref not in placed:
                y = BRIDGE_Y
                while any(abs(y - row) < BRIDGE_PITCH for row in rows):
                    y += BRIDGE_PITCH
                rows.append(y)
                out.append(Placement(node=interface.ref, x=BRIDGE_X, y=y))
    return out


class _Grid:
    """The cells below `host`, row by row, without those that something stands in."""

    def __init__(self, taken: list[tuple[float, float]], count: int) -> None:
        self._columns = max(3, math.ceil(math.sqrt(count)))
        self._top = min((y for _, y in taken), default=math.inf)
        self._taken = {cell for x, y in taken for cell in _cells(x, y)}
        self._next = 0

    def host_free(self) -> bool:
        return self._top > PITCH_Y / 2

    def take(self) -> tuple[float, float]:
        while True:
            row, column = divmod(self._next, self._columns)
            self._next += 1
            if (column, row) not in self._taken:
                return column * PITCH_X, TOP + row * PITCH_Y


def _cells(x: float, y: float) -> set[tuple[int, int]]:
    """The cells that a namespace at this place overlaps."""
    column, row = x / PITCH_X, (y - TOP) / PITCH_Y
    return {(c, r) for c in (math.floor(column), math.ceil(column)) for r in (math.floor(row), math.ceil(row))}
