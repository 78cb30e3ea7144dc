"""The lab's view of its kernel: the namespaces, what is watched in them, and steps applied to them."""

import asyncio
import select
import time
from collections.abc import Callable, Iterable

import msgspec

from agent.apply import Undo, execute, refused
from agent.apply.execute import Outcome, touched, unexpected
from agent.filter import ConntrackWatch, FilterWatch, driver
from agent.filter.pretest import refused_beforehand
from agent.filter.write import Lengths, not_loaded
from agent.lab.kept_facts import KeptFacts, Moment
from agent.lab.open_edit import OpenEdits
from agent.netlink.namespaces import Namespaces, Netns
from agent.netlink.sysctls import Sysctls
from agent.netlink.watch import Watch
from logs import failure
from protocol import private as p
from topology.model.netfilter import Driver
from topology.model.problems import Problem
from topology.model.sysctls import KEYS
from topology.observe.facts import AnyFact, Resync, SysctlFact
from topology.plan.steps import AnyStep, ChangeTable
from topology.plan.table_check import not_done

BULK_STEPS = 64
"""An apply of more steps pauses the watch, and reads the namespaces that it changed afterwards."""
POLL_SECONDS = 1.0
REREAD_SECONDS, MOST_SECONDS = 0.2, 10.0
"""When everything is read anew after reading has failed: the first time, and at the latest."""
POLL_SHARE = 0.1
"""How much of the lab's time may go into polling: with very many namespaces it is done less often."""

OnFacts = Callable[[tuple[AnyFact, ...]], None]


