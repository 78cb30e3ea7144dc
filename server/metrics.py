"""What is counted and measured, for Prometheus. One `Metrics` for each server object: nothing is global.

No label has a value that a client or a lab chooses: the number of time series is fixed.
"""

from collections.abc import Iterable
from typing import Literal, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from protocol.public import Answer
from topology.model.problems import Code

Peer = Literal["client", "lab"]
Restarted = Literal["agent-link", "lab-link", "lab-process"]

_QUICK = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
_SLOW = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
"""Upper bounds in seconds."""


class Metrics:
    """The instruments. `registry` holds them, for a scrape."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=registry)

        def counter(name: str, text: str, label: str, values: Iterable[str]) -> Counter:
            """With all its series from the beginning, at 0."""
            made = Counter(f"vethboard_{name}", text, [label], registry=registry)
            for value in values:
                made.labels(value)
            return made

        def histogram(name: str, text: str, bounds: tuple[float, ...]) -> Histogram:
            return Histogram(f"vethboard_{name}_seconds", text, registry=registry, buckets=bounds)

        self.apply = histogram("apply", "From the steps of an edit to the answer of the lab", _SLOW)
        self.fold = histogram("fold", "To take in one report of a lab, and to publish what it changes", _QUICK)
        self.commit = histogram("storage_commit", "One transaction, until it is on disk", _QUICK)
        self.edits = counter("edits", "Edits that people and programs asked for", "result", ("done", "refused"))
        self.refusals = counter("refusals", "Answers with a problem", "code", Code)
        self.restarts = counter("restarts", "Connections made again, and lab processes started again", "what", get_args(Restarted))
        self._has_agent = False
        reasons = ("total", "address", "time", "size")
        self.refused_connections = counter("refused_connections", "Connections that were closed before a login", "reason", reasons)
        self.connections = Gauge("vethboard_connections", "TCP connections of clients", registry=registry)
        self.slow_clients = Counter("vethboard_slow_clients", "Clients that were cut off with too much waiting for them", registry=registry)
        self._commits = counter("storage_commits", "Transactions that write", "result", ("done", "failed"))
        self.commits = {True: self._commits.labels("done"), False: self._commits.labels("failed")}
        self._bytes = Counter("vethboard_bytes", "Payloads of messages", ["peer", "direction"], registry=registry)
        self.received = {peer: self._bytes.labels(peer, "in") for peer in get_args(Peer)}
        self.sent = {peer: self._bytes.labels(peer, "out") for peer in get_args(Peer)}

    def refused(self, reason: str) -> None:
        """A connection was closed before its client had logged in: `total`, `address`, `time`, `size`."""
        self.refused_connections.labels(reason).inc()

    def agent_connected(self) -> None:
        """A connection to the agent was made; all but the first are counted."""
        if self._has_agent:
            self.restarts.labels("agent-link").inc()
        self._has_agent = True

    def answered(self, answer: Answer) -> None:
        """A request was answered."""
        if answer.problem is not None:
            self.refusals.labels(answer.problem.code).inc()

    def committed(self, seconds: float, is_done: bool) -> None:
        """A transaction has ended."""
        self.commit.observe(seconds)
        self.commits[is_done].inc()
