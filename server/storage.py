"""The state directory: documents, histories, which labs are to be live, the administrator's token. Only its owner can read it."""

import contextlib
import json
import os
import secrets
import shutil
from pathlib import Path

import msgspec

from protocol.public import Change
from topology.document import document
from topology.model import ids
from topology.model.kinds import FORMER_KEYS
from topology.model.names import is_lab_id, lab_id
from topology.model.problems import Problem, ProblemError
from topology.model.records import Lab, Records

MAX_HISTORY = 500
"""Changes of the history that are read back at a start."""


def write(path: Path, text: str, mode: int = 0o600) -> None:
    """Replace a file by this text, completely or not at all, also if the power fails."""
    temporary = path.with_name(f".{path.name}.new")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(fd, "w") as f:
        f.write(text)
        f.flush()
        os.fsync(f.fileno())
    temporary.replace(path)


def _with_new_keys(line: bytes) -> bytes:
    """A line of JSON with the keys that fields have today. In the text of a value a quote has a backslash, so only keys are found."""
    for old, new in FORMER_KEYS.items():
        line = line.replace(f'"{old}":'.encode(), f'"{new}":'.encode())
    return line


class LabFiles:
    """The files of one lab."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lab = folder.name

    def create(self) -> None:
        """Make the folder, if it is not there."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def load(self) -> tuple[Records, Problem | None]:
        """The document. Where it cannot be read: an empty lab and the problem; a copy of the file is kept as `document.broken.json`."""
        path = self.folder / "document.json"
        try:
            return document.load(path.read_bytes()), None
        except FileNotFoundError:
            return self._empty(), None
        except ProblemError as e:
            kept = self.folder / "document.broken.json"
            shutil.copyfile(path, kept)
            problem = msgspec.structs.replace(e.problem, hint=f"the file is kept as {kept.name}; the lab starts empty")
            return self._empty(), problem

    def _empty(self) -> Records:
        return document.load({"vethboard": 1, "name": self.lab, "namespaces": {"host": {}}})

    def save(self, records: Records) -> None:
        """Write the document."""
        lab = records.get(ids.LAB)
        named = {**records, ids.LAB: lab if isinstance(lab, Lab) else Lab(name=self.lab)}
        write(self.folder / "document.json", document.dump(named))

    def live(self) -> bool:
        """Whether the lab is to be live: it was started and not stopped since."""
        try:
            return (self.folder / "state").read_text() == "live"
        except FileNotFoundError:
            return False

    def set_live(self, live: bool) -> None:
        """Write whether the lab is to be live."""
        write(self.folder / "state", "live" if live else "stopped")

    def history(self) -> list[Change]:
        """The last `MAX_HISTORY` changes, oldest first, as they were in memory. A new edit drops what was undone before it.

        A line that a crash cut off is skipped.
        """
        out: dict[int, Change] = {}
        with contextlib.suppress(FileNotFoundError), (self.folder / "history.jsonl").open("rb") as f:
            for line in f:
                with contextlib.suppress(msgspec.MsgspecError):
                    change = msgspec.json.decode(_with_new_keys(line), type=Change)
                    if change.number not in out:
                        out = {number: c for number, c in out.items() if not c.undone}
                    out[change.number] = change
        return [out[number] for number in sorted(out)][-MAX_HISTORY:]

    def append(self, changes: list[Change]) -> None:
        """Write changes to the history. One whose number is there already replaces it."""
        with (self.folder / "history.jsonl").open("a+b") as f:
            if f.seek(0, os.SEEK_END):
                f.seek(-1, os.SEEK_END)
                if f.read(1) != b"\n":  # a crash cut the last line off: the next one must not be appended to it
                    f.write(b"\n")
            f.writelines(msgspec.json.encode(change) + b"\n" for change in changes)

    def delete(self) -> None:
        """Delete all files of the lab."""
        shutil.rmtree(self.folder, ignore_errors=True)


class Storage:
    """The state directory as a whole."""

    def __init__(self, state: Path) -> None:
        self.state = state
        (state / "labs").mkdir(mode=0o700, parents=True, exist_ok=True)

    def labs(self) -> list[str]:
        """The ids of all labs, sorted."""
        return sorted(p.name for p in (self.state / "labs").iterdir() if p.is_dir() and is_lab_id(p.name))

    def lab(self, lab: str) -> LabFiles:
        """The files of a lab. Raises ProblemError where `lab` is no id."""
        return LabFiles(self.state / "labs" / lab_id(lab))

    def token(self) -> str:
        """The administrator's token: made once and kept, so that an open browser can reconnect after a restart."""
        path = self.state / "token"
        with contextlib.suppress(FileNotFoundError):
            if text := path.read_text().strip():
                return text
        token = secrets.token_urlsafe(24)
        write(path, token)
        return token

    def announce(self, url: str, token: str) -> None:
        """Write `server.json`, by which the command line finds this server."""
        write(self.state / "server.json", json.dumps({"url": url, "token": token, "pid": os.getpid()}))

    def retract(self) -> None:
        """Remove `server.json`: the server ends."""
        (self.state / "server.json").unlink(missing_ok=True)
