"""How a lab starts, is found again, and ends."""

import contextlib
import time
from collections.abc import Callable, Iterable

from logs import problem_of
from protocol.public import Done, Subscribe
from server.lab.carrying import Carrying
from server.lab.editing import settle_uplink
from server.lab.outside import Outside
from server.lab.parts import Parts
from server.lab.states import Action, Event, State
from topology.model.limits import Limits, check
from topology.model.problems import Code, Problem, ProblemError
from topology.observe.unheld import unheld
from topology.plan.steps import AnyStep

CLEAN_SECONDS = 10.0
"""How long the agent has to end a process that did not start as it should."""

RECOVER_SECONDS = 10.0
"""A lab that could not be reached is looked for again after so long, for as long as it is to be live."""


class Life:
    """Of one lab. `look_again`: when a lab that could not be reached is looked for again, in monotonic seconds."""

    def __init__(
        self,
        parts: Parts,
        carrying: Carrying,
        outside: Outside,
        limits: Callable[[], Limits],
        subscriptions: Callable[[], Iterable[Subscribe]],
    ) -> None:
        self._parts, self._carrying, self._outside = parts, carrying, outside
        self._limits, self._subscriptions = limits, subscriptions
        self._store = parts.document.store
        self.look_again: float | None = None

    def look(self) -> None:
        """Try again to reach the lab, if it is still failed. It is called at the time `look_again`."""
        self.look_again = None
        if self._parts.machine.state is State.FAILED:
            self.resume()
            if self._parts.machine.is_live:
                self._parts.connection.recovered()

    def start(self, started: float | None = None) -> Done:
        """Make the lab live: start its process and build its document in the kernel. `started`: when that was asked for, in monotonic
        seconds."""
        machine = self._parts.machine
        if machine.state in (State.LIVE, State.SILENT):
            return Done(revision=self._parts.publisher.revision)
        self._parts.document.refuse_unreadable()
        self.look_again = None
        machine.take(Event.START)
        try:
            steps = self._start(fresh=True)
            self._store.set_live(True)
        except Exception as e:
            self._failed_to_start(problem_of(e))
            raise
        machine.take(Event.BUILT)
        seconds = time.monotonic() - started if started else None
        left_out = self._carrying.left_out.problems
        return Done(revision=self._parts.publisher.revision, steps=len(steps), deploy_seconds=seconds, left_out=left_out)

    def _failed_to_start(self, problem: Problem) -> None:
        self._parts.connection.disconnect()
        self._parts.machine.failed(problem)
        with contextlib.suppress(ProblemError):  # the problem that led here is the one to report
            self._parts.connection.stop_process(CLEAN_SECONDS)

    def _start(self, fresh: bool) -> tuple[AnyStep, ...]:
        """Attach to the lab's process, which with `fresh` is started before; build the document where nothing is in it yet; the steps."""
        connection = self._parts.connection
        if fresh:
            connection.start_process(self._parts.document.firewall)
        self._parts.machine.take(Event.STARTED)
        connection.attach()
        connection.subscribe(self._subscriptions())
        self._parts.uplink.ask()
        settle_uplink(self._parts)
        if connection.is_fresh:
            self._carrying.forget_unfinished()
            check({}, self._parts.document.desired, self._limits())
            steps = self._carrying.build()
            self._outside.adopt_printed_rules()
            connection.conclude(0)
            return steps
        self._finish_edit()
        self._carrying.look_for_unloaded()
        self._parts.view.wait_for_quiet()  # have the policy see to what changed while the server was away
        return ()

    def _finish_edit(self) -> None:
        attached = self._parts.connection.attached
        try:
            if attached is not None:
                self._carrying.finish(attached)
        except ProblemError as e:
            self._parts.publisher.notice("error", e.problem)

    def resume(self) -> None:
        """Attach to the lab's process where it runs; else start it again from its document. At the server's start, and when the link was
        lost."""
        if self._parts.machine.state is not State.RECOVERING:
            self._parts.machine.take(Event.RESUME)
        self._look_for_process()

    def _look_for_process(self) -> None:
        machine, connection = self._parts.machine, self._parts.connection
        while True:
            try:
                self._start(fresh=not connection.is_running())
                self._store.set_live(True)
                break
            except Exception as e:
                connection.disconnect()
                problem = problem_of(e)
                can_wait = problem.code == Code.UNAVAILABLE
                machine.retry()
                # a process that has just died may still be on the agent's list: try until the agent has noticed
                if not can_wait or machine.left() <= 0:
                    self.look_again = time.monotonic() + RECOVER_SECONDS if can_wait else None
                    machine.failed(problem)
                    return
                time.sleep(0.05)
        machine.take(Event.BUILT)

    # ---- end ---------------------------------------------------------------------------------------------------------

    def take_over(self) -> None:
        """Before the kernel of the lab ends: what a shell has just done is seen, and the policy acts on it."""
        if not self._parts.machine.is_live:
            return
        try:
            self._parts.connection.catch_up()
            self._outside.act()
        except ProblemError as e:
            self._parts.publisher.notice("warning", e.problem)

    def stop(self) -> Done:
        """End the lab's process, and with it all that the lab has in the kernel."""
        lost = unheld(self._parts.view.observed.live.whole()) if self._parts.machine.is_live else ()
        self._store.set_live(False)
        self.look_again = None
        machine = self._parts.machine
        if machine.state is not State.STOPPED:
            machine.take(Event.STOP)
            self._parts.connection.disconnect()
            try:
                self._parts.connection.stop_process()
            except ProblemError as e:
                machine.failed(e.problem)
                raise
            self._carrying.forget_unfinished()
            self._parts.uplink.reset()
            self._parts.view.clear()
            machine.take(Event.ENDED)
            if (problem := self._store.problem) is not None:
                machine.fail(problem)
        return Done(revision=self._parts.publisher.revision, unheld=lost)

    def recover(self) -> None:
        """The link was lost, because the lab's process ended or only because the agent did."""
        machine, connection = self._parts.machine, self._parts.connection
        if machine.state not in (State.LIVE, State.SILENT) or connection.link is not None:
            return
        known = connection.reason()
        if machine.take(Event.LOST) is Action.RECOVER:
            self._look_for_process()
        if machine.is_live:
            connection.recovered()
        if machine.is_live and connection.is_fresh:
            reason = known or connection.reason() or "its process ended"
            message = f"the lab was started again from its document: {reason}"
            hint = "programs that were running in it have ended"
            self._parts.publisher.notice("warning", Problem(code=Code.UNAVAILABLE, message=message, hint=hint))
