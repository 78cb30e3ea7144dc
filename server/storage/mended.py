"""Rows that somebody has edited by hand, or that a failing disk has left half-written: SQLite keeps any value in any column."""

import logging
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, Select, select, update

from server.storage.tables import history, labs, pending_changes
from topology.model.names import is_lab_id

_log = logging.getLogger("vethboard.storage")
_COUNTERS = ("revision", "newest", "done_to", "undo_from")
LARGEST = (1 << 63) - 1
"""That a BIGINT holds."""


def is_count(value: object) -> bool:
    """Whether it is a number that a counter can have."""
    return isinstance(value, int) and 0 <= value < LARGEST


def lab_names(found: Iterable[object]) -> list[str]:
    """Those of rows that can be the names of labs. Rows of others stay, and are nobody's."""
    out: list[str] = []
    for name in found:
        if isinstance(name, str) and is_lab_id(name):
            out.append(name)
        else:
            _log.error("a row of the database has a name that no lab can have, and is passed over: %.200r", name)
    return out


def is_whole(row: "Row[Any]") -> bool:
    """Whether the counters of a row of `labs` are numbers."""
    return isinstance(row.committed_by, str) and all(is_count(getattr(row, name)) for name in _COUNTERS)


def mend(connection: Connection, lab: str, row: "Row[Any]") -> None:
    """Count anew what is no number. Undo does not go back behind that: which entries were undone is not known any more."""
    wrong = {name: getattr(row, name) for name in _COUNTERS if not is_count(getattr(row, name))}
    _log.error("lab %s: counters of its row in the database are no numbers, and counted anew: %.200r", lab, wrong, extra={"lab": lab})
    newest = _highest(connection, select(history.c.number).where(history.c.lab == lab))
    pending = _highest(connection, select(pending_changes.c.revision).where(pending_changes.c.lab == lab))
    known = row.revision if is_count(row.revision) else 0
    values = {"revision": max(known, pending), "committed_by": "", "live": bool(row.live)}
    if wrong.keys() - {"revision"}:
        values |= {"newest": newest, "done_to": newest, "undo_from": newest + 1}
    connection.execute(update(labs).where(labs.c.lab == lab).values(**values))


def _highest(connection: Connection, query: Select[int]) -> int:
    numbers = connection.execute(query).scalars()
    return max((number for number in numbers if is_count(number)), default=0)
