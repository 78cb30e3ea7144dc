"""Edits: what a person or the history asks for, carried out in the kernel, kept in the database, and published."""

import contextlib
import errno
import time
from collections.abc import Sequence
from typing import NamedTuple

from protocol.public import Context, Done, Planned
from server.lab.carrying import Carried, Carrying, revert_goal
from server.lab.connection import size
from server.lab.document import Draft, Drift
from server.lab.outside import Outside
from server.lab.parts import Parts
from server.lab.policy import adopt
from server.lab.states import State
from server.problems import denied, unavailable
from server.storage import Move, NewEntry
from topology.edit.commands import AnyCommand, ApplyDocument, KeepDrift, RevertDrift
from topology.model import ids
from topology.model.base import HOST
from topology.model.diff import Diff, between, compact
from topology.model.drawing import is_drawing
from topology.model.limits import Limits, check
from topology.model.problems import ProblemError, invalid, refused
from topology.model.records import AnyRecord, Lab, Namespace, Records, as_records
from topology.plan.iproute2 import commands as shell_commands
from topology.plan.plan import plan
from topology.plan.steps import AnyStep

MAX_SHELL_COMMANDS = 200
"""An edit with more equivalent commands is published without them."""


class EditRequest(NamedTuple):
    """An edit that somebody asked for. `base`: as in `protocol.editing.Edit`. `started`: when it arrived, in monotonic seconds; 0: not
    measured. `admin`: with the administrator's token."""

    commands: tuple[AnyCommand, ...]
    context: Context
    base: int | None = None
    dry_run: bool = False
    started: float = 0.0
    admin: bool = False


class _First(NamedTuple):
    """The draft of an edit before recent changes from outside were acted on. `alone`: the kernel has nothing to do with it."""

    draft: Draft | None
    alone: bool


