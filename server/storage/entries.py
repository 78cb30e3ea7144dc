"""The history of a lab in the database: appended, amended, undone, read page by page, cut to its bounds.

Entries have numbers that only grow. Those up to `done_to` are in the document, those after it are undone; so undo and redo move one number.
Every function works on the caller's transaction.
"""

from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, Select, bindparam, case, delete, func, insert, select

from protocol.public import Change, Context
from server.storage.bounds import HISTORY_BYTES, HISTORY_ENTRIES, PAGE_BYTES
from server.storage.tables import history, labs
from topology.model.diff import Diff, compact
from topology.model.kinds import FORMER_KEYS
from topology.model.problems import Code, Problem, ProblemError
from topology.model.records import AnyRecord


class NewEntry(NamedTuple):
    """A new edit; it gets the next number. What was undone before it can no longer be done again."""

    context: Context
    diff: Diff[AnyRecord]
    shell: tuple[str, ...] = ()


class Amend(NamedTuple):
    """The entry that undo would take back is this from now on, under the same number; where there is none, a new one. What was undone
    can no longer be done again."""

    context: Context
    diff: Diff[AnyRecord]
    shell: tuple[str, ...] = ()


class Move(NamedTuple):
    """The entry that undo (`undone`) or redo is about was taken back, or done again."""

    number: int
    undone: bool


Entry = NewEntry | Amend | Move


class Heads(NamedTuple):
    """What undo would take back, and what redo would do again."""

    undo: Change | None = None
    redo: Change | None = None


class Page(NamedTuple):
    """Entries, the newest first. `more`: there are older ones."""

    changes: tuple[Change, ...]
    more: bool


class Counters(NamedTuple):
    """Columns of the table `labs` that are about the history."""

    newest: int = 0
    done_to: int = 0
    undo_from: int = 0


# statements of every commit, made once
_INSERT = insert(history)
_SIZE = case((history.c.size.between(0, 1 << 30), history.c.size), else_=0)
"""Also of a row that was edited by hand: SQLite keeps any value there."""
_WEIGHT = select(func.count(), func.coalesce(func.sum(_SIZE), 0)).where(history.c.lab == bindparam("lab"))

Recorded = tuple[Counters, Heads]


def mend(connection: Connection, lab: str, counters: Counters, heads: Heads) -> None:
    """Undo what a commit of unknown fate may have done; entries that it deleted and that are no heads cannot be brought back."""
    _delete_after(connection, lab, counters.newest)
    for change in heads:
        if change is not None:
            put(connection, lab, change)


def _delete_after(connection: Connection, lab: str, number: int) -> None:
    connection.execute(delete(history).where(history.c.lab == lab, history.c.number > number))


def record(connection: Connection, lab: str, counters: Counters, heads: Heads, entry: Entry | None) -> Recorded:
    """Write what an edit means for the history. Raises ProblemError (CONFLICT) for a `Move` that is not about undo's or redo's entry."""
    if counters.done_to < counters.newest and isinstance(entry, NewEntry | Amend):
        _delete_after(connection, lab, counters.done_to)
    match entry:
        case NewEntry():
            return _append(connection, lab, counters, entry)
        case Amend():
            return _amend(connection, lab, counters, heads, entry)
        case Move():
            return _move(connection, lab, counters, heads, entry)
        case None:
            return counters, heads


def _append(connection: Connection, lab: str, counters: Counters, entry: NewEntry | Amend) -> Recorded:
    change = Change(number=counters.newest + 1, context=entry.context, diff=entry.diff, shell=entry.shell)
    _insert(connection, lab, change)
    _cut(connection, lab, change.number)
    return counters._replace(newest=change.number, done_to=change.number), Heads(undo=change)


def _amend(connection: Connection, lab: str, counters: Counters, heads: Heads, entry: Amend) -> Recorded:
    if heads.undo is None:
        return _append(connection, lab, counters, entry)
    change = Change(number=heads.undo.number, context=entry.context, diff=entry.diff, shell=entry.shell)
    put(connection, lab, change)
    return counters, Heads(undo=change)


