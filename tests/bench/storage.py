"""What a durable edit costs in the database alone: a commit with its history entry, at labs of different sizes."""

import statistics
import tempfile
import time
from pathlib import Path

from server.storage import Storage
from tests.storage.edits import Editor
from topology.model.diff import between
from topology.model.records import Namespace

SIZES = (10, 100, 1000)
ROUNDS = 100


def run(url: str | None = None) -> None:
    """SQLite where the temporary directory is, or the database at `url`. Milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        storage = Storage.open(Path(folder, "state"), url)
        for size in SIZES:
            lab = Editor(storage.create(f"bench-{size}"))
            after = {**lab.records, **{f"namespace:x{n}": Namespace(name=f"x{n}") for n in range(size)}}
            lab.store.commit(after, between(lab.records, after))
            lab.records = after
            lab.store.write_document()
            seconds = []
            for number in range(ROUNDS):
                since = time.perf_counter()
                lab.add(f"n{number}")
                seconds.append(time.perf_counter() - since)
            since = time.perf_counter()
            lab.store.write_document()
            text = time.perf_counter() - since
            median, worst = statistics.median(seconds) * 1e3, sorted(seconds)[int(ROUNDS * 0.95)] * 1e3
            print(f"storage commit, {size:4} namespaces: {median:6.2f} ms (95 %: {worst:.2f} ms); the text anew: {text * 1e3:.1f} ms")
            lab.store.delete()
        storage.close()