class Kernel:
    """Made on the running loop, which then reports facts to `on_facts`: all of the lab first, then each change. `on_reread`: facts may have
    been lost, everything was read anew, and `everything` has it."""

    def __init__(self, firewall: Driver, on_facts: OnFacts, on_reread: Callable[[], None] = lambda: None) -> None:
        self._on_facts, self._on_reread = on_facts, on_reread
        self.fresh = True
        """Whether no document was built yet."""
        self._edits = OpenEdits()
        self._kept = KeptFacts(self._reported_names, self._facts_of)
        self.namespaces = Namespaces()
        self._watch = Watch(self.namespaces, self.report)
        self.filters = FilterWatch(self.namespaces, driver(firewall, self.namespaces), self._send)
        self._connections = ConntrackWatch(self.namespaces, self._send)
        self._subscription = p.Subscribe(id=0, namespaces=())
        self.baseline = self._read_baseline()
        """The sysctls of a namespace in which none was set."""
        self._stale = False
        """Reading failed halfway: everything has to be read anew."""
        self._is_due = False
        """That is going to be done."""
        self._last_failure, self._wait = -MOST_SECONDS, REREAD_SECONDS
        """When something failed last, in the loop's seconds, and how long was waited then."""
        self._watch.start()
        for fd, callback in {**self._watch.readers(), self.filters.fileno(): self.filters.on_event}.items():
            asyncio.get_running_loop().add_reader(fd, self._guarded, callback)

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
        self._kept.reported(facts)
        told = self._without_baseline(facts, whole)
        self._edits.changed(told)
        self._on_facts(told)

    def _without_baseline(self, facts: list[AnyFact], whole: set[str]) -> tuple[AnyFact, ...]:
        """Whoever reads the facts knows the baseline: of a namespace that is reported in full, sysctls with that value are left out."""

        def is_known(fact: AnyFact) -> bool:
            return isinstance(fact, SysctlFact) and fact.ns in whole and self.baseline.get(fact.key) == fact.value

        return tuple(fact for fact in facts if not is_known(fact))

    def everything(self) -> tuple[AnyFact, ...]:
        """All facts of the lab's kernel, for a client that is new."""
        self.catch_up(new=True)
        return tuple(self._kept.now())

    def _guarded(self, callback: Callable[[], None]) -> None:
        """Where reading what happened fails, everything is read anew a little later."""
        try:
            callback()
        except Exception as e:
            failure(e, "reading what the kernel reports; all is read anew")
            self.resynchronise()

    def resynchronise(self) -> None:
        """Something failed, and facts may have been lost with it: soon read everything anew and report all of it. What fails again and
        again does so later and later."""
        self._stale = True
        self._kept.lost()
        if self._is_due:
            return
        self._is_due = True
        loop = asyncio.get_running_loop()
        is_new = loop.time() - self._last_failure > 2 * MOST_SECONDS
        self._wait = REREAD_SECONDS if is_new else min(2 * self._wait, MOST_SECONDS)
        self._last_failure = loop.time()
        loop.call_later(self._wait, self._reread_all)

    def _reread_all(self) -> None:
        self._is_due = False
        if self._reread():
            self.resynchronise()
            return
        try:
            self._on_reread()
        except Exception as e:
            failure(e, "reporting all that was read anew")
            self.resynchronise()

    def catch_up(self, filters_of: Iterable[str] = (), new: bool = False) -> None:
        """Report all that the kernel has done so far. `filters_of`: namespaces whose rules may have changed without an event. `new`: also
        the rules of namespaces that are new, which else are read a little later."""
        self._watch.barrier()
        self.filters.catch_up({*filters_of, *(self.filters.unread if new else ())})

    def _reported_names(self) -> Iterable[str]:
        return dict.fromkeys((*self._watch.names(), *self.filters.names()))

    def _facts_of(self, name: str) -> tuple[AnyFact, ...]:
        return self._without_baseline([*self._watch.facts_of(name), *self.filters.facts_of(name)], {name})

    def read_now(self) -> Moment:
        """All facts of the lab's kernel, after what has happened so far. Raises what the sockets raise."""
        if self._stale:
            self._watch.resume([netns.name for netns in self.namespaces])
            self._kept.lost()
        self._stale = True
        self.catch_up(new=True)
        self._stale = False
        return self._kept.now()

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
        """Do the steps, or leave everything as it was; what is left nevertheless is in the `causes` of the problem. What they changed is
        reported before this returns. Raises nothing."""
        outcome, done = self._attempt(request)
        try:
            written = {step.namespace for step in request.steps if isinstance(step, ChangeTable)} if outcome.problem is not None else ()
            self.catch_up(written, new=outcome.problem is not None)  # a roll-back may have made namespaces again
        except Exception:
            unread = self._reread()
            outcome = _with_causes(outcome, unread) if outcome.problem is not None else Outcome(next(iter(unread), None))
        self._edits.end(done)
        return p.Applied(id=request.id, problem=outcome.problem, failed=outcome.failed)

    def refused(self, steps: tuple[AnyStep, ...]) -> Problem | None:
        """Why an apply of these steps would be refused, as far as a trial shows it."""
        self.catch_up(new=True)
        return refused(self.namespaces, self.filters, steps)

    def _attempt(self, request: p.Apply) -> tuple[Outcome, tuple[AnyStep, ...]]:
        """How it ended, and the steps of which something may be done now."""
        steps, is_first = request.steps, False
        try:
            before = self.read_now()
            undo, is_first = Undo(self.baseline, before), self._edits.begin(request.edit, before)
            lengths = self.filters.lengths({step.namespace for step in steps if isinstance(step, ChangeTable)})
            refused = refused_beforehand(self.namespaces, self.filters.driver, steps, lengths)
        except Exception as e:
            return self._nothing_done(is_first, Outcome(unexpected(e)))
        if refused is not None:
            return self._nothing_done(is_first, Outcome(refused.problem, refused.step))
        outcome = self._execute(steps)
        if outcome.problem is None:
            outcome = self._not_loaded(steps, lengths)
        if outcome.problem is None:
            return outcome, steps
        done = steps if outcome.failed is None else steps[: outcome.failed + 1]
        if causes := undo.back(self, steps):
            return _with_causes(outcome, causes), done
        return self._nothing_done(is_first, outcome)

    def _nothing_done(self, is_first: bool, outcome: Outcome) -> tuple[Outcome, tuple[AnyStep, ...]]:
        """Of this apply nothing is left. `is_first`: it was the first of its edit."""
        if is_first:
            self._edits.forget()
        return outcome, ()

    # ---- the edit that it is part of ---------------------------------------------------------------------------------

    def conclude(self, edit: int) -> None:
        """The server has kept the edit, or has undone it."""
        self.fresh = False
        self._edits.conclude(edit)

    def open_edit(self) -> p.OpenEdit | None:
        """What a server that is new is told of the one before."""
        return self._edits.report()

    def _execute(self, steps: tuple[AnyStep, ...]) -> Outcome:
        """Raises nothing."""
        if len(steps) <= BULK_STEPS:
            return execute(self.namespaces, steps, self.filters)
        try:
            self._watch.pause()
        except Exception as e:
            return Outcome(unexpected(e))
        outcome = execute(self.namespaces, steps, self.filters)
        try:
            self._watch.resume([name for name in touched(steps) if name in self.namespaces])
        except Exception as e:
            self._stale = True
            return outcome if outcome.problem is not None else Outcome(unexpected(e))
        return outcome

    def _not_loaded(self, steps: tuple[AnyStep, ...], before: Lengths) -> Outcome:
        """Read back the tables: iptables-restore may report success of what it did not do."""
        tables = [(number, step) for number, step in enumerate(steps) if isinstance(step, ChangeTable)]
        try:
            self.filters.catch_up({step.namespace for _, step in tables})
            for number, step in tables:
                have = before.get((step.namespace, step.family, step.table), {})
                after = {c.name: (c.policy, c.rules) for c in self.filters.table(step.namespace, step.family, step.table)}
                if (at := not_done(have, step.lines, after, step.family)) is not None:
                    return Outcome(not_loaded(step, at, have), number)
        except Exception as e:
            return Outcome(unexpected(e))
        return Outcome()

    def _reread(self) -> tuple[Problem, ...]:
        """Read everything anew, after reading failed; the problem where that fails too."""
        self._kept.lost()
        try:
            self._watch.resume([netns.name for netns in self.namespaces])
            self.filters.catch_up([netns.name for netns in self.namespaces])
        except Exception as e:
            return (unexpected(e),)
        self._stale = False
        return ()

    def wait_for_event(self, seconds: float) -> None:
        """Until something happens in the lab, at most so long."""
        select.select([fd for fd, callback in self._watch.readers().items() if callback == self._watch.on_events], [], [], seconds)


def _with_causes(outcome: Outcome, causes: tuple[Problem, ...]) -> Outcome:
    if not causes or outcome.problem is None:
        return outcome
    return outcome._replace(problem=msgspec.structs.replace(outcome.problem, causes=(*outcome.problem.causes, *causes)))
