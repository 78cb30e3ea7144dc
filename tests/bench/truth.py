"""Whether what is said of a packet is so: the figures of `script/fuzz-journeys`, against the goals."""

from datetime import UTC, datetime
from os import environ

from tests.fuzz.figures import measure


def run(labs: int) -> None:
    """Print the table."""
    seed = int(environ.get("VETHBOARD_SEED", f"{datetime.now(UTC):%Y%m%d}"))
    print(f"\nverdicts, causes and predictions against sockets, captures and counters (seed {seed})")
    for line in measure(seed, rounds=labs).table():
        print(line)
