"""Edits: what a person, the history or the policy of a lab asks for, carried out in the kernel and read back."""

import contextlib
import errno
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from protocol import private as p
from protocol.public import Change, Context, Done, Planned
from server.clock import now
from server.lab import merge, rule_trials
from server.lab.policy import adopt
from server.lab.state import State
from server.problems import denied, unavailable
from server.storage import Move, NewEntry
from topology.edit.commands import AnyCommand, ApplyDocument, ImportRules, KeepDrift, Redo, RevertDrift, Undo
from topology.edit.edit import edit
from topology.model import ids
from topology.model.base import HOST
from topology.model.diff import Diff, apply, between, reverse
from topology.model.drawing import is_drawing
from topology.model.graph import Graph
from topology.model.limits import Limits, check
from topology.model.problems import Code, Problem, ProblemError, invalid, refused
from topology.model.records import AnyRecord, Lab, Namespace, Records, as_records
from topology.observe.normal import drift
from topology.plan.iproute2 import commands as shell_commands
from topology.plan.plan import plan
from topology.plan.steps import AnyStep, ChangeTable, MoveInterface
from topology.plan.table_texts import trials

STORE_AGAIN_SECONDS = 5.0
"""Until changes from outside that could not be stored are tried again."""

MAX_ROUNDS = 3
"""Plans until the kernel is as asked: some consequences only show when it is read back."""

MAX_SHELL_COMMANDS = 200
"""An edit with more equivalent commands is published without them."""

TERMINAL, VETHBOARD = "terminal", "vethboard"
"""Authors of edits that no client asked for: a command in a shell, and the server itself."""


class EditRequest(NamedTuple):
    """An edit that somebody asked for. `base`: as in `protocol.editing.Edit`. `started`: when it arrived, in monotonic seconds; 0: not
    measured. `admin`: with the administrator's token."""

    commands: tuple[AnyCommand, ...]
    context: Context
    base: int | None = None
    dry_run: bool = False
    started: float = 0.0
    admin: bool = False


class Draft(NamedTuple):
    """The document as it would be after an edit. `moves`: old to new `ns/name` of renamed interfaces. `made`: ids of new records. `step`:
    the history entry that is undone or redone."""

    after: Records
    moves: Mapping[str, str] = {}
    made: tuple[str, ...] = ()
    step: Change | None = None


class Carried(NamedTuple):
    """An edit that is in the kernel. `goal`: what the kernel should be then, with the tables that it wrote as iptables prints them."""

    steps: tuple[AnyStep, ...]
    goal: Records


