"""The user ids of labs: each has a range of its own, also beside the labs of other agents on this kernel."""

import contextlib
import hashlib
from collections.abc import Iterable
from itertools import count
from pathlib import Path

FIRST_UID, UIDS = 0x4000_0000, 65536
"""Far above those of users and of /etc/subuid."""

RANGES = (0xFFFF_0000 - FIRST_UID) // UIDS


def base(number: int) -> int:
    """The id outside of the lab's root."""
    return FIRST_UID + number * UIDS


def free(instance: str, numbers: Iterable[int], taken: Iterable[int]) -> int:
    """A range that none of these has. Each `instance` begins elsewhere: agents that cannot see each other's processes should not meet."""
    used = {*numbers, *taken}
    first = int(hashlib.sha256(instance.encode()).hexdigest()[:8], 16)
    return next(number for n in count() if (number := (first + n) % RANGES) not in used)


def taken(processes: Path = Path("/proc")) -> set[int]:
    """The ranges in which a process that is seen here has its id."""
    found = set()
    for status in processes.glob("[0-9]*/status"):
        with contextlib.suppress(OSError, StopIteration, ValueError):
            line = next(line for line in status.read_text(errors="replace").splitlines() if line.startswith("Uid:"))
            found.add((int(line.split()[1]) - FIRST_UID) // UIDS)
    return found
