"""Backups: a compressed tar of JSON that SQLite and PostgreSQL both make and take.

backup.json              {"vethboard-backup": 1, "at": …}
tokens.json              tokens of labs, as digests; the administrator's token is not in it
labs/ID/lab.json         `LabEntry`
labs/ID/document.json    the document, as `vethboard export` prints it
labs/ID/history.jsonl    its history, an entry a line, the oldest first
"""

import gzip
import io
import tarfile
import time
import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple
from uuid import uuid4

import msgspec
from sqlalchemy import Connection, insert, select

from protocol.editing import Change
from server.clock import now
from server.storage import entries
from server.storage.labs import parse, remove, text_of
from server.storage.mended import lab_names
from server.storage.tables import history, labs, pending_changes
from server.storage.tokens import StoredToken, delete_tokens, put_token, read_tokens
from topology.model.names import lab_id
from topology.model.problems import Code, Problem, ProblemError, invalid

VERSION = 1


class LabEntry(msgspec.Struct, frozen=True, kw_only=True):
    """`lab.json`; the numbers are those of the table `labs`."""

    lab: str
    live: bool
    newest: int
    done_to: int
    undo_from: int = 0


class _Head(msgspec.Struct, frozen=True, kw_only=True, rename={"version": "vethboard-backup"}):
    version: int
    at: str


class ArchivedLab(NamedTuple):
    """A lab of a backup."""

    entry: LabEntry
    document: str
    changes: list[Change]


class Archive(NamedTuple):
    """A backup that was read."""

    labs: dict[str, ArchivedLab]
    tokens: list[StoredToken]


def write(connection: Connection, file: BinaryIO) -> None:
    """All labs and tokens, compressed. The connection must see one state throughout."""
    with tarfile.open(fileobj=file, mode="w:gz", compresslevel=3) as tar:
        _add(tar, "backup.json", msgspec.json.encode(_Head(version=VERSION, at=now())))
        _add(tar, "tokens.json", msgspec.json.encode(read_tokens(connection)))
        for row in connection.execute(select(labs).order_by(labs.c.lab)).all():
            if not lab_names([row.lab]):
                continue
            entry = LabEntry(lab=row.lab, live=row.live, newest=row.newest, done_to=row.done_to, undo_from=row.undo_from)
            _add(tar, f"labs/{row.lab}/lab.json", msgspec.json.encode(entry))
            _add(tar, f"labs/{row.lab}/document.json", _document(connection, row.lab, row.document).encode())
            _add(tar, f"labs/{row.lab}/history.jsonl", b"".join(_history(connection, row.lab)))


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = len(data), 0o600, int(time.time())
    tar.addfile(info, io.BytesIO(data))


def _document(connection: Connection, lab: str, text: str) -> str:
    """The document's text with its pending changes applied; the text unchanged where it cannot be read."""
    query = select(pending_changes.c.diff).where(pending_changes.c.lab == lab).order_by(pending_changes.c.revision)
    diffs = list(connection.execute(query).scalars())
    if not diffs:
        return text
    try:
        return text_of(lab, parse(text, diffs))
    except ProblemError:
        return text


def _history(connection: Connection, lab: str) -> Iterator[bytes]:
    for text in connection.execute(select(history.c.entry).where(history.c.lab == lab).order_by(history.c.number)).scalars():
        yield text.encode() + b"\n"


def read(file: BinaryIO) -> Archive:
    """Raises ProblemError for what is no backup, or one of a newer version."""
    try:
        with gzip.GzipFile(fileobj=file, mode="rb") as whole, tarfile.open(fileobj=whole, mode="r:") as tar:
            files = {m.name: f.read() for m in tar if m.isfile() and (f := tar.extractfile(m)) is not None}
            while whole.read(1 << 16):  # to its checksum
                pass
        _check_version(files)
        found: dict[str, ArchivedLab] = {}
        for name in files:
            if name.endswith("/lab.json"):
                lab = _lab(files, name.removesuffix("lab.json"))
                found[lab.entry.lab] = lab
        return Archive(found, msgspec.json.decode(files["tokens.json"], type=list[StoredToken]))
    except (tarfile.TarError, zlib.error, EOFError, OSError, KeyError, UnicodeDecodeError, msgspec.MsgspecError) as e:
        raise invalid(f"it is no backup of Vethboard: {e}", None, "vethboard backup FILE makes one") from None


def _check_version(files: dict[str, bytes]) -> None:
    version = msgspec.json.decode(files["backup.json"], type=_Head).version
    if version > VERSION:
        message = f"the backup was made by a newer Vethboard (version {version} of its format)"
        raise ProblemError(Problem(code=Code.VERSION, message=message, hint="restore it with that one"))


def _lab(files: dict[str, bytes], folder: str) -> ArchivedLab:
    entry = msgspec.json.decode(files[f"{folder}lab.json"], type=LabEntry)
    lab_id(entry.lab)
    changes = (entries.read(line) for line in files[f"{folder}history.jsonl"].splitlines())
    return ArchivedLab(entry, files[f"{folder}document.json"].decode(), [c for c in changes if c is not None])


def restore(connection: Connection, archive: Archive, replace: bool) -> None:
    """Its labs and their tokens; other labs stay. Raises ProblemError (EXISTS) where one is there and shall not be replaced."""
    there = set(connection.execute(select(labs.c.lab)).scalars()) & archive.labs.keys()
    if there and not replace:
        hint = "--replace puts those of the backup in their place"
        raise ProblemError(Problem(code=Code.EXISTS, message=f"there are labs of these names: {', '.join(sorted(there))}", hint=hint))
    for lab in archive.labs.values():
        remove(connection, lab.entry.lab)
        delete_tokens(connection, lab.entry.lab, None)
        insert_lab(connection, lab.entry, lab.document, lab.changes)
    for token in archive.tokens:
        if token.lab in archive.labs:
            put_token(connection, token)


def insert_lab(connection: Connection, entry: LabEntry, text: str, changes: Iterable[Change]) -> None:
    """A lab as somebody else kept it."""
    connection.execute(insert(labs).values(document=text, revision=0, committed_by=uuid4().hex, **msgspec.to_builtins(entry)))
    for change in changes:
        entries.put(connection, entry.lab, change)