def _move(connection: Connection, lab: str, counters: Counters, heads: Heads, entry: Move) -> Recorded:
    head = heads.undo if entry.undone else heads.redo
    if head is None or head.number != entry.number:
        what = "undo" if entry.undone else "redo"
        raise ProblemError(Problem(code=Code.CONFLICT, message=f"{what} is not about entry {entry.number} of the history now"))
    moved = msgspec.structs.replace(head, undone=entry.undone)
    done_to = entry.number - 1 if entry.undone else entry.number
    counters = counters._replace(done_to=done_to)
    found = heads_of(connection, lab, counters)
    return counters, found._replace(redo=moved) if entry.undone else found._replace(undo=moved)


def put(connection: Connection, lab: str, change: Change) -> None:
    """Write an entry, in the place of one of the same number."""
    connection.execute(delete(history).where(history.c.lab == lab, history.c.number == change.number))
    _insert(connection, lab, change)


def _insert(connection: Connection, lab: str, change: Change) -> None:
    text = msgspec.json.encode(msgspec.structs.replace(change, undone=False, diff=compact(change.diff)))
    connection.execute(_INSERT, {"lab": lab, "number": change.number, "size": len(text), "entry": text.decode()})


def _cut(connection: Connection, lab: str, newest: int) -> None:
    """Delete the oldest entries that are beyond the bounds; never the newest."""
    own = history.c.lab == lab
    count, size = connection.execute(_WEIGHT, {"lab": lab}).one()
    if count <= HISTORY_ENTRIES and size <= HISTORY_BYTES:
        return
    kept, total, first = 0, 0, 0
    sizes = select(history.c.number, _SIZE).where(own, history.c.number <= newest).order_by(history.c.number.desc())
    for number, weight in connection.execute(sizes):
        kept, total = kept + 1, total + weight
        if kept > 1 and (kept > HISTORY_ENTRIES or total > HISTORY_BYTES):
            break
        first = number
    connection.execute(delete(history).where(own, history.c.number < first))


def heads_of(connection: Connection, lab: str, counters: Counters) -> Heads:
    """The entries next to `done_to`."""
    number, own = history.c.number, select(history.c.entry).where(history.c.lab == lab)
    undo = own.where(number <= counters.done_to, number >= counters.undo_from).order_by(number.desc()).limit(1)
    redo = own.where(number > counters.done_to, number <= counters.newest).order_by(number).limit(1)
    found = _read_one(connection, redo)
    return Heads(_read_one(connection, undo), msgspec.structs.replace(found, undone=True) if found is not None else None)


def _read_one(connection: Connection, query: Select[str]) -> Change | None:
    text = connection.execute(query).scalar()
    return read(text) if text is not None else None


def read(text: str | bytes) -> Change | None:
    """An entry, or None for what another version wrote and this one does not understand."""
    try:
        return msgspec.json.decode(_with_new_keys(text), type=Change)
    except msgspec.MsgspecError:
        return None


def _with_new_keys(text: str | bytes) -> bytes:
    """JSON with the keys that fields have today. In the text of a value a quote has a backslash, so only keys are found."""
    raw = text.encode() if isinstance(text, str) else text
    for old, new in FORMER_KEYS.items():
        raw = raw.replace(f'"{old}":'.encode(), f'"{new}":'.encode())
    return raw


def page(connection: Connection, lab: str, before: int | None, limit: int) -> Page:
    """At most `limit` entries older than number `before`, and no more than `PAGE_BYTES` of them, but at least one."""
    found = connection.execute(select(labs.c.done_to, labs.c.newest).where(labs.c.lab == lab)).one_or_none()
    done_to, newest = found if found is not None else (0, 0)
    number, query = history.c.number, select(history.c.number, _SIZE).where(history.c.lab == lab, history.c.number <= newest)
    older = query if before is None else query.where(number < before)
    numbers: list[int] = []
    total, more = 0, False
    for at, size in connection.execute(older.order_by(number.desc()).limit(limit + 1)).all():
        total += size
        more = len(numbers) == limit or (bool(numbers) and total > PAGE_BYTES)
        if more:
            break
        numbers.append(at)
    if not numbers:
        return Page((), False)
    rows = connection.execute(
        select(history.c.entry).where(history.c.lab == lab, number >= numbers[-1], number <= numbers[0]).order_by(number.desc())
    ).scalars()
    changes = (change for change in map(read, rows) if change is not None)
    return Page(tuple(msgspec.structs.replace(c, undone=c.number > done_to) for c in changes), more)
