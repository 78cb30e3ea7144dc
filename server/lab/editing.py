"""Edits: what a person, the history or a lab's policy asks, carried out in the kernel and read back."""

import contextlib
import errno
import time
from collections.abc import Mapping
from typing import NamedTuple

from protocol import private as p
from protocol.public import Change, Context, Done, Planned
from server.access import denied
from server.agent_link import unavailable
from server.clock import now
from server.lab import chain_texts as texts
from server.lab.policy import adopt, target
from server.lab.state import State
from server.storage import Move, NewEntry
from topology.edit.commands import AnyCommand, ApplyDocument, ImportRules, KeepDrift, Redo, RevertDrift, Undo
from topology.edit.edit import edit
from topology.model.diff import Diff, apply, between, reverse
from topology.model.drawing import is_drawing
from topology.model.limits import Limits, check
from topology.model.problems import Code, Problem, ProblemError, invalid, refused
from topology.model.records import AnyRecord, Chain, Lab, Namespace, Records, as_records
from topology.observe.normal import drift
from topology.plan.iproute2 import commands as shell_commands
from topology.plan.plan import plan
from topology.plan.steps import AnyStep, ChangeTable
from topology.plan.table_texts import trials

STORE_AGAIN_SECONDS = 5.0
"""After what somebody did in a shell could not be stored."""
ROUNDS = 3
"""Plans at most until the kernel is what was asked: some consequences only show when it was read back."""


class Asked(NamedTuple):
    """An edit that somebody asked for."""

    commands: tuple[AnyCommand, ...]
    context: Context
    base: int | None = None
    dry_run: bool = False
    started: float = 0.0
    admin: bool = False
    """By the administrator's token."""


