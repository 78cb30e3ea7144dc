"""A bulk TCP transfer in a lab, as iperf3(1) measures it, and what something costs it.

Both ends run on one core, which the transfer fills: left to the scheduler, which cores they and the softirqs get changes the rate by
more than what is measured. So the rate falls by as much as the CPU time of a bit rises. Each transfer beside something is compared with
the transfers without it just before and just after.
"""

import itertools
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import NamedTuple

from protocol.public import Exec, Exited, Output
from tests.support import Stack

SECONDS = 1


class Rate(NamedTuple):
    """`bits`: a second. `cost`: seconds of CPU a Gbit."""

    bits: float
    cost: float


class Bulk(NamedTuple):
    """From one namespace of a lab to the address of another."""

    stack: Stack
    lab: str
    sender: str
    receiver: str
    address: str

    def transfer(self) -> Rate:
        """One connection."""
        core = str(max(os.sched_getaffinity(0)))
        out = bytearray()
        with self.stack.client() as receiver, self.stack.client() as sender:
            receiver.send(Exec(id="r", lab=self.lab, namespace=self.receiver, argv=("iperf3", "-s", "-1", "-A", core)))
            time.sleep(0.2)
            argv = ("iperf3", "-c", self.address, "-A", core, "-t", str(SECONDS), "-O", "0.2", "-J")
            done = sender.request(
                Exec(id="s", lab=self.lab, namespace=self.sender, argv=argv),
                lambda one: out.extend(one.data) if isinstance(one, Output) else None,
            )
            assert isinstance(done, Exited)
            assert done.code == 0, out
            receiver.wait("r")
        end = json.loads(out)["end"]
        bits = float(end["sum_received"]["bits_per_second"])
        cpu = end["cpu_utilization_percent"]
        return Rate(bits, (cpu["host_total"] + cpu["remote_total"]) / 100 / (bits / 1e9))

    def compare(self, beside: Mapping[str, Callable[[], AbstractContextManager[object]]], rounds: int) -> Iterator[str]:
        """In turns: without, with the first, without, with the second, without, … Lines of a table: medians, and quartiles."""
        self.transfer()
        plain = [self.transfer()]
        found: dict[str, list[Rate]] = {name: [] for name in beside}
        for _ in range(rounds):
            for name, opened in beside.items():
                with opened():
                    time.sleep(0.2)
                    rate = self.transfer()
                plain.append(self.transfer())
                before, after = plain[-2:]
                found[name].append(Rate(rate.bits * 2 / (before.bits + after.bits), rate.cost * 2 / (before.cost + after.cost)))
        pairs = [Rate(b.bits / a.bits, b.cost / a.cost) for a, b in itertools.pairwise(plain)]
        yield f"  alone                     {statistics.median(r.bits for r in plain) / 1e9:5.1f} Gbit/s"
        for name, rates in {"alone, twice": pairs, **found}.items():
            low, middle, high = statistics.quantiles([r.bits for r in rates], n=4)
            cost = statistics.median(r.cost for r in rates)
            yield f"  {name:<24} {middle:6.2f} × the rate ({low:.2f}–{high:.2f}), {cost:5.2f} × the CPU time of a bit"
