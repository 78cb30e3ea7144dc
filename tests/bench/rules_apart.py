"""The agent's part of loading and reading rules, beside the driver's own programs, in turn; run in namespaces of its own by `rules`.

Prints a JSON line: for each size the seconds of `iptables-restore` and of the agent's step, of `iptables-save -c` and of the agent's
reading with counters. All are started in the same way, from the same process.
"""

import json
import sys
import time
from collections.abc import Callable

from agent.apply import execute
from agent.filter import FilterWatch, driver
from agent.netlink.namespaces import Namespaces
from topology.model.netfilter import Driver
from topology.model.records import Chain, Namespace, Records, as_records
from topology.observe.facts import AnyFact
from topology.plan.table_plan import table_steps


def rules(count: int) -> tuple[str, ...]:
    """As a firewall has them."""
    return tuple(f"-s 10.{n // 65536}.{n // 256 % 256}.{n % 256}/32 -p tcp -m tcp --dport {n % 60000 + 1} -j ACCEPT" for n in range(count))


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


class Apart:
    def __init__(self, name: Driver) -> None:
        self.facts: list[AnyFact] = []
        self.namespaces = Namespaces()
        self.filters = FilterWatch(self.namespaces, driver(name, self.namespaces), self.facts.extend, lambda _seconds, _work: None)

    def records(self, of: tuple[str, ...]) -> Records:
        space, host = Namespace(name="ns0"), Namespace(name="host")
        if not of:
            return as_records(host, space)
        return as_records(host, space, Chain(namespace="ns0", family="ipv4", table="filter", name="INPUT", policy="ACCEPT", rules=of))

    def round(self, count: int) -> dict[str, float]:
        of = rules(count)
        place = self.namespaces.create("ns0")
        text = "\n".join(("*filter", *(f"-A INPUT {rule}" for rule in of), "COMMIT", ""))
        restore = timed(lambda: self.filters.driver.restore(place, "ipv4", text))
        save = timed(lambda: self.filters.driver.save(place, "ipv4", True, "filter"))
        self.namespaces.delete("ns0")
        self.namespaces.create("ns0")

        def load() -> None:
            """Planned and done."""
            steps = tuple(table_steps(wanted := self.records(of), have := self.records(()), {**wanted, **have}))
            assert execute(self.namespaces, steps, self.filters).problem is None

        step = timed(load)
        self.filters.catch_up(["ns0"])
        read = timed(lambda: self.filters.subscribe(["ns0"]))
        self.filters.subscribe([])
        self.namespaces.delete("ns0")
        return {"restore": restore, "step": step, "save": save, "read": read}


def main(name: Driver, sizes: list[int], rounds: int) -> None:
    apart = Apart(name)
    print(json.dumps({size: [apart.round(size) for _ in range(rounds)] for size in sizes}))


if __name__ == "__main__":
    main("nft" if sys.argv[1] == "nft" else "legacy", [int(n) for n in sys.argv[3:]], int(sys.argv[2]))
