"""Edits of what is only drawn and never reaches the kernel: places, styles, areas, notes."""

import errno
from collections.abc import Iterable, Mapping

from topology.document.check import Found
from topology.edit.draft import Draft
from topology.model import ids
from topology.model.drawing import COORDINATE_HINT, SHAPES, Area, Note, Style, are_coordinates
from topology.model.problems import ProblemError, invalid, refused, unknown
from topology.model.records import AnyRecord, Namespace, Placement, is_bridge, replace


def place(draft: Draft, positions: Mapping[str, tuple[float, float]], shapes: Mapping[str, tuple[float, float]]) -> None:
    """Move nodes, and areas and notes (by record id), to these coordinates."""
    for node, (x, y) in positions.items():
        if not draft.has_node(node):
            raise _no_node(node, ids.placement(node))
        _refuse_no_coordinates(ids.placement(node), x, y)
        draft.put(Placement(node=node, x=x, y=y))
    for key, (x, y) in shapes.items():
        shape = draft.records.get(key)
        if not isinstance(shape, SHAPES):
            raise unknown(f'there is no "{key}"', key, "an area or a note that is there")
        _refuse_no_coordinates(key, x, y)
        draft.put(replace(shape, x=x, y=y))


def _no_node(node: str, subject: str) -> ProblemError:
    return unknown(f'there is no node "{node}"', subject, "a node is a namespace or a bridge")


def _refuse_no_coordinates(subject: str, x: float, y: float) -> None:
    if not are_coordinates(x, y):
        raise invalid("a place is two numbers", subject, COORDINATE_HINT)


def put_style(draft: Draft, style: Style) -> None:
    """Set how a node is drawn; a style in which no field is set is removed."""
    if not draft.has_node(style.node):
        raise _no_node(style.node, style.id)
    if style.plain:
        draft.records.pop(style.id, None)
    else:
        draft.put(style)


def put_shape(draft: Draft, shape: Area | Note) -> None:
    """Add an area or note, or replace the one with its name."""
    for fault in shape.faults():
        raise ProblemError(Found(shape.id, fault).problem())
    draft.put(shape, made=shape.id not in draft.before)


def refuse_locked(draft: Draft, records: Iterable[AnyRecord]) -> None:
    """Raise ProblemError where one of these records is locked on the canvas."""
    for record in records:
        if isinstance(record, SHAPES):
            locked = record.locked
        else:
            is_node = isinstance(record, Namespace) or is_bridge(record)
            style = draft.records.get(ids.style(ids.subject_of(record.id))) if is_node else None
            locked = isinstance(style, Style) and style.locked
        if locked:
            raise refused(errno.EPERM, record.id, "it is locked on the canvas: unlock it first")