class Editing(State):
    """A lab that can be edited."""

    # ---- edits -------------------------------------------------------------------------------------------------------

    def edit(self, asked: Asked) -> Done | Planned:
        """All commands or none. Raises ProblemError, and then nothing has changed."""
        if not _is_whole_document(asked):
            self._refuse_unreadable()
        moves: dict[str, str] = {}
        made: list[str] = []
        after = self.desired
        change: Change | None = None
        for command in asked.commands:
            if isinstance(command, Undo | Redo):
                change, after = self._again(isinstance(command, Undo))
            elif isinstance(command, KeepDrift):
                after = adopt(after, self.observed.records, command.ids or self._drift)
            elif isinstance(command, RevertDrift):
                if len(asked.commands) > 1 or asked.dry_run:
                    raise invalid("revert-drift stands alone, and is not tried dry", None, "ask for it by itself")
                return self._revert(command.ids)
            else:
                result = edit(after, command)
                after = apply(after, result.diff)
                moves = _compose(moves, result.moves)
                made += result.made
        after = self._as_printed(after, asked)
        diff = between(self.desired, after)
        self._refuse_stale(diff, asked)
        check(self.desired, after, self._limits())
        self._refuse_firewall(after)
        if _has_uplink(after) and not _has_uplink(self.desired) and not asked.admin:
            raise denied('only the administrator can give a lab an "uplink"')
        if asked.dry_run:
            return self._planned(after, diff, moves, tuple(made))
        return self._commit(after, diff, moves, tuple(made), asked, change)

    def _again(self, undo: bool) -> tuple[Change, Records]:
        change = self.store.heads.undo if undo else self.store.heads.redo
        if change is None:
            raise ProblemError(Problem(code=Code.UNKNOWN, message=f"there is nothing to {'undo' if undo else 'do again'}"))
        return change, apply(self.desired, reverse(change.diff) if undo else change.diff)

    def _as_printed(self, after: Records, asked: Asked) -> Records:
        """With rules as iptables-save prints them, where they have to be compared with those that are there: else a rule that is only
        written otherwise would be made anew. All other rules are learned when they have been applied."""
        if self.state != "live" or self.link is None:
            return after
        compared = [key for key in between(self.desired, after).ids if asked.dry_run or key in self.observed.records]
        if not asked.dry_run and not any(isinstance(c, ApplyDocument | ImportRules) for c in asked.commands):
            return after
        return {**after, **texts.printed(self.link, trials(after, self.observed.records, compared), strict=asked.dry_run)}

    def _refuse_firewall(self, after: Records) -> None:
        lab = after.get("lab:")
        if self.state in ("stopped", "failed") or not isinstance(lab, Lab) or lab.firewall in (None, self.firewall):
            return
        hint = "stop it, set it, start it: rules of the one are not seen by the other"
        raise refused(errno.EBUSY, "lab:", hint, f"the lab runs with {self.firewall}")

    def _refuse_stale(self, diff: Diff[AnyRecord], asked: Asked) -> None:
        """Somebody else changed the same field since the author last saw it."""
        if asked.base is None:
            return
        who = asked.context.session or asked.context.author
        for key in diff.ids:
            for field in fields_of(diff, key):
                if key.startswith("chain:") and field in ("rules", "*"):
                    continue  # a command that points at a rule says which one it means
                revision, author = self._authors.get((key, field), (0, ""))
                if revision > asked.base and author != who:
                    hint = "look at what it is now, and change it again if you still want to"
                    raise ProblemError(Problem(code=Code.CONFLICT, message="somebody else changed this just now", subject=key, hint=hint))

    def _goal(self, after: Records, diff: Diff[AnyRecord]) -> Records:
        """What the kernel shall be: the document; where things differ already that nobody asked about, only the edit."""
        return target(self.observed.records, diff) if self._drift else after

    def _planned(self, after: Records, diff: Diff[AnyRecord], moves: Mapping[str, str], made: tuple[str, ...]) -> Planned:
        if self.state == "live":
            goal, have = self._goal(after, diff), self.observed.records
        else:
            goal, have = after, as_records(Namespace(name="host"))
        steps = plan(goal, have, moves, self.observed.baseline, self.observed.born_mac)
        return Planned(steps=steps, shell=shell_commands(steps), diff=diff, made=made)

    def _commit(
        self, after: Records, diff: Diff[AnyRecord], moves: Mapping[str, str], made: tuple[str, ...], asked: Asked, change: Change | None
    ) -> Done:
        steps: tuple[AnyStep, ...] = ()
        before, observed = self.desired, dict(self.observed.records)
        if self.state == "live":
            steps = self._carry_out(self._goal(after, diff), after, moves)
            missed = set(drift(after, self.observed.records)) - set(self._drift)
            after = adopt(after, self.observed.records, missed)
        diff = between(before, after)
        shell = shell_commands(steps) if _size(steps) <= 200 else ()
        entry = Move(change.number, not change.undone) if change is not None else NewEntry(asked.context, diff, shell)
        try:
            self._store(after, diff, entry)
        except ProblemError:
            self._take_back(observed, before, moves)
            raise
        self.desired = self.observed.like = after
        self._settle_uplink()
        if diff or change is not None:
            self._noted(diff, asked.context)
            self._publish(desired=diff, context=asked.context, info=True, shell=shell)
            if any(not is_drawing(key) for key in diff.ids):
                self._changed()
        self._show_drift()
        seconds = time.monotonic() - asked.started if asked.started and self.state == "live" else None
        return Done(revision=self.revision, steps=len(steps), deploy_seconds=seconds, made=made)

    def _store(self, after: Records, diff: Diff[AnyRecord], entry: Move | NewEntry | None) -> None:
        """Make it durable. Raises ProblemError, and then it is not."""
        if self.store.problem is not None and isinstance(entry, NewEntry):
            self.store.replace(after, entry)
            with contextlib.suppress(ProblemError):  # it may have run on without the server
                self._control.ask(lambda id: p.Stop(id=id, lab=self.lab))
            self._set_state("stopped")
        elif diff or isinstance(entry, Move):
            self.store.commit(after, diff, entry)
        if self._told_of_storage:  # it works again: now also what somebody did in a shell meanwhile
            self._told_of_storage = False
            self._outside = self._last_fact = time.monotonic()

    def _take_back(self, observed: Records, desired: Records, moves: Mapping[str, str]) -> None:
        """What was carried out in the kernel could not be stored: make it what it was."""
        if self.state != "live":
            return
        try:
            self._carry_out(observed, desired, {new: old for old, new in moves.items()})
        except ProblemError as e:
            self._notice("error", e.problem)

    def _refuse_unreadable(self) -> None:
        if self.store.problem is not None:
            raise ProblemError(self.store.problem)

    def _settle_uplink(self) -> None:
        """As the document says; what stands in the way is one of the warnings."""
        if self.link is not None:
            before = self.uplink.problem
            self.uplink.settle(self.link, _has_uplink(self.desired))
            self._stale_warnings |= self.uplink.problem != before

    def _keep_printed(self) -> None:
        """After a document was deployed: its rules are as iptables prints them from now on."""
        ids = [key for key in drift(self.desired, self.observed.records) if key.startswith("chain:")]
        if ids:
            after = adopt(self.desired, self.observed.records, ids)
            diff = between(self.desired, after)
            try:
                self._store(after, diff, None)
            except ProblemError as e:
                self._not_stored(e)
                return
            self.desired = self.observed.like = after
            self._publish(desired=diff, context=Context(author="vethboard", label="rules as iptables prints them", at=now()))

    def _noted(self, diff: Diff[AnyRecord], context: Context) -> None:
        who = context.session or context.author
        for key in diff.ids:
            self._authors.update(((key, field), (self.revision + 1, who)) for field in fields_of(diff, key))
        self._stale_warnings = True

    def _carry_out(self, goal: Records, like: Records, moves: Mapping[str, str]) -> tuple[AnyStep, ...]:
        """Steps until the kernel, read back, is the goal. On a refusal the lab has undone them: the old state is told by facts."""
        before = self.observed.like
        self.observed.like = like
        done: list[AnyStep] = []
        try:
            for number in range(ROUNDS):
                steps = plan(goal, self.observed.records, moves if number == 0 else None, self.observed.baseline, self.observed.born_mac)
                if not steps:
                    break
                done += steps
                self._apply(steps)
                goal = _as_taken(goal, self.observed.records, steps)
        except ProblemError:
            self.observed.like = before
            self._outside = self._last_fact = time.monotonic()  # look whether all is as it was
            raise
        self._outside = None
        return tuple(done)

    def _apply(self, steps: tuple[AnyStep, ...]) -> None:
        if self.link is None:
            raise unavailable("the lab's process is gone")
        self._applied = None
        self.link.send(lambda id: p.Apply(id=id, steps=steps))
        self._wait(lambda: self._applied is not None, "it applied the edit")
        if (problem := self._refusal()) is not None:
            raise ProblemError(problem)

    def _refusal(self) -> Problem | None:
        return self._applied.problem if self._applied is not None else None

    def _limits(self) -> Limits:
        """Those it was started with; while it never was, the default, and its start looks again."""
        return self._attached.limits if self._attached is not None else Limits()

    def _is_fresh(self) -> bool:
        """Whether nothing was ever applied to the lab's process."""
        return self._attached is not None and self._attached.fresh

    def _revert(self, ids: tuple[str, ...] | None) -> Done:
        """Make the kernel be what the document says, of these records."""
        wanted = set(ids if ids is not None else self._drift)
        goal = adopt(self.observed.records, self.desired, wanted)
        steps = self._carry_out(goal, self.desired, {}) if self.state == "live" else ()
        self._show_drift()
        return Done(revision=self.revision, steps=len(steps))

    # ---- changes from outside ----------------------------------------------------------------------------------------

    def _quiet(self) -> None:
        """Facts have been quiet: what differs now is somebody else's doing."""
        if self._outside is None:
            self._write_document()
            return
        self._outside = None
        if self.state != "live":
            return
        ids = drift(self.desired, self.observed.records)
        if not ids:
            self._show_drift()
            return
        if self.policy == "follow":
            self._follow(ids)
        elif self.policy == "enforce":
            self._put_back(ids)
        self._show_drift()

    def _follow(self, ids: tuple[str, ...]) -> None:
        """Take over what was changed from outside; where it cannot be stored, it is drift until it can."""
        after = adopt(self.desired, self.observed.records, ids)
        diff = between(self.desired, after)
        context = Context(author="terminal", label=", ".join(key.partition(":")[2] for key in ids[:3]), at=now())
        try:
            self._store(after, diff, NewEntry(context, diff))
        except ProblemError as e:
            self._not_stored(e)
            return
        self.desired = self.observed.like = after
        self._noted(diff, context)
        self._publish(desired=diff, context=context, info=True)
        self._changed()

    def _not_stored(self, error: ProblemError) -> None:
        """Say so once, and try again in a while."""
        if not self._told_of_storage:
            self._notice("error", error.problem)
        self._told_of_storage = True
        self._outside = self._last_fact = time.monotonic() + STORE_AGAIN_SECONDS

    def _put_back(self, ids: tuple[str, ...]) -> None:
        steps = self._carry_out(self.desired, self.desired, {})
        if steps:
            message = f"put back what was changed from outside: {', '.join(key.partition(':')[2] for key in ids[:5])}"
            self._notice("info", Problem(code=Code.CONFLICT, message=message, subject=ids[0], hint="the lab's policy is enforce"))

    def _show_drift(self) -> None:
        found = drift(self.desired, self.observed.records) if self.state == "live" else ()
        if found != self._drift:
            self._drift = found
            self._publish(drift=found)


