"""The power fails in the middle of a commit of SQLite: what was acknowledged is there, and the file opens.

The writer is stopped at random points and its files are copied: that is what a kill leaves. Of what was written after the last
acknowledged commit, and not synced yet, a disk may then have any of the sectors, or none: such files are made of the copies.
"""

import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

from server.storage import Storage
from tests.storage import children
from tests.storage.edits import Editor, names

SECTOR = 512
HEADER, FRAME_HEADER, PAGE = 32, 24, 4096
"""Of the write-ahead log (https://sqlite.org/fileformat2.html#the_write_ahead_log)."""
CUTS, TORN = int(os.environ.get("VETHBOARD_POWER_CUTS", "8")), 2


def _edits(state: Path) -> Callable[[Callable[[str], None]], None]:
    def run(say: Callable[[str], None]) -> None:
        lab = Editor(Storage.open(state).lab("one"))
        for number in range(100_000):
            lab.add(f"n{number}")
            say(f"n{number}")
            if number % 9 == 8:
                lab.store.write_document()
            if number % 40 == 39:
                lab.store._database.read(lambda c: c.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)").all())

    return run


def _commits(log: bytes) -> list[int]:
    """Where the transactions of a write-ahead log end: a frame that ends one has the size of the database in its header, and all that are
    valid have the salt of the log."""
    out, at = [], HEADER
    while at + FRAME_HEADER <= len(log) and log[at + 8 : at + 16] == log[16:24]:
        at, ends = at + FRAME_HEADER + PAGE, log[at + 4 : at + 8] != b"\0\0\0\0"
        out += [at] if ends else []
    return out


def _torn(log: bytes, begin: int, rng: random.Random) -> bytes:
    """The log; each sector behind `begin` is there, or zeros, or noise, or the end is missing."""
    out = bytearray(log[:begin])
    for at in range(begin, len(log), SECTOR):
        sector = log[at : at + SECTOR]
        out += rng.choice((sector, sector, bytes(len(sector)), rng.randbytes(len(sector))))
    return bytes(out[: rng.randrange(begin, len(log) + 1)] if rng.random() < 0.3 else out)


def _found(folder: Path) -> set[str]:
    storage = Storage.open(folder)
    found = names(storage.lab("one").load().records)
    storage.close()
    return found


def test_the_power_fails(tmp_path: Path, seed: int) -> None:
    rng, state = random.Random(seed), tmp_path / "state"
    storage = Storage.open(state)
    storage.create("one")
    storage.close()
    pid, read = children.fork(_edits(state))
    os.set_blocking(read, False)
    told, torn = b"", 0
    try:
        for cut in range(CUTS):
            time.sleep(rng.random() * 0.05)
            os.kill(pid, signal.SIGSTOP)
            os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOWAIT)
            copy = tmp_path / f"cut{cut}"
            shutil.copytree(state, copy, ignore=shutil.ignore_patterns("*-shm"))
            while piece := _piece(read):
                told += piece
            os.kill(pid, signal.SIGCONT)
            acknowledged = set(told.decode().split("\n")[:-1])
            torn += _check(copy, acknowledged, tmp_path, rng)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(read)
    assert torn > 0, "no cut came between the log and its commit"


def _piece(read: int) -> bytes:
    try:
        return os.read(read, 1 << 16)
    except BlockingIOError:
        return b""


def _check(copy: Path, acknowledged: set[str], folder: Path, rng: random.Random) -> int:
    """Check the copy, and what else the disk might have; how many of those there were."""
    log = (copy / "vethboard.db-wal").read_bytes() if (copy / "vethboard.db-wal").exists() else b""
    original = folder / "original"
    shutil.copytree(copy, original)
    found = _found(copy)
    assert acknowledged <= found, sorted(acknowledged - found)
    ends, torn = _commits(log), 0
    begin = (ends[-1:] if found <= acknowledged else ends[-2:-1]) or [HEADER]
    for _ in range(TORN if begin[0] < len(log) and ends else 0):
        shutil.rmtree(copy)
        shutil.copytree(original, copy)
        (copy / "vethboard.db-wal").write_bytes(_torn(log, begin[0], rng))
        again = _found(copy)
        assert acknowledged <= again, sorted(acknowledged - again)
        torn += 1
    shutil.rmtree(copy)
    shutil.rmtree(original)
    return torn
