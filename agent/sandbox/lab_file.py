"""What is kept of a lab beside its socket, so that an agent that is started later, and the guard, find it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from topology.model.limits import Limits


class LabFile(msgspec.Struct, frozen=True):
    """What is kept of a lab in the run directory. `started` (clock ticks since boot) tells its process from a later one with the same pid;
    `number` chooses its uids."""

    pid: int
    started: int
    number: int
    limits: Limits = Limits()


def every(folder: Path) -> Iterator[tuple[str, LabFile]]:
    """The labs of a folder, by their ids, whether they run or not."""
    for path in sorted(folder.glob("*.json")):
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            yield path.stem, msgspec.json.decode(path.read_bytes(), type=LabFile)
