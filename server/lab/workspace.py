"""One lab on the server, from its start to its end.

One thread (`writer.py`) changes its state, one job after the other. All other threads submit jobs to it.
"""

import contextlib
import time
from collections.abc import Callable

import msgspec

from protocol import private as p
from protocol.public import Context, Done, Subscribe
from server.agent_link import LabLink
from server.lab.editing import Editing, EditRequest
from server.problems import problem_of
from server.sessions import Session
from topology.edit.commands import SetLab
from topology.model.diff import between
from topology.model.limits import check
from topology.model.problems import Code, Problem, ProblemError
from topology.observe.observed import Observed
from topology.plan.steps import AnyStep

RESUME_SECONDS = 20.0
"""How long `resume` tries to reach a lab that the agent says is running."""


class Workspace(Editing):
    """One lab. `State` has what it is, `Editing` how it is changed; here is how it starts and ends."""

    # ---- life --------------------------------------------------------------------------------------------------------

    def start(self, started: float | None = None) -> Done:
        """Make the lab live: start its process and build its document in the kernel. `started`: when that was asked for, in monotonic
        seconds."""
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
        """Attach to the lab's process, which with `fresh` is started before; build the document where nothing is in it yet; the steps."""
        if fresh:
            self._start_process()
        self._attach()
        self._send_subscription()
        if self._is_fresh():
            self.uplink.reset()
        self._settle_uplink()
        if self._is_fresh():
            check({}, self.desired, self._limits())
            steps = self._execute_document()
            self._adopt_printed_rules()
            return steps
        self._changed_since = time.monotonic()  # have the policy see to what changed while the server was away
        return ()

    def _start_process(self) -> None:
        try:
            self._control.ask(lambda id: p.Start(id=id, lab=self.lab, firewall=self.firewall))
        except ProblemError as e:
            if e.problem.code != Code.EXISTS:
                raise

    def _attach(self) -> None:
        """Connect to the lab's process and take in its snapshot."""
        self._lost = self._has_snapshot = False
        self._attached = None
        self.link = LabLink(self._control.socket, self.lab, self._on_event, self._link_lost)
        self.link.send(lambda id: p.Attach(id=id))
        self._wait(lambda: self._has_snapshot, "it was attached")

    def stop(self) -> Done:
        """End the lab's process, and with it all that the lab has in the kernel."""
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
        """Nothing is observed any more: publish that."""
        old, live = self.observed.records, self.observed.live
        self.observed = Observed({}, self.desired)
        self.uplink.reset()
        self._drift = ()
        self._publish(observed=between(old, {}), live=between(live, {}), drift=())

    def destroy(self) -> Done:
        """Stop the lab, delete it from the database and end the writer."""
        done = self.stop()
        self.store.delete()
        self._ended = True
        return done

    def end(self) -> None:
        """The server ends: disconnect, save, and end the writer. The lab runs on."""

        def ending() -> None:
            self._disconnect()
            self._write_document()
            self._ended = True

        self.submit(ending)

    def resume(self) -> None:
        """Attach to the lab's process where it runs; else start it again from its document. At the server's start, and when the link was
        lost."""
        end = time.monotonic() + RESUME_SECONDS
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
                # a process that has just died may still be on the agent's list: try until the agent has noticed
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
        with contextlib.suppress(ProblemError):  # the problem that led here is the one to report
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
        """The link was lost, because the lab's process ended or only because the agent did."""
        known = self._control.reasons.pop(self.lab, None)
        self.resume()
        if self.info().state == "live" and self._is_fresh():
            reason = known or self._control.reasons.pop(self.lab, None) or "its process ended"
            message = f"the lab was started again from its document: {reason}"
            self._notice("warning", Problem(code=Code.UNAVAILABLE, message=message, hint="programs that were running in it have ended"))

    def set_uplink(self, on: bool, context: Context) -> Done:
        """Switch the uplink, and write it into the document. Raises ProblemError, and then nothing has changed."""
        self.uplink.settle(self.live_link(), on)
        if (problem := self.uplink.problem) is not None:
            self._settle_uplink()
            raise ProblemError(problem)
        try:
            self.edit(EditRequest(commands=(SetLab(uplink=on),), context=context, admin=True))
        except ProblemError:
            self._settle_uplink()
            raise
        return Done(revision=self.revision)

    def limit_reached(self, problem: Problem) -> None:
        """The lab has reached a limit of the kernel: say so to everybody who has it open. May be called on any thread."""
        self.submit(lambda: self._notice("warning", problem))

    # ---- viewers -----------------------------------------------------------------------------------------------------

    def subscribe(self, session: Session, request: Subscribe) -> Done:
        """Set what live records this session gets."""
        self._subscriptions[session.sid] = request
        self._send_subscription()
        return Done(revision=self.revision)

    def leave(self, sid: str) -> None:
        """The session has closed the lab, or is gone. May be called on any thread."""

        def leaving() -> None:
            if self._subscriptions.pop(sid, None):
                self._send_subscription()
            self._changed()

        self.submit(leaving)

    def _send_subscription(self) -> None:
        """Subscribe at the lab to all that any session has subscribed to."""

        def union(names: Callable[[Subscribe], tuple[str, ...]]) -> tuple[str, ...]:
            return tuple(dict.fromkeys(name for s in self._subscriptions.values() for name in names(s)))

        wanted = p.Subscribe(
            id=0,
            namespaces=union(lambda s: s.namespaces),
            filters=union(lambda s: s.filters),
            conntrack=union(lambda s: s.conntrack),
            traffic=union(lambda s: s.traffic),
        )
        if self.link is not None:
            self.link.send(lambda id: msgspec.structs.replace(wanted, id=id))

    def live_link(self) -> LabLink:
        """The connection to the lab's process. Raises ProblemError (UNAVAILABLE) where the lab is not live."""
        link = self.link
        if link is None or self.state != "live":
            raise ProblemError(Problem(code=Code.UNAVAILABLE, message=f"lab {self.lab} is {self.state}", hint="start it first"))
        return link
