"""One lab in the database: its document, its history, whether it shall run."""

import logging
import threading
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from uuid import uuid4

import msgspec
from sqlalchemy import Connection, LargeBinary, Row, bindparam, cast, delete, func, insert, or_, select, update

from server.clock import now
from server.storage import entries
from server.storage.bounds import KEPT_DOCUMENTS, PAGE_ENTRIES, PENDING_BYTES, PENDING_CHANGES
from server.storage.database import Database
from server.storage.entries import Counters, Entry, Heads, NewEntry, Page
from server.storage.mended import LARGEST, is_whole, mend
from server.storage.tables import kept_documents, labs, pending_changes
from topology.document import document
from topology.model import ids
from topology.model.diff import Diff, apply, compact
from topology.model.problems import Code, Problem, ProblemError, unknown
from topology.model.records import AnyRecord, Lab, Records

_log = logging.getLogger("vethboard.storage")
_Diff = Diff[AnyRecord]
_KEPT = "it is kept as it is, and the lab does not start; apply a whole document to replace it (vethboard apply), or destroy the lab"

# statements of every commit, made once
_KNOWN = (labs.c.revision == bindparam("known_revision")) & (labs.c.committed_by == bindparam("by"))
_CLAIM = (
    update(labs)
    .where(labs.c.lab == bindparam("key"), or_(_KNOWN, labs.c.committed_by == bindparam("me")))
    .values(committed_by=bindparam("me"))
)
_UPDATE = update(labs).where(labs.c.lab == bindparam("key"))
_INSERT_PENDING = insert(pending_changes)


class Stored(NamedTuple):
    """A lab as it was read. With a `problem` the stored document does not load, and `records` are those of an empty lab."""

    records: Records
    problem: Problem | None
    live: bool
    heads: Heads


class _Row(NamedTuple):
    """The columns of `labs` but the document; `revision` and `committed_by` as this process knows them."""

    live: bool = False
    revision: int = 0
    committed_by: str = ""
    counters: Counters = Counters()


def empty(lab: str) -> Records:
    """The document of a new lab."""
    return document.load({"vethboard": 1, "name": lab, "namespaces": {"host": {}}})


def text_of(lab: str, records: Mapping[str, AnyRecord]) -> str:
    """The document of these records, which has a name also where they have none."""
    own = records.get(ids.LAB)
    return document.dump({**records, ids.LAB: own if isinstance(own, Lab) else Lab(name=lab)})


def parse(text: str | bytes, diffs: Iterable[str]) -> Records:
    """The document with what came after its text was written. Raises ProblemError."""
    try:
        records = document.load(text, kept=True)
        for diff in diffs:
            records = apply(records, msgspec.json.decode(diff, type=_Diff))
    except ProblemError:
        raise
    except msgspec.MsgspecError as e:
        raise ProblemError(Problem(code=Code.INVALID, message=f"a change of the document: {e}")) from e
    except Exception as e:  # one lab must never keep the server from starting
        _log.exception("a document does not load")
        raise ProblemError(Problem(code=Code.INTERNAL, message=f"{type(e).__name__}: {e}")) from e
    return records


