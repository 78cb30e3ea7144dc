"""What folding a fact costs the server, in labs of 10, 100 and 1,000 namespaces, measured in turn: it must not grow with the lab.

All times are processor time of this process.
"""

import math
import statistics
import time
from collections.abc import Callable, Iterable

from tests.bench.many import facts_of_star
from topology.observe import facts as f
from topology.observe.observed import Observed

SIZES = (10, 100, 1000)
ROUNDS = 400
SNAPSHOTS = 3
"""Of which the best counts."""
GOAL = 1.5
"""A fact in the largest lab costs at most so many times what it costs in the smallest."""
ROUTES = (1000, 10_000)
_FACTS: dict[str, Callable[[int], f.AnyFact]] = {
    "counters": lambda n: f.CountersFact(ns="n7", at=float(n), rows={2: f.Counters(rx_bytes=n)}),
    "address": lambda n: (f.AddressFact if n % 2 else f.AddressGone)(ns="n7", index=2, address="10.9.0.1/24"),
    "route": lambda n: (f.RouteFact if n % 2 else f.RouteGone)(ns="n7", to="10.8.0.0/16", via="10.0.0.9", index=2),
}


def seconds(lab: Observed, batches: Iterable[Iterable[f.AnyFact]]) -> float:
    """What it costs to fold these."""
    since = time.process_time()
    for facts in batches:
        lab.fold(facts)
    return time.process_time() - since


def run() -> None:
    """Print medians, ratios and verdicts."""
    labs, each = {}, dict.fromkeys(SIZES, math.inf)
    for _ in range(SNAPSHOTS):
        for size in SIZES:
            labs[size] = Observed({})
            each[size] = min(each[size], seconds(labs[size], [facts_of_star(size)]) / size)
    ratio = each[SIZES[-1]] / each[SIZES[1]]
    print(f"fold of a whole snapshot, for each namespace of {_table(each)}; {SIZES[-1]} / {SIZES[1]}: {ratio:.2f} ({_verdict(ratio)})")
    for what, fact in _FACTS.items():
        _fact(what, fact, labs)
    _routes()


def _fact(what: str, fact: Callable[[int], f.AnyFact], labs: dict[int, Observed]) -> None:
    times: dict[int, list[float]] = {size: [] for size in SIZES}
    for number in range(1, ROUNDS + 1):
        for size, lab in labs.items():
            times[size].append(seconds(lab, [[fact(number)]]))
    medians = {size: statistics.median(values) for size, values in times.items()}
    ratio = medians[SIZES[-1]] / medians[SIZES[0]]
    print(f"fold of a fact ({what}) among namespaces {_table(medians)}; {SIZES[-1]} / {SIZES[0]}: {ratio:.2f} ({_verdict(ratio)})")


def _routes() -> None:
    """Routes of one namespace, in one batch and one by one."""
    for together in (True, False):
        each = {}
        for count in ROUTES:
            lab = Observed({})
            lab.fold(facts_of_star(10))
            facts = [f.RouteFact(ns="n7", to=f"10.{n >> 8}.{n & 255}.0/24", via="10.0.0.9", index=2) for n in range(count)]
            each[count] = seconds(lab, [facts] if together else [[fact] for fact in facts]) / count
        ratio = each[ROUTES[-1]] / each[ROUTES[0]]
        print(f"routes {'in one batch' if together else 'one by one'}, each of {_table(each)}; {ROUTES[-1]} / {ROUTES[0]}: {ratio:.2f}")


def _table(times: dict[int, float]) -> str:
    return "  ".join(f"{size}: {value * 1e6:.0f} µs" for size, value in times.items())


def _verdict(ratio: float) -> str:
    return "as wanted" if ratio <= GOAL else f"more than {GOAL}"
