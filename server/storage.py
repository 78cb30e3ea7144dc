"""What outlives the server: documents, histories, which labs were live, the token. One directory, readable by its owner only."""

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
from topology.model.problems import Problem, ProblemError, invalid
from topology.model.records import Lab, Records

KEEP = 500
"""Changes of the history that are read back at a start."""


def check_id(lab: str) -> str:
    """A lab's name is an id everywhere: in paths, in addresses, as the lab's host name."""
    if not ids.LAB_NAME.fullmatch(lab):
        raise invalid(f'"{lab}" cannot be the name of a lab', None, "1 to 40 lower-case letters, digits and -")
    return lab


def write(path: Path, text: str, mode: int = 0o600) -> None:
    """All of it or nothing, also when the power fails."""
    beside = path.with_name(f".{path.name}.new")
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(fd, "w") as f:
        f.write(text)
        f.flush()
        os.fsync(f.fileno())
    beside.replace(path)


class LabFiles:
    """The files of one lab."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lab = folder.name

    def create(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def load(self) -> tuple[Records, Problem | None]:
        """The document, or an empty lab and what is wrong with the file (which is kept beside)."""
        path = self.folder / "document.json"
        try:
            return document.load(path.read_bytes()), None
        except FileNotFoundError:
            return document.load({"vethboard": 1, "name": self.lab, "namespaces": {"host": {}}}), None
        except ProblemError as e:
            kept = self.folder / "document.broken.json"
            shutil.copyfile(path, kept)
            problem = msgspec.structs.replace(e.problem, hint=f"the file is kept as {kept.name}; the lab starts empty")
            return document.load({"vethboard": 1, "name": self.lab, "namespaces": {"host": {}}}), problem

    def save(self, records: Records) -> None:
        lab = records.get("lab:")
        named = {**records, "lab:": lab if isinstance(lab, Lab) else Lab(name=self.lab)}
        write(self.folder / "document.json", document.dump(named))

    def live(self) -> bool:
        """Whether it was live when the server last knew."""
        try:
            return (self.folder / "state").read_text() == "live"
        except FileNotFoundError:
            return False

    def set_live(self, live: bool) -> None:
        write(self.folder / "state", "live" if live else "stopped")

    def history(self) -> list[Change]:
        """The newest changes, oldest first, as they were in memory: a new edit ends what was undone before it.

        A line that a crash cut off is passed over.
        """
        out: dict[int, Change] = {}
        with contextlib.suppress(FileNotFoundError), (self.folder / "history.jsonl").open("rb") as f:
            for line in f:
                with contextlib.suppress(msgspec.MsgspecError):
                    change = msgspec.json.decode(line, type=Change)
                    if change.number not in out:
                        out = {number: c for number, c in out.items() if not c.undone}
                    out[change.number] = change
        return [out[number] for number in sorted(out)][-KEEP:]

    def append(self, changes: list[Change]) -> None:
        """A number that comes again replaces its change."""
        with (self.folder / "history.jsonl").open("a+b") as f:
            if f.seek(0, os.SEEK_END):
                f.seek(-1, os.SEEK_END)
                if f.read(1) != b"\n":  # a crash cut the last line off: the next must not join it
                    f.write(b"\n")
            f.writelines(msgspec.json.encode(change) + b"\n" for change in changes)

    def delete(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


class Storage:
    """The state directory."""

    def __init__(self, state: Path) -> None:
        self.state = state
        (state / "labs").mkdir(mode=0o700, parents=True, exist_ok=True)

    def labs(self) -> list[str]:
        return sorted(p.name for p in (self.state / "labs").iterdir() if p.is_dir() and ids.LAB_NAME.fullmatch(p.name))

    def lab(self, lab: str) -> LabFiles:
        return LabFiles(self.state / "labs" / check_id(lab))

    def token(self) -> str:
        """The same at each start, so that an open browser comes back by itself."""
        path = self.state / "token"
        with contextlib.suppress(FileNotFoundError):
            if text := path.read_text().strip():
                return text
        token = secrets.token_urlsafe(24)
        write(path, token)
        return token

    def announce(self, url: str, token: str) -> None:
        """How the command line finds this server."""
        write(self.state / "server.json", json.dumps({"url": url, "token": token, "pid": os.getpid()}))

    def retract(self) -> None:
        (self.state / "server.json").unlink(missing_ok=True)