class Editing:
    """For one lab."""

    def __init__(self, parts: Parts, carrying: Carrying, outside: Outside) -> None:
        self._parts, self._carrying, self._outside = parts, carrying, outside
        self._document, self._view = parts.document, parts.view

    def edit(self, asked: EditRequest) -> Done | Planned:
        """Carry out all commands, or none: raises ProblemError, and then nothing has changed."""
        if not _is_whole_document(asked):
            self._document.refuse_unreadable()
        if self._carrying.is_overdue:
            raise unavailable(f"lab {self._parts.lab} has not said yet what became of the edit before")
        revert = next((c for c in asked.commands if isinstance(c, RevertDrift)), None)
        if revert is not None:
            return self._revert(revert, asked)
        drawn, before = self._only_drawn(asked), self._document.desired
        draft = drawn.draft
        if not drawn.alone or draft is None:
            self._refuse_silent()
            self._outside.settle()
            if draft is None or before is not self._document.desired or any(isinstance(c, KeepDrift) for c in asked.commands):
                draft = self._draft(asked)
            draft = draft._replace(after=self._carrying.as_printed(draft.after, asked.commands, asked.dry_run))
        diff = between(self._document.desired, draft.after)
        self._check(draft.after, diff, asked)
        return self._planned(draft, diff) if asked.dry_run else self._commit(draft, diff, asked)

    def _draft(self, asked: EditRequest) -> Draft:
        return self._document.draft(asked.commands, Drift(self._view.kernel, self._view.drift), self._carrying.importing())

    def _only_drawn(self, asked: EditRequest) -> _First:
        """Whether the kernel has nothing to do with an edit, and its draft, where it fits the document of this moment."""
        try:
            draft = self._draft(asked)
        except ProblemError:
            if self._view.pending is None:
                raise
            return _First(None, False)
        return _First(draft, not is_of_kernel(between(self._document.desired, draft.after)) and draft.step is None)

    # ---- what is refused ---------------------------------------------------------------------------------------------

    def _refuse_silent(self) -> None:
        """An edit that the kernel would have to carry out now is refused while it cannot."""
        state = self._parts.machine.state
        if state not in (State.LIVE, State.STOPPED, State.FAILED):
            raise unavailable(f"lab {self._parts.lab} is {self._parts.machine.public}")

    def _check(self, after: Records, diff: Diff[AnyRecord], asked: EditRequest) -> None:
        """Raises ProblemError for what the document alone shows to be impossible or not allowed."""
        desired = self._document.desired
        self._document.check_conflicts(diff, asked.base, asked.context.session or asked.context.author)
        check(desired, after, self.limits())
        self._check_firewall(after)
        if has_uplink(after) and not has_uplink(desired) and not asked.admin:
            raise denied('only the administrator can give a lab an "uplink"')

    def _check_firewall(self, after: Records) -> None:
        attached, lab = self._parts.connection.attached, after.get(ids.LAB)
        if not self._parts.machine.is_live or attached is None or not isinstance(lab, Lab):
            return
        if lab.firewall not in (None, attached.firewall):
            hint = "stop the lab, change it, and start the lab again: each variant sees only its own rules"
            raise refused(errno.EBUSY, ids.LAB, hint, f"the lab is running with {attached.firewall}")

    def limits(self) -> Limits:
        """Those the lab was started with. Before its first start the defaults; the start checks again."""
        attached = self._parts.connection.attached
        return attached.limits if attached is not None else Limits()

    # ---- carried out -------------------------------------------------------------------------------------------------

    def _planned(self, draft: Draft, diff: Diff[AnyRecord]) -> Planned:
        """The steps of an edit, against an empty lab where it is not live."""
        live, observed = self._parts.machine.is_live, self._view.observed
        goal = self._carrying.goal(draft) if live else draft.after
        have = self._view.kernel if live else as_records(Namespace(name=HOST))
        steps = plan(goal, have, draft.moves, observed.baseline, observed.initial_mac)
        return Planned(steps=steps, shell=shell_commands(steps), diff=compact(diff), made=draft.made)

    def _commit(self, draft: Draft, diff: Diff[AnyRecord], asked: EditRequest) -> Done:
        """Carry out an edit, keep it with its history entry, and publish it. One that cannot be kept is undone in the kernel."""
        steps: tuple[AnyStep, ...] = ()
        before, after, observed = self._document.desired, draft.after, self._view.kernel
        carried: Carried | None = None
        if self._parts.machine.is_live and (is_of_kernel(diff) or draft.step is not None):
            carried = self._carrying.carry_out(draft)
            steps = carried.steps
            after = adopt(after, self._view.kernel, self._carrying.consequences(after, diff, steps))
            after = self._carrying.left_out.rules.as_printed(after, self._view.kernel)
            self._carrying.left_out.rules.saw(self._view.kernel)
        diff = between(before, after)
        shell = shell_commands(steps) if size(steps) <= MAX_SHELL_COMMANDS else ()
        try:
            self._keep(after, diff, draft, asked.context, shell)
        except ProblemError:
            if carried is not None:
                self._take_back(observed, carried, draft)
            raise
        self._carrying.conclude()
        self._view.compare_with(after)
        self._settle_uplink()
        if diff or draft.step is not None:
            self._publish(diff, asked.context, shell)
        if carried is not None:
            self.leave_to_policy()
        return self._done(steps, asked.started, draft.made, len(diff.ids))

    def _done(self, steps: Sequence[AnyStep], started: float, made: tuple[str, ...] = (), changed: int = 0) -> Done:
        seconds = time.monotonic() - started if started and self._parts.machine.is_live else None
        return Done(revision=self._parts.publisher.revision, steps=len(steps), changed=changed, deploy_seconds=seconds, made=made)

    def _keep(self, after: Records, diff: Diff[AnyRecord], draft: Draft, context: Context, shell: tuple[str, ...]) -> None:
        """Make it durable. Raises ProblemError, and then it is not kept."""
        step = draft.step
        entry = NewEntry(context, diff, shell) if step is None else Move(step.number, not step.undone)
        if self._document.store.problem is not None and isinstance(entry, NewEntry):
            self._document.replace(after, entry)
            with contextlib.suppress(ProblemError):  # its process may have gone on running
                self._parts.connection.stop_process()
            self._outside.unfailed()
        else:
            self._document.keep(after, diff, entry)
        self._outside.stored()

    def _take_back(self, observed: Records, carried: Carried, draft: Draft) -> None:
        try:
            self._carrying.take_back(observed, carried, draft.moves)
            self._carrying.conclude()
        except ProblemError as e:
            self._parts.publisher.notice("error", e.problem)

    def _publish(self, diff: Diff[AnyRecord], context: Context, shell: tuple[str, ...]) -> None:
        publisher = self._parts.publisher
        self._document.remember(diff, context, publisher.revision + 1)
        self._view.stale_warnings = True
        publisher.publish(desired=diff, context=context, info=True, shell=shell)
        if any(not is_drawing(key) for key in diff.ids):
            self._parts.changed()

    def _settle_uplink(self) -> None:
        settle_uplink(self._parts)

    def leave_to_policy(self) -> None:
        """What differs since an edit was carried out comes from outside: have the policy act on it soon. Without that publish the drift."""
        self._carrying.settle()
        found = self._view.differing()
        if not found or self._document.policy == "flag":
            self._view.pending = None
            self._view.show_drift(found)
        elif self._view.pending is None or set(found) - set(self._view.drift):
            self._view.wait_for_quiet()

    def _revert(self, command: RevertDrift, asked: EditRequest) -> Done:
        """Make these records in the kernel as the document says; all that drifted where it names none."""
        if len(asked.commands) > 1 or asked.dry_run:
            raise invalid("revert-drift cannot be combined with other commands or with dry_run", None, "send it alone")
        self._refuse_silent()
        self._outside.settle()
        steps: tuple[AnyStep, ...] = ()
        if self._parts.machine.is_live:
            wanted = set(command.ids if command.ids is not None else self._view.drift)
            goal = revert_goal(lambda: self._view.kernel, self._document.desired, wanted, adopt)
            steps = self._carrying.execute(goal, self._document.desired, {})
            self._carrying.left_out.forget(wanted)
            self.leave_to_policy()
        return self._done(steps, 0.0)


def settle_uplink(parts: Parts) -> None:
    """Switch the uplink as the document says; a problem of it is one of the warnings."""
    if parts.connection.link is not None:
        before = parts.uplink.problem
        parts.uplink.settle(parts.connection.link, has_uplink(parts.document.desired))
        parts.view.stale_warnings |= parts.uplink.problem != before


def _is_whole_document(asked: EditRequest) -> bool:
    """Whether it replaces the document, whatever that was."""
    return len(asked.commands) == 1 and isinstance(asked.commands[0], ApplyDocument)


def is_of_kernel(diff: Diff[AnyRecord]) -> bool:
    """Whether the kernel has anything to do with it."""
    return any(key != ids.LAB and not is_drawing(key) for key in diff.ids)


def has_uplink(records: Records) -> bool:
    """Whether a document asks for an uplink."""
    lab = records.get(ids.LAB)
    return isinstance(lab, Lab) and lab.uplink
