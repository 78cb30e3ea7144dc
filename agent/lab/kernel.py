"""The lab's view of its kernel: the namespaces, what is watched in them, and steps applied to them."""

import asyncio
import time
from collections.abc import Callable, Iterable

import msgspec

from agent.apply import Undo, execute
from agent.apply.execute import Outcome, touched
from agent.filter import ConntrackWatch, FilterWatch, driver
from agent.netlink.namespaces import Namespaces, Netns
from agent.netlink.sysctls import Sysctls
from agent.netlink.watch import Watch
from protocol import private as p
from topology.model.netfilter import Driver
from topology.model.problems import Problem
from topology.model.sysctls import KEYS
from topology.observe.facts import AnyFact, Resync, SysctlFact
from topology.plan.steps import ChangeTable

BULK_STEPS = 64
"""An apply of more steps pauses the watch, and reads the namespaces that it changed afterwards."""
POLL_SECONDS = 1.0
POLL_SHARE = 0.1
"""How much of the lab's time may go into polling: with very many namespaces it is done less often."""

OnFacts = Callable[[tuple[AnyFact, ...]], None]


class Kernel:
    """Made on the running loop, which then reports facts to `on_facts`: all of the lab first, then each change."""

    def __init__(self, firewall: Driver, on_facts: OnFacts) -> None:
        self._on_facts = on_facts
        self.fresh = True
        """Whether no steps were ever applied."""
        self.namespaces = Namespaces()
        self._watch = Watch(self.namespaces, self.report)
        self.filters = FilterWatch(self.namespaces, driver(firewall, self.namespaces), self._send)
        self._connections = ConntrackWatch(self.namespaces, self._send)
        self._subscription = p.Subscribe(id=0, namespaces=())
        self.baseline = self._read_baseline()
        """The sysctls of a namespace in which none was set."""
        self._watch.start()
        for fd, callback in {**self._watch.readers(), self.filters.fileno(): self.filters.on_event}.items():
            asyncio.get_running_loop().add_reader(fd, callback)

    def _read_baseline(self) -> dict[str, str]:
        reader = Sysctls(self.namespaces, KEYS)
        try:
            return {fact.key: fact.value for fact in reader.read([self.namespaces.watch])}
        finally:
            reader.close()

    # ---- facts -------------------------------------------------------------------------------------------------------

    def report(self, facts: list[AnyFact]) -> None:
        """Report facts of the netlink watch, of terminals or of captures. With a namespace that is reported in full, its rules are."""
        self._send([*facts, *self.filters.rules_beside(facts)])

    def _send(self, facts: list[AnyFact]) -> None:
        whole = {fact.ns for fact in facts if isinstance(fact, Resync)}
        self._on_facts(self._without_baseline(facts, whole))

    def _without_baseline(self, facts: list[AnyFact], whole: set[str]) -> tuple[AnyFact, ...]:
        """Whoever reads the facts knows the baseline: of a namespace that is reported in full, sysctls with that value are left out."""

        def is_known(fact: AnyFact) -> bool:
            return isinstance(fact, SysctlFact) and fact.ns in whole and self.baseline.get(fact.key) == fact.value

        return tuple(fact for fact in facts if not is_known(fact))

    def everything(self) -> tuple[AnyFact, ...]:
        """All facts of the lab's kernel, for a client that is new."""
        self.catch_up()
        facts = self._snapshot()
        return self._without_baseline(facts, {fact.ns for fact in facts})

    def catch_up(self) -> None:
        """Report all that the kernel has done so far."""
        self._watch.barrier()
        self.filters.catch_up()

    def _snapshot(self) -> list[AnyFact]:
        return [*self._watch.snapshot(), *self.filters.snapshot()]

    def _read_now(self) -> list[AnyFact]:
        self.catch_up()
        return self._snapshot()

    # ---- what has no event -------------------------------------------------------------------------------------------

    def subscribe(self, wanted: p.Subscribe) -> None:
        """Report counters, processes, learned entries and connections of these namespaces from now on, and of no others."""
        self._subscription = wanted
        self._watch.subscribe([name for name in wanted.namespaces if name in self.namespaces])
        self.filters.subscribe(wanted.filters)
        self._connections.subscribe(wanted.conntrack)

    def poll(self) -> float:
        """Report what changed without an event; how many seconds the next poll should wait."""
        self._watch.poll()
        began = time.monotonic()
        self.filters.refresh()
        self._connections.refresh()
        self._send(self._counters_and_processes())
        return max(POLL_SECONDS, (time.monotonic() - began) / POLL_SHARE)

    def _counters_and_processes(self) -> list[AnyFact]:
        inspected = self._present(self._subscription.namespaces)
        if inspected:
            self._watch.refresh([netns.name for netns in inspected])
        counted = self._present(name for name in self._subscription.traffic if name not in self._subscription.namespaces)
        reader = self._watch.reader
        return [*(reader.counters(netns) for netns in (*inspected, *counted)), *(reader.processes(netns) for netns in inspected)]

    def _present(self, names: Iterable[str]) -> list[Netns]:
        return [self.namespaces[name] for name in names if name in self.namespaces]

    # ---- apply -------------------------------------------------------------------------------------------------------

    def apply(self, request: p.Apply) -> p.Applied:
        """Do the steps, or leave everything as it was. What they changed is reported before this returns."""
        self.fresh = False
        undo = Undo(self.baseline, self._read_now())
        outcome = self._execute(request)
        problem = outcome.problem
        if problem is not None and outcome.failed is not None:
            not_undone = undo.back(self.namespaces, self.filters, request.steps[: outcome.failed], self._read_now)
            problem = _with_causes(problem, not_undone)
        self._watch.barrier()
        self.filters.catch_up({step.namespace for step in request.steps if isinstance(step, ChangeTable)})
        return p.Applied(id=request.id, problem=problem, failed=outcome.failed)

    def _execute(self, request: p.Apply) -> Outcome:
        if len(request.steps) <= BULK_STEPS:
            return execute(self.namespaces, request.steps, self.filters)
        names = touched(request.steps)
        self._watch.pause()
        try:
            return execute(self.namespaces, request.steps, self.filters)
        finally:
            self._watch.resume([name for name in names if name in self.namespaces])


def _with_causes(problem: Problem, causes: tuple[Problem, ...]) -> Problem:
    return msgspec.structs.replace(problem, causes=causes) if causes else problem