class LabStore:
    """May be used by several threads. Every method that asks the database raises ProblemError (STORAGE) when that cannot.

    A commit that was refused has changed nothing as far as the next one is concerned: each writes all that the lab's row says anew, and
    what an earlier one may have left behind, because the connection was lost just then, is deleted.
    """

    def __init__(self, database: Database, lab: str) -> None:
        self.lab = lab
        self.problem: Problem | None = None
        self.heads = Heads()
        self._database = database
        self._id = uuid4().hex
        self._row = _Row()
        self._records: Mapping[str, AnyRecord] = {}
        self._pending: list[int] = []
        self._in_doubt = False
        self._lock = threading.Lock()

    # ---- reading -----------------------------------------------------------------------------------------------------

    def load(self) -> Stored:
        """All there is but the history. Raises ProblemError; a document that does not load is told in the result."""

        def row_of(connection: Connection) -> Row[Any]:
            row = connection.execute(select(labs).where(labs.c.lab == self.lab)).one_or_none()
            if row is None:
                raise unknown(f"there is no lab {self.lab} in the database")
            return row

        def job(connection: Connection) -> tuple[str, list[str], Heads] | None:
            row = row_of(connection)
            if not is_whole(row):
                return None
            self._row = _Row(row.live, row.revision, row.committed_by, Counters(row.newest, row.done_to, row.undo_from))
            after = select(pending_changes.c.diff).where(pending_changes.c.lab == self.lab).order_by(pending_changes.c.revision)
            diffs = list(connection.execute(after).scalars())
            return row.document, diffs, entries.heads_of(connection, self.lab, self._row.counters)

        with self._lock:
            if (found := self._database.read(job)) is None:
                self._database.write(lambda connection: mend(connection, self.lab, row_of(connection)))
                found = self._database.read(job)
                assert found is not None, "a row that was mended is whole"
            text, diffs, self.heads = found
            self._pending = [len(diff) for diff in diffs]
            try:
                self._records, self.problem = parse(text, diffs), None
            except ProblemError as e:
                self._records, self.problem = empty(self.lab), msgspec.structs.replace(e.problem, hint=_KEPT)
            return Stored(dict(self._records), self.problem, self._row.live, self.heads)

    def history_page(self, before: int | None = None, limit: int = PAGE_ENTRIES) -> Page:
        """Entries older than number `before`, the newest first."""
        limit = max(1, min(limit, PAGE_ENTRIES))
        before = None if before is None else max(0, min(before, LARGEST))
        return self._database.read(lambda connection: entries.page(connection, self.lab, before, limit))

    @property
    def revision(self) -> int:
        """Of the last commit; each has the next one."""
        return self._row.revision

    @property
    def live(self) -> bool:
        """Whether it shall run."""
        return self._row.live

    @property
    def behind(self) -> int:
        """Changes that stand beside the text of the document."""
        return len(self._pending)

    # ---- writing -----------------------------------------------------------------------------------------------------

    def create(self) -> None:
        """Make its row. Raises ProblemError (EXISTS) where there is one."""
        records = empty(self.lab)
        values = {"lab": self.lab, "document": text_of(self.lab, records), **_columns(_Row(committed_by=self._id))}

        def job(connection: Connection) -> None:
            by = connection.execute(select(labs.c.committed_by).where(labs.c.lab == self.lab)).scalar()
            if by is None:
                connection.execute(insert(labs).values(**values))
            elif by != self._id:
                raise ProblemError(Problem(code=Code.EXISTS, message="File exists", hint=f"there is a lab {self.lab}: take another name"))

        with self._lock:
            self._database.write(job)
            self._row, self._records = _Row(committed_by=self._id), records

    def commit(
        self, records: Mapping[str, AnyRecord], diff: Diff[AnyRecord], entry: Entry | None = None, live: bool | None = None
    ) -> Heads:
        """The document is `records` from now on: those of the last commit with `diff` applied. Durable when it returns.

        Raises ProblemError, and then all is as it was: (STORAGE) the database cannot, (CONFLICT) another server has changed the lab, or the
        problem of a stored document that does not load.
        """
        with self._lock:
            if self.problem is not None:
                raise ProblemError(self.problem)
            return self._commit(records, diff, entry, live, self._in_doubt)

    def set_live(self, live: bool) -> None:
        """Whether it shall run when the server starts."""
        with self._lock:
            if live != self._row.live or self._in_doubt:
                self._commit(self._records, Diff(), None, live, self._in_doubt and self.problem is None)

    def write_document(self) -> None:
        """Write the text of the document anew, where changes stand beside it."""
        with self._lock:
            if self._pending and self.problem is None:
                self._commit(self._records, Diff(), None, None, True)

    def replace(self, records: Mapping[str, AnyRecord], entry: NewEntry) -> Heads:
        """As `commit`, also of a stored document that does not load: it is kept in `kept_documents`, and undo does not go back to it."""
        with self._lock:
            self._commit(records, entry.diff, entry, None, True, replaced=self.problem)
            return self.heads

    def delete(self) -> None:
        """Delete all that is known of it."""
        with self._lock:
            self._database.write(lambda connection: remove(connection, self.lab))

    def _commit(
        self, records: Mapping[str, AnyRecord], diff: Diff[AnyRecord], entry: Entry | None, live: bool | None, whole: bool,
        replaced: Problem | None = None,
    ) -> Heads:  # fmt: skip
        """`whole`: write the text of the document instead of the diff."""
        change = msgspec.json.encode(compact(diff)).decode() if diff and not whole else ""
        whole = whole or len(self._pending) >= PENDING_CHANGES or sum(self._pending) + len(change) > PENDING_BYTES
        text = text_of(self.lab, records) if whole and self.problem is replaced else None
        revision = self._row.revision + 1
        row = self._row._replace(live=self._row.live if live is None else live, revision=revision, committed_by=self._id)

        doubted = [self._in_doubt]

        def job(connection: Connection) -> tuple[_Row, Heads]:
            self._claim(connection)
            if doubted[-1]:
                self._mend(connection)
            doubted.append(True)  # done again, it was cut off at an unknown point
            if replaced is not None:
                self._keep(connection, replaced)
            counters, heads = entries.record(connection, self.lab, row.counters, self.heads, entry)
            if replaced is not None:
                counters, heads = counters._replace(undo_from=counters.newest + 1), Heads()
            written = row._replace(counters=counters)
            self._write(connection, written, text, change)
            return written, heads

        self._in_doubt = True
        try:
            self._row, self.heads = self._database.write(job)
        except ProblemError as e:
            self._in_doubt = doubted[0] or e.problem.code == Code.STORAGE
            raise
        self._in_doubt, self._records = False, records
        self._pending = [] if text is not None else [*self._pending, *([len(change)] if change else [])]
        self.problem = None if replaced is not None else self.problem
        return self.heads

    def _claim(self, connection: Connection) -> None:
        """Take the lab's row, which must be as this process left it. Raises ProblemError (CONFLICT)."""
        known = {"key": self.lab, "known_revision": self._row.revision, "by": self._row.committed_by, "me": self._id}
        if connection.execute(_CLAIM, known).rowcount == 0:
            message = f"lab {self.lab} was changed in the database by another server"
            raise ProblemError(Problem(code=Code.CONFLICT, message=message, hint="one server per database; start this one again"))

    def _write(self, connection: Connection, row: _Row, text: str | None, change: str) -> None:
        values = _columns(row) if text is None else {**_columns(row), "document": text}
        connection.execute(_UPDATE, {"key": self.lab, **values})
        if text is not None:
            connection.execute(delete(pending_changes).where(pending_changes.c.lab == self.lab))
        elif change:
            connection.execute(_INSERT_PENDING, {"lab": self.lab, "revision": row.revision, "diff": change})

    def _mend(self, connection: Connection) -> None:
        """Undo what a commit of unknown fate may have done to the history, and the diff that it may have left."""
        entries.mend(connection, self.lab, self._row.counters, self.heads)
        left = (pending_changes.c.lab == self.lab) & (pending_changes.c.revision > self._row.revision)
        connection.execute(delete(pending_changes).where(left))

    def _keep(self, connection: Connection, problem: Problem) -> None:
        """Put the document, as it is in the database, aside."""
        is_sqlite = connection.dialect.name == "sqlite"  # where it may be other bytes than UTF-8
        column = cast(labs.c.document, LargeBinary) if is_sqlite else labs.c.document
        found = connection.execute(select(column).where(labs.c.lab == self.lab)).scalar_one()
        keep_document(connection, self.lab, str(problem), found if isinstance(found, bytes) else found.encode())


def keep_document(connection: Connection, lab: str, reason: str, text: bytes) -> None:
    """Add a document that does not load to those that are kept."""
    own = kept_documents.c.lab == lab
    number = (connection.execute(select(func.max(kept_documents.c.number)).where(own)).scalar() or 0) + 1
    connection.execute(insert(kept_documents).values(lab=lab, number=number, at=now(), reason=reason, document=text))
    connection.execute(delete(kept_documents).where(own, kept_documents.c.number <= number - KEPT_DOCUMENTS))


def remove(connection: Connection, lab: str) -> None:
    """Delete a lab with all that belongs to it (ON DELETE CASCADE)."""
    connection.execute(delete(labs).where(labs.c.lab == lab))


def _columns(row: _Row) -> dict[str, object]:
    return {"live": row.live, "revision": row.revision, "committed_by": row.committed_by, **row.counters._asdict()}