class Editing(State):
    """A lab that can be edited."""

    # ---- edits -------------------------------------------------------------------------------------------------------

    def edit(self, asked: EditRequest) -> Done | Planned:
        """Carry out all commands, or none: raises ProblemError, and then nothing has changed."""
        if not _is_whole_document(asked):
            self._refuse_unreadable()
        revert = next((c for c in asked.commands if isinstance(c, RevertDrift)), None)
        if revert is not None:
            if len(asked.commands) > 1 or asked.dry_run:
                raise invalid("revert-drift cannot be combined with other commands or with dry_run", None, "send it alone")
            return self._revert(revert.ids)
        draft = self._only_drawn(asked)
        if draft is None:
            self._settle_outside_changes()
            draft = self._draft(asked)
            draft = draft._replace(after=self._as_printed(draft.after, asked))
        diff = between(self.desired, draft.after)
        self._check(draft.after, diff, asked)
        return self._planned(draft, diff) if asked.dry_run else self._commit(draft, diff, asked)

    def _only_drawn(self, asked: EditRequest) -> Draft | None:
        """The draft of an edit with which the kernel has nothing to do; None for any other, and for one that does not fit the document of
        this moment."""
        try:
            draft = self._draft(asked)
        except ProblemError:
            if self._changed_since is None:
                raise
            return None
        return None if _is_of_kernel(between(self.desired, draft.after)) or draft.step is not None else draft

    def _draft(self, asked: EditRequest) -> Draft:
        draft = Draft(self.desired)
        for command in asked.commands:
            draft = self._with_command(draft, command)
        return draft

    def _with_command(self, draft: Draft, command: AnyCommand) -> Draft:
        """The draft with one more command. Undo and redo start from the document, whatever came before them."""
        match command:
            case Undo():
                change = self._change_or_refuse(self.store.heads.undo, "undo")
                return draft._replace(after=apply(self.desired, reverse(change.diff)), step=change)
            case Redo():
                change = self._change_or_refuse(self.store.heads.redo, "redo")
                return draft._replace(after=apply(self.desired, change.diff), step=change)
            case KeepDrift():
                return draft._replace(after=adopt(draft.after, self.observed.records, command.ids or self._drift))
        result = edit(draft.after, command)
        return Draft(apply(draft.after, result.diff), _compose(draft.moves, result.moves), (*draft.made, *result.made), draft.step)

    def _change_or_refuse(self, change: Change | None, what: str) -> Change:
        if change is None:
            raise ProblemError(Problem(code=Code.UNKNOWN, message=f"there is nothing to {what}"))
        return change

    def _as_printed(self, after: Records, asked: EditRequest) -> Records:
        """The records with rules as iptables-save prints them, where they are compared with existing ones: a rule that is only written
        differently would else be replaced. All other rules are read back after they were applied."""
        if self.state != "live" or self.link is None:
            return after
        compared = [key for key in between(self.desired, after).ids if asked.dry_run or key in self.observed.records]
        if not asked.dry_run and not any(isinstance(c, ApplyDocument | ImportRules) for c in asked.commands):
            return after
        tried = trials(after, self.observed.records, compared)
        return {**after, **rule_trials.printed(self.link, tried, strict=asked.dry_run)}

    # ---- what is refused ---------------------------------------------------------------------------------------------

    def _check(self, after: Records, diff: Diff[AnyRecord], asked: EditRequest) -> None:
        """Raises ProblemError for what the document alone shows to be impossible or not allowed."""
        self._check_conflicts(diff, asked)
        check(self.desired, after, self._limits())
        self._check_firewall(after)
        if _has_uplink(after) and not _has_uplink(self.desired) and not asked.admin:
            raise denied('only the administrator can give a lab an "uplink"')

    def _check_firewall(self, after: Records) -> None:
        lab = after.get(ids.LAB)
        if self.state in ("stopped", "failed") or not isinstance(lab, Lab) or lab.firewall in (None, self.firewall):
            return
        hint = "stop the lab, change it, and start the lab again: each variant sees only its own rules"
        raise refused(errno.EBUSY, ids.LAB, hint, f"the lab is running with {self.firewall}")

    def _check_conflicts(self, diff: Diff[AnyRecord], asked: EditRequest) -> None:
        """Refuse to change a field that somebody else has changed since the author last saw it (`base`).

        Rules of a chain are exempt: a command that refers to a rule says which text it expects there.
        """
        if asked.base is None:
            return
        who = asked.context.session or asked.context.author
        for key in diff.ids:
            for field in fields_of(diff, key):
                if ids.kind_of(key) == "chain" and field in ("rules", "*"):
                    continue
                revision, author = self._authors.get((key, field), (0, ""))
                if revision > asked.base and author != who:
                    hint = "check its current value, and repeat the change if you still want it"
                    raise ProblemError(
                        Problem(code=Code.CONFLICT, message="somebody else has changed this in the meantime", subject=key, hint=hint)
                    )

    def _limits(self) -> Limits:
        """Those the lab was started with. Before its first start the defaults; the start checks again."""
        return self._attached.limits if self._attached is not None else Limits()

    # ---- carried out -------------------------------------------------------------------------------------------------

    def _goal(self, draft: Draft) -> Records:
        """What the kernel is to be: what it is, with the edit alone. Under follow, what differs from the document has just been changed
        from outside: raises ProblemError (CONFLICT) where the edit changes the same."""

        def is_conflict(key: str) -> bool:
            return self.policy == "follow" and key not in self._drift

        return merge.goal(self.desired, draft.after, self.observed.records, draft.moves, is_conflict)

    def _planned(self, draft: Draft, diff: Diff[AnyRecord]) -> Planned:
        """The steps of an edit, against an empty lab where it is not live."""
        live = self.state == "live"
        goal = self._goal(draft) if live else draft.after
        have = self.observed.records if live else as_records(Namespace(name=HOST))
        steps = plan(goal, have, draft.moves, self.observed.baseline, self.observed.initial_mac)
        return Planned(steps=steps, shell=shell_commands(steps), diff=diff, made=draft.made)

    def _commit(self, draft: Draft, diff: Diff[AnyRecord], asked: EditRequest) -> Done:
        """Carry out an edit, store it with its history entry, and publish it. One that cannot be stored is undone in the kernel."""
        steps: tuple[AnyStep, ...] = ()
        before, after, observed = self.desired, draft.after, dict(self.observed.records)
        carried: Carried | None = None
        if self.state == "live" and (_is_of_kernel(diff) or draft.step is not None):
            carried = self._carry_out(draft)
            steps = carried.steps
            after = adopt(after, self.observed.records, self._consequences(after, diff, steps))
        diff = between(before, after)
        shell = shell_commands(steps) if _size(steps) <= MAX_SHELL_COMMANDS else ()
        step = draft.step
        try:
            self._store(after, diff, NewEntry(asked.context, diff, shell) if step is None else Move(step.number, not step.undone))
        except ProblemError:
            if carried is not None:
                self._undo_in_kernel(observed, draft, carried)
            raise
        self.desired = self.observed.like = after
        self._settle_uplink()
        if diff or step is not None:
            self._publish_edit(diff, asked.context, shell)
        if carried is not None:
            self._leave_to_policy()
        seconds = time.monotonic() - asked.started if asked.started and self.state == "live" else None
        return Done(revision=self.revision, steps=len(steps), deploy_seconds=seconds, made=draft.made)

    def _store(self, after: Records, diff: Diff[AnyRecord], entry: Move | NewEntry | None) -> None:
        """Make it durable. Raises ProblemError, and then it is not stored."""
        if self.store.problem is not None and isinstance(entry, NewEntry):
            self.store.replace(after, entry)
            with contextlib.suppress(ProblemError):  # its process may have gone on running
                self._control.ask(lambda id: p.Stop(id=id, lab=self.lab))
            self._set_state("stopped")
        elif diff or isinstance(entry, Move):
            self.store.commit(after, diff, entry)
        if self._storage_failed:  # it works again: have the policy see to what was changed from outside
            self._storage_failed = False
            self._changed_since = self._last_fact = time.monotonic()

    def _undo_in_kernel(self, observed: Records, draft: Draft, carried: Carried) -> None:
        """An edit was carried out and could not be stored: take it back in the kernel, where the records were `observed` before."""
        back = {new: old for old, new in draft.moves.items()}
        target = merge.goal(carried.goal, observed, self.observed.records, back)
        try:
            self._execute(lambda done: _with_observed_tables(target, self.observed.records, done), self.desired, back)
        except ProblemError as e:
            self._notice("error", e.problem)

    def _refuse_unreadable(self) -> None:
        """Raises ProblemError where the stored document does not load."""
        if self.store.problem is not None:
            raise ProblemError(self.store.problem)

    def _publish_edit(self, diff: Diff[AnyRecord], context: Context, shell: tuple[str, ...]) -> None:
        self._remember_authors(diff, context)
        self._publish(desired=diff, context=context, info=True, shell=shell)
        if any(not is_drawing(key) for key in diff.ids):
            self._changed()

    def _settle_uplink(self) -> None:
        """Switch the uplink as the document says; a problem of it is one of the warnings."""
        if self.link is not None:
            before = self.uplink.problem
            self.uplink.settle(self.link, _has_uplink(self.desired))
            self._stale_warnings |= self.uplink.problem != before

    def _adopt_printed_rules(self) -> None:
        """After a start: take the chains into the document as iptables prints them."""
        chains = [key for key in drift(self.desired, self.observed.records) if ids.kind_of(key) == "chain"]
        if chains:
            after = adopt(self.desired, self.observed.records, chains)
            diff = between(self.desired, after)
            try:
                self._store(after, diff, None)
            except ProblemError as e:
                self._cannot_store(e)
                return
            self.desired = self.observed.like = after
            self._publish(desired=diff, context=Context(author=VETHBOARD, label="rules as iptables prints them", at=now()))

    def _remember_authors(self, diff: Diff[AnyRecord], context: Context) -> None:
        """For `_check_conflicts`."""
        who = context.session or context.author
        for key in diff.ids:
            self._authors.update(((key, field), (self.revision + 1, who)) for field in fields_of(diff, key))
        self._stale_warnings = True

    def _carry_out(self, draft: Draft) -> Carried:
        """Make the edit in the kernel, and nothing else: what a shell changes meanwhile stays. Raises ProblemError as `_execute`."""
        first = self._goal(draft)

        def goal(done: Sequence[AnyStep]) -> Records:
            tables = _tables(done)
            return (
                merge.left_over(self.desired, draft.after, self.observed.records, lambda key: _table_of(key) in tables) if done else first
            )

        steps = self._execute(goal, draft.after, draft.moves)
        return Carried(steps, _with_observed_tables(first, self.observed.records, steps))

    def _consequences(self, after: Records, diff: Diff[AnyRecord], steps: Sequence[AnyStep]) -> set[str]:
        """What differs from the document because of the edit: in the records that it changed, in namespaces where it did something. All
        else that differs comes from outside."""
        differing = set(drift(after, self.observed.records)) - set(self._drift)
        touched, tables = self._touched(steps), _tables(steps)

        def is_one(key: str) -> bool:
            table = _table_of(key)
            return key in diff.ids or (table in tables if table else ids.namespace_of(ids.subject_of(key)) in touched)

        return set(filter(is_one, differing))

    def _touched(self, steps: Sequence[AnyStep]) -> set[str]:
        """The namespaces in which steps change something, also by what hangs on an interface."""
        graph, out = Graph(self.observed.records), set()
        for step in steps:
            if isinstance(step, ChangeTable):
                continue
            subject = ids.subject_of(step.subject)
            out.add(ids.namespace_of(subject))
            if ids.is_interface(step.subject):
                out.update(upper.namespace for upper in graph.uppers(subject))
            if isinstance(step, MoveInterface):
                out.add(step.to_namespace)
        return out

    def _execute(self, goal: Callable[[Sequence[AnyStep]], Records], like: Records, moves: Mapping[str, str]) -> tuple[AnyStep, ...]:
        """Apply plans until the kernel, read back, is the goal; the steps of all. `goal`: what that is after the steps that were done.
        `like`: the document by which facts are folded meanwhile.

        Raises ProblemError on a refusal. The lab has then rolled back, and its facts say so.
        """
        before = self.observed.like
        self.observed.like = like
        done: list[AnyStep] = []
        try:
            for number in range(MAX_ROUNDS):
                wanted = goal(done)
                steps = plan(
                    wanted, self.observed.records, moves if number == 0 else None, self.observed.baseline, self.observed.initial_mac
                )
                if not steps:
                    break
                done += steps
                self._apply(steps)
        except ProblemError:
            self.observed.like = before
            self._changed_since = self._last_fact = time.monotonic()  # have the policy see to what was not rolled back
            raise
        return tuple(done)

    def _execute_document(self) -> tuple[AnyStep, ...]:
        """Make the kernel what the document says, whatever it is."""
        steps = self._execute(lambda done: _with_observed_tables(self.desired, self.observed.records, done), self.desired, {})
        self._changed_since = None
        return steps

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

    def _is_fresh(self) -> bool:
        """Whether nothing was ever applied to the lab's process."""
        return self._attached is not None and self._attached.fresh

    def _revert(self, changed: tuple[str, ...] | None) -> Done:
        """Make these records in the kernel as the document says; None: all that drifted."""
        wanted = set(changed if changed is not None else self._drift)

        def goal(done: Sequence[AnyStep]) -> Records:
            tables = _tables(done)
            return adopt(self.observed.records, self.desired, {key for key in wanted if _table_of(key) not in tables})

        steps = self._execute(goal, self.desired, {}) if self.state == "live" else ()
        self._leave_to_policy()
        return Done(revision=self.revision, steps=len(steps))

    def _leave_to_policy(self) -> None:
        """What differs since an edit was carried out comes from outside: have the policy act on it soon. Without that publish the drift."""
        new = set(drift(self.desired, self.observed.records)) - set(self._drift)
        if new and self.policy != "flag":
            self._changed_since = self._changed_since or time.monotonic()
        else:
            self._changed_since = None
            self._show_drift()

    # ---- changes from outside ----------------------------------------------------------------------------------------

    def _quiet(self) -> None:
        """Facts have paused: what differs from the document now was changed from outside. Act as the policy says."""
        if self._changed_since is None:
            self._write_document()
            return
        self._changed_since = None
        if self.state != "live":
            return
        differing = drift(self.desired, self.observed.records)
        if differing and self.policy == "follow":
            self._follow(differing)
        elif differing and self.policy == "enforce":
            self._enforce(differing)
        self._show_drift()

    def _settle_outside_changes(self) -> None:
        """Before an edit: let the policy act on recent changes from outside, so that the edit does not remove them or pass for their
        author."""
        if self._changed_since is not None:
            try:
                self._quiet()
            except ProblemError as e:
                self._failed(e)

    def _follow(self, differing: tuple[str, ...]) -> None:
        """Take the changes into the document, as an edit of its own. While they cannot be stored, they are drift."""
        after = adopt(self.desired, self.observed.records, differing)
        diff = between(self.desired, after)
        context = Context(author=TERMINAL, label=", ".join(map(ids.subject_of, differing[:3])), at=now())
        try:
            self._store(after, diff, NewEntry(context, diff))
        except ProblemError as e:
            self._cannot_store(e)
            return
        self.desired = self.observed.like = after
        self._remember_authors(diff, context)
        self._publish(desired=diff, context=context, info=True)
        self._changed()

    def _cannot_store(self, error: ProblemError) -> None:
        """Say so once, and have the policy try again in a while."""
        if not self._storage_failed:
            self._notice("error", error.problem)
        self._storage_failed = True
        self._changed_since = self._last_fact = time.monotonic() + STORE_AGAIN_SECONDS

    def _enforce(self, differing: tuple[str, ...]) -> None:
        """Undo the changes in the kernel, and say so."""
        steps = self._execute_document()
        if steps:
            message = f"undone, because it was changed from outside: {', '.join(map(ids.subject_of, differing[:5]))}"
            self._notice(
                "info", Problem(code=Code.CONFLICT, message=message, subject=differing[0], hint="the policy of the lab is enforce")
            )

    def _show_drift(self) -> None:
        """Publish the ids that differ between document and kernel, where they are others than before."""
        found = drift(self.desired, self.observed.records) if self.state == "live" else ()
        if found != self._drift:
            self._drift = found
            self._publish(drift=found)


