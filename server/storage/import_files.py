"""A state directory of the time before the database: its files are taken over in one transaction, and kept."""

import contextlib
import logging
from pathlib import Path

import msgspec
from sqlalchemy import Connection

from protocol.editing import Change
from server.storage import entries
from server.storage.archive import LabEntry, insert_lab
from server.storage.bounds import HISTORY_ENTRIES
from server.storage.labs import empty, keep_document, text_of
from server.storage.state_directory import sync
from server.storage.tokens import StoredToken, put_setting, put_token
from topology.model.names import is_lab_id

_log = logging.getLogger("vethboard.storage")
KEPT = "before-database"


def needed(state: Path) -> bool:
    """Whether there is anything to take over."""
    return any((state / name).exists() for name in ("labs", "token", "tokens.json"))


def take_over(connection: Connection, state: Path) -> None:
    """Labs with their histories, tokens, the administrator's token. Raises OSError, ProblemError."""
    for folder in sorted(state.glob("labs/*")):
        if folder.is_dir() and is_lab_id(folder.name):
            _take_lab(connection, folder)
    for token in _tokens(state / "tokens.json"):
        put_token(connection, token)
    with contextlib.suppress(FileNotFoundError):
        if text := (state / "token").read_text(errors="backslashreplace").strip():
            put_setting(connection, "token", text)


def _tokens(file: Path) -> list[StoredToken]:
    """None where the file is damaged, which then is only kept beside."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=list[StoredToken])
    except FileNotFoundError:
        return []
    except msgspec.MsgspecError as e:
        _log.error("%s: %s: its tokens are not taken over", file, e)
        return []


def put_aside(state: Path) -> None:
    """Rename what was taken over: `labs` is `labs.before-database` from now on."""
    for name in ("labs", "token", "tokens.json"):
        if (state / name).exists():
            (state / name).rename(_free(state / f"{name}.{KEPT}"))
    sync(state)


def _free(path: Path) -> Path:
    names = (path, *(path.with_name(f"{path.name}-{number}") for number in range(2, 1000)))
    return next(p for p in names if not p.exists())


def _take_lab(connection: Connection, folder: Path) -> None:
    lab = folder.name
    try:
        raw = (folder / "document.json").read_bytes()
    except FileNotFoundError:
        raw = text_of(lab, empty(lab)).encode()
    text = raw.decode("utf-8", "backslashreplace").replace("\0", "\\x00")
    changes = read_history(folder / "history.jsonl")
    live = (folder / "state").read_text(errors="backslashreplace").strip() == "live" if (folder / "state").exists() else False
    done_to = max((c.number for c in changes if not c.undone), default=0)
    insert_lab(connection, LabEntry(lab=lab, live=live, newest=max((c.number for c in changes), default=0), done_to=done_to), text, changes)
    if text.encode() != raw:
        keep_document(connection, lab, "it was no text in UTF-8", raw)


def read_history(file: Path) -> list[Change]:
    """The newest changes, oldest first, as they were in memory: a new edit ends what was undone before it, and a number that comes again
    replaces its change. A line that a crash cut off is passed over."""
    out: dict[int, Change] = {}
    with contextlib.suppress(FileNotFoundError), file.open("rb") as f:
        for line in f:
            change = entries.read(line)
            if change is None:
                continue
            if change.number not in out:
                out = {number: c for number, c in out.items() if not c.undone}
            out[change.number] = change
    return [out[number] for number in sorted(out)][-HISTORY_ENTRIES:]