def _is_whole_document(asked: Asked) -> bool:
    """Whether it replaces the document, whatever that was."""
    return len(asked.commands) == 1 and isinstance(asked.commands[0], ApplyDocument)


def fields_of(diff: Diff[AnyRecord], key: str) -> tuple[str, ...]:
    """The fields that a diff changes of a record; of one that comes or goes, all of it."""
    if key not in diff.updated:
        return ("*",)
    before, after = diff.updated[key]
    if type(before) is not type(after):
        return ("*",)
    return tuple(f for f in before.__struct_fields__ if getattr(before, f) != getattr(after, f))


def _has_uplink(records: Records) -> bool:
    lab = records.get("lab:")
    return isinstance(lab, Lab) and lab.uplink


def _size(steps: tuple[AnyStep, ...]) -> int:
    """How many commands they are."""
    return sum(len(step.lines) if isinstance(step, ChangeTable) else 1 for step in steps)


def _as_taken(goal: Records, observed: Records, steps: tuple[AnyStep, ...]) -> Records:
    """The goal, with the rules of the tables that were just written as iptables prints them."""
    tables = {f"chain:{s.namespace}/{s.family}/{s.table}/" for s in steps if isinstance(s, ChangeTable)}
    if not tables:
        return goal

    def written(records: Records) -> Records:
        return {k: r for k, r in records.items() if isinstance(r, Chain) and k[: k.rindex("/") + 1] in tables}

    was = written(goal)
    return {**{key: r for key, r in goal.items() if key not in was}, **written(observed)}


def _compose(first: Mapping[str, str], second: Mapping[str, str]) -> dict[str, str]:
    """Old → new over two sets of moves, one after the other."""
    out = {old: second.get(new, new) for old, new in first.items()}
    taken = set(first.values())
    out.update((old, new) for old, new in second.items() if old not in taken)
    return out
