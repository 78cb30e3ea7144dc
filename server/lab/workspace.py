"""A lab as the server has it: the single writer.

One thread owns desired, observed, revision and history, and takes one job after the other from its queue. Everything else sends it jobs.
"""

import contextlib
import time
from collections.abc import Callable

from protocol import private as p
from protocol.public import Context, Done, Look
from server.agent_link import LabLink
from server.lab.editing import Asked, Editing
from server.outbox import Session, problem_of
from topology.edit.commands import SetLab
from topology.model.diff import between
from topology.model.limits import check
from topology.model.problems import Code, Problem, ProblemError
from topology.observe.observed import Observed
from topology.plan.steps import AnyStep

FIND_SECONDS = 20.0
"""How long a lab is looked for."""


class Workspace(Editing):
    """One lab, from its start to its end. What it is stands in `State`, how it changes in `Editing`."""

    # ---- life --------------------------------------------------------------------------------------------------------

    def start(self, started: float | None = None) -> Done:
        """Make the lab live: its process, then its document in the kernel."""
        if self.state == "live":
            return Done(revision=self.revision)
        self._refuse_unreadable()
        self._set_state("starting")
        try:
            steps = self._start(fresh=True)
            self.store.set_live(True)
        except Exception as e:
            problem = problem_of(e)
            self._disconnect()
            self._control_stop()
            self._set_state("failed", problem)
            raise
        self._set_state("live")
        seconds = time.monotonic() - started if started else None
        return Done(revision=self.revision, steps=len(steps), deploy_seconds=seconds)

    def _start(self, fresh: bool) -> tuple[AnyStep, ...]:
        if fresh:
            try:
                self._control.ask(lambda id: p.Start(id=id, lab=self.lab, firewall=self.firewall))
            except ProblemError as e:
                if e.problem.code != Code.EXISTS:
                    raise
        self._lost = self._whole = False
        self._attached = None
        self.link = LabLink(self._control.socket, self.lab, self._heard, self._link_lost)
        self.link.send(lambda id: p.Attach(id=id))
        self._wait(lambda: self._whole, "it was attached")
        self._send_look()
        if self._is_fresh():
            self.uplink.gone()
        self._settle_uplink()
        if self._is_fresh():
            check({}, self.desired, self._limits())
            steps = self._carry_out(self.desired, self.desired, {})
            self._keep_printed()
            return steps
        self._outside = time.monotonic()
        return ()

    def stop(self) -> Done:
        """Take the lab out of the kernel."""
        self.store.set_live(False)
        if self.state != "stopped":
            self._set_state("stopping")
            self._disconnect()
            self._control.ask(lambda id: p.Stop(id=id, lab=self.lab))
            self._clear()
            self._set_state("stopped" if self.store.problem is None else "failed", self.store.problem)
        self._write_document()
        return Done(revision=self.revision)

    def _clear(self) -> None:
        old, live = self.observed.records, self.observed.live
        self.observed = Observed({}, self.desired)
        self.uplink.gone()
        self._drift = ()
        self._publish(observed=between(old, {}), live=between(live, {}), drift=())

    def destroy(self) -> Done:
        """Stop it, and delete all that is known of it."""
        done = self.stop()
        self.store.delete()
        self._ended = True
        return done

    def end(self) -> None:
        """The server ends; the lab goes on."""

        def ending() -> None:
            self._disconnect()
            self._write_document()
            self._ended = True

        self.submit(ending)

    def resume(self) -> None:
        """At the server's start, and after the agent was lost: find the lab as it was, or bring it back from its document."""
        end = time.monotonic() + FIND_SECONDS
        self._set_state("starting")
        while True:
            try:
                running = self.lab in self._control.ask(lambda id: p.Hello(id=id)).labs
                self._start(fresh=not running)
                self.store.set_live(True)
                break
            except Exception as e:
                self._disconnect()
                problem = problem_of(e)
                # a lab that has just died may still be on the agent's list: then it does not answer, and a moment later it is off
                if problem.code != Code.UNAVAILABLE or time.monotonic() > end:
                    self._set_state("failed", problem)
                    return
                time.sleep(0.05)
        self._set_state("live")

    def bring_back(self) -> None:
        """Start it again after it was stopped for something that then did not happen."""
        try:
            self.start()
        except ProblemError as e:
            self._notice("error", e.problem)

    def _disconnect(self) -> None:
        if self.link is not None:
            self.link.close()
        self.link = None

    def _control_stop(self) -> None:
        with contextlib.suppress(ProblemError):  # the problem that led here is the one to tell
            self._control.ask(lambda id: p.Stop(id=id, lab=self.lab))

    def _link_lost(self, link: LabLink) -> None:
        """On the link's thread."""
        if link.closing:
            return
        if link is self.link:
            self._lost = True

        def recover() -> None:
            if link is self.link:
                self.link = None
                self._recover()

        self.submit(lambda: None, event=True)  # wakes a writer that waits for this lab
        self.submit(recover)

    def _recover(self) -> None:
        """The lab's process is gone, or only the agent in between."""
        before = self._control.reasons.pop(self.lab, None)
        self.resume()
        if self.info().state == "live" and self._is_fresh():
            reason = before or self._control.reasons.pop(self.lab, None) or "its process ended"
            message = f"the lab was brought back from its document: {reason}"
            self._notice("warning", Problem(code=Code.UNAVAILABLE, message=message, hint="programs that ran in it are gone"))

    def set_uplink(self, on: bool, context: Context) -> Done:
        """At once, and in the document. Raises ProblemError, and then it is as it was."""
        self.uplink.settle(self.live_link(), on)
        if (problem := self.uplink.problem) is not None:
            self._settle_uplink()
            raise ProblemError(problem)
        try:
            self.edit(Asked(commands=(SetLab(uplink=on),), context=context, admin=True))
        except ProblemError:
            self._settle_uplink()
            raise
        return Done(revision=self.revision)

    def limit(self, problem: Problem) -> None:
        """The kernel has refused it something, by one of its limits."""
        self.submit(lambda: self._notice("warning", problem))

    # ---- looking -----------------------------------------------------------------------------------------------------

    def look(self, session: Session, request: Look) -> Done:
        """What this session shows in an inspector."""
        self._looks[session.sid] = request
        self._send_look()
        return Done(revision=self.revision)

    def leave(self, sid: str) -> None:
        """The session has closed the lab, or is gone."""

        def leaving() -> None:
            if self._looks.pop(sid, None):
                self._send_look()
            self._changed()

        self.submit(leaving)

    def _send_look(self) -> None:
        def of(names: Callable[[Look], tuple[str, ...]]) -> tuple[str, ...]:
            return tuple(dict.fromkeys(name for looked in self._looks.values() for name in names(looked)))

        namespaces, filters, conntrack = of(lambda k: k.namespaces), of(lambda k: k.filters), of(lambda k: k.conntrack)
        traffic = of(lambda k: k.traffic)
        if self.link is not None:
            self.link.send(lambda id: p.Look(id=id, namespaces=namespaces, filters=filters, conntrack=conntrack, traffic=traffic))

    def live_link(self) -> LabLink:
        """The link to a lab that is live. Raises ProblemError."""
        link = self.link
        if link is None or self.state != "live":
            raise ProblemError(Problem(code=Code.UNAVAILABLE, message=f"lab {self.lab} is {self.state}", hint="start it first"))
        return link
