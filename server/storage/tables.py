"""The tables. What a column means is said here; how they came to be, in `migrations/`."""

from sqlalchemy import BigInteger, Boolean, Column, Dialect, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.types import TypeDecorator

metadata = MetaData()


def as_text(stored: str | bytes) -> str:
    """What is no UTF-8 with backslashes: it then does not load, and nothing else fails."""
    return stored if isinstance(stored, str) else stored.decode("utf-8", "backslashreplace")


class _Json(TypeDecorator[str]):
    """Text that is read as text also where a column of SQLite holds a blob (readfile() of its shell makes one)."""

    impl = Text
    cache_ok = True

    def process_result_value(self, value: str | bytes | None, _dialect: Dialect) -> str | None:
        """As SQLAlchemy asks for it."""
        return None if value is None else as_text(value)


def _lab_column() -> Column[str]:
    return Column("lab", Text, ForeignKey("labs.lab", ondelete="CASCADE"), primary_key=True)


labs = Table(
    "labs", metadata,
    Column("lab", Text, primary_key=True),
    Column("live", Boolean, nullable=False),  # it shall run when the server starts
    Column("document", _Json, nullable=False),  # JSON as `vethboard export` prints it; `pending_changes` come on top
    Column("revision", BigInteger, nullable=False),  # counts the commits
    Column("committed_by", Text, nullable=False),  # id of the server process that committed last
    Column("newest", BigInteger, nullable=False),  # number of the newest entry that the history ever had
    Column("done_to", BigInteger, nullable=False),  # entries with a greater number are undone
    Column("undo_from", BigInteger, nullable=False),  # entries with a smaller number belong to a document that was replaced
)  # fmt: skip
"""One row per lab."""

pending_changes = Table(
    "pending_changes", metadata,
    _lab_column(),
    Column("revision", BigInteger, primary_key=True, autoincrement=False),
    Column("diff", _Json, nullable=False),  # JSON of `topology.model.diff.Diff`
)  # fmt: skip
"""What changed in a document since its text was written, in the order of `revision`."""

history = Table(
    "history", metadata,
    _lab_column(),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("size", Integer, nullable=False),  # bytes of `entry`
    Column("entry", _Json, nullable=False),  # JSON of `protocol.editing.Change`
    Index("history_sizes", "lab", "number", "size"),
)  # fmt: skip

kept_documents = Table(
    "kept_documents", metadata,
    _lab_column(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("document", LargeBinary, nullable=False),
)  # fmt: skip
"""Documents that did not load, byte for byte."""

tokens = Table(
    "tokens", metadata,
    Column("lab", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("made", Text, nullable=False),  # UTC, RFC 3339
    Column("digest", Text, nullable=False),  # SHA-256 of the token, in hexadecimal
    Column("terminals", Boolean, nullable=False),
)  # fmt: skip

settings = Table("settings", metadata, Column("name", Text, primary_key=True), Column("value", Text, nullable=False))
