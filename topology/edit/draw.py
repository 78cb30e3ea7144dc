"""Edits of what is only drawn: places, styles, areas, notes."""

import errno
from collections.abc import Iterable, Mapping

from topology.document.check import Found
from topology.edit.draft import Draft
from topology.model.drawing import SHAPES, Area, Note, Style, near
from topology.model.graph import Graph
from topology.model.problems import ProblemError, invalid, refused, unknown
from topology.model.records import AnyRecord, Namespace, Placement, is_bridge, replace


def place(draft: Draft, positions: Mapping[str, tuple[float, float]], shapes: Mapping[str, tuple[float, float]]) -> None:
    """Nodes, and areas and notes by record id, where they shall be drawn."""
    nodes = set(Graph(draft.records).nodes())
    for node, (x, y) in positions.items():
        if node not in nodes:
            raise _no_node(node, f"placement:{node}")
        _refuse_far(f"placement:{node}", x, y)
        draft.put(Placement(node=node, x=x, y=y))
    for key, (x, y) in shapes.items():
        shape = draft.records.get(key)
        if not isinstance(shape, SHAPES):
            raise unknown(f'there is no "{key}"', key, "an area or a note that is there")
        _refuse_far(key, x, y)
        draft.put(replace(shape, x=x, y=y))


def _no_node(node: str, subject: str) -> ProblemError:
    return unknown(f'there is no node "{node}"', subject, "a node is a namespace or a bridge")


def _refuse_far(subject: str, x: float, y: float) -> None:
    if not near(x, y):
        raise invalid("a place is two numbers", subject, "canvas units, at most 1e9")


def put_style(draft: Draft, style: Style) -> None:
    """How a node is drawn; nothing said is no record."""
    if style.node not in set(Graph(draft.records).nodes()):
        raise _no_node(style.node, style.id)
    if style.plain:
        draft.records.pop(style.id, None)
    else:
        draft.put(style)


def put_shape(draft: Draft, shape: Area | Note) -> None:
    """A new area or note, or another one of its name."""
    for fault in shape.faults():
        raise ProblemError(Found(shape.id, fault).problem())
    draft.put(shape, made=shape.id not in draft.before)


def refuse_locked(draft: Draft, records: Iterable[AnyRecord]) -> None:
    """What is locked on the canvas is not deleted there."""
    styles = Graph(draft.records).styles()
    for record in records:
        if isinstance(record, SHAPES):
            locked = record.locked
        elif isinstance(record, Namespace) or is_bridge(record):
            style = styles.get(record.name if isinstance(record, Namespace) else record.ref)
            locked = style is not None and style.locked
        else:
            continue
        if locked:
            raise refused(errno.EPERM, record.id, "it is locked on the canvas: unlock it first")