def _is_whole_document(asked: EditRequest) -> bool:
    """Whether it replaces the document, whatever that was."""
    return len(asked.commands) == 1 and isinstance(asked.commands[0], ApplyDocument)


def fields_of(diff: Diff[AnyRecord], key: str) -> tuple[str, ...]:
    """The names of the fields of a record that a diff changes; `*` for one that it adds, removes or replaces by another kind."""
    if key not in diff.updated:
        return ("*",)
    before, after = diff.updated[key]
    if type(before) is not type(after):
        return ("*",)
    return tuple(f for f in before.__struct_fields__ if getattr(before, f) != getattr(after, f))


def _has_uplink(records: Records) -> bool:
    lab = records.get(ids.LAB)
    return isinstance(lab, Lab) and lab.uplink


def _size(steps: tuple[AnyStep, ...]) -> int:
    """How many commands these steps are: a table counts line by line."""
    return sum(len(step.lines) if isinstance(step, ChangeTable) else 1 for step in steps)


def _is_of_kernel(diff: Diff[AnyRecord]) -> bool:
    """Whether the kernel has anything to do with it."""
    return any(key != ids.LAB and not is_drawing(key) for key in diff.ids)


def _tables(steps: Sequence[AnyStep]) -> set[tuple[str, ...]]:
    """The tables that steps write, each as namespace, family and table."""
    return {(s.namespace, s.family, s.table) for s in steps if isinstance(s, ChangeTable)}


def _table_of(key: str) -> tuple[str, ...]:
    """The table that a chain is in; empty for any other record."""
    return tuple(ids.subject_of(key).split("/")[:3]) if ids.kind_of(key) == "chain" else ()


def _with_observed_tables(goal: Records, observed: Records, steps: Sequence[AnyStep]) -> Records:
    """The goal, with the tables that `steps` wrote as iptables prints them: a chain that it prints differently is no difference."""
    tables = _tables(steps)
    if not tables:
        return goal
    written = {key: r for key, r in observed.items() if _table_of(key) in tables}
    return {**{key: r for key, r in goal.items() if _table_of(key) not in tables}, **written}


def _compose(first: Mapping[str, str], second: Mapping[str, str]) -> dict[str, str]:
    """The moves (old → new) of two edits, one after the other, as one."""
    out = {old: second.get(new, new) for old, new in first.items()}
    taken = set(first.values())
    out.update((old, new) for old, new in second.items() if old not in taken)
    return out
