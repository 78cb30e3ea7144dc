"""Carries edits out in the kernel of a lab: plans, has the lab's process apply them, and reads the kernel back."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from protocol import private as p
from server.lab import rule_trials
from server.lab.document import Draft, Importing
from server.lab.ignored import ignored
from server.lab.left_out import LeftOut
from server.lab.parts import Parts
from server.lab.unloaded import is_of_chain
from server.problems import unavailable
from topology.edit.commands import AnyCommand, ApplyDocument, ImportRules
from topology.model import ids
from topology.model.diff import Diff, between
from topology.model.graph import Graph
from topology.model.problems import Code, Problem, ProblemError
from topology.model.records import AnyRecord, Records
from topology.observe.normal import drift
from topology.observe.observed import Observed
from topology.plan import merge
from topology.plan.because import because_of
from topology.plan.plan import plan
from topology.plan.steps import AnyStep, ChangeTable, MoveInterface
from topology.plan.table_texts import trials

MAX_ROUNDS = 3
"""Plans until the kernel is as asked: some consequences only show when it is read back."""

_NAMED = 5
"""So much that was left out is said at once; all of it is among the warnings."""

Goal = Callable[[Sequence[AnyStep]], Records]
"""What the kernel is to be, after the steps that were done already."""


class Carried(NamedTuple):
    """An edit that is in the kernel. `goal`: what the kernel should be then, with the tables that it wrote as iptables prints them."""

    steps: tuple[AnyStep, ...]
    goal: Records


class _Unfinished(NamedTuple):
    """An apply that nobody waits for any more. `before`: what the kernel was. `goal`: what it was to be."""

    before: Records
    goal: Records
    steps: tuple[AnyStep, ...]


class Carrying:
    """For one lab."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.left_out = LeftOut()
        self._refused: AnyStep | None = None
        """The step that the last apply was refused for."""
        self._unfinished: _Unfinished | None = None
        self._number = self._concluded = 0
        """Of the edit that is being carried out, or is unfinished; of the last one that was concluded."""
        self._ruins: dict[str, AnyRecord | None] = {}
        """What a failed apply has left in the kernel, by id; None: a record that it has taken away."""

    # ---- an edit -----------------------------------------------------------------------------------------------------

    def goal(self, draft: Draft) -> Records:
        """What the kernel is to be: what it is, with the edit alone. Under follow, what differs from the document has just been changed
        from outside: raises ProblemError (CONFLICT) where the edit changes the same."""
        document, view = self._parts.document, self._parts.view

        def is_conflict(key: str) -> bool:
            return document.policy == "follow" and key not in view.drift

        return merge.goal(document.desired, draft.after, view.kernel, draft.moves, is_conflict)

    def carry_out(self, draft: Draft) -> Carried:
        """Make the edit in the kernel, and nothing else: what a shell changes meanwhile stays. Raises ProblemError as `execute`."""
        first, view, before = self.goal(draft), self._parts.view, self._parts.document.desired
        self._begin(self._parts.document.store.revision + 1)

        def goal(done: Sequence[AnyStep]) -> Records:
            nonlocal first
            if not done:
                first = self.goal(draft)
                return first
            tables = _tables(done)
            return merge.left_over(before, draft.after, view.kernel, lambda key: _table_of(key) in tables)

        steps = self.execute(goal, draft.after, draft.moves)
        return Carried(steps, with_observed_tables(first, view.kernel, steps))

    def take_back(self, before: Records, carried: Carried, moves: Mapping[str, str] = {}) -> None:
        """An edit was carried out and could not be kept: undo it in the kernel, where the records were `before`. Raises ProblemError."""
        self._go_back(carried.goal, before, {new: old for old, new in moves.items()})

    def _go_back(self, after: Records, before: Records, moves: Mapping[str, str]) -> None:
        """Undo in the kernel what made `after` of `before`, and nothing that a shell does meanwhile. Raises ProblemError."""
        view = self._parts.view
        first = merge.goal(after, before, view.kernel, moves)

        def goal(done: Sequence[AnyStep]) -> Records:
            tables = _tables(done)
            return merge.left_over(after, before, view.kernel, lambda key: _table_of(key) in tables) if done else first

        self.execute(goal, self._parts.document.desired, moves)

    def consequences(self, after: Records, diff: Diff[AnyRecord], steps: Sequence[AnyStep]) -> set[str]:
        """What differs from the document because of the edit: in the records that it changed, in namespaces where it did something. All
        else that differs comes from outside."""
        view = self._parts.view
        differing = (set(view.differing()) - diff.ids | {*drift(after, view.kernel, diff.ids)}) - set(view.drift)
        touched, tables = self._touched(steps), _tables(steps)

        def is_one(key: str) -> bool:
            table = _table_of(key)
            return key in diff.ids or (table in tables if table else ids.namespace_of(ids.subject_of(key)) in touched)

        return set(filter(is_one, differing))

    def _touched(self, steps: Sequence[AnyStep]) -> set[str]:
        """The namespaces in which steps change something, also by what hangs on an interface."""
        graph, out = Graph(self._parts.view.kernel), set()
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

    def importing(self) -> Importing | None:
        """How rules are imported: by the iptables-restore of a lab that is live; None: as far as their text tells."""
        link = self._parts.connection.link
        if not self._parts.machine.is_live or link is None:
            return None
        return partial(rule_trials.imported, link)

    def as_printed(self, after: Records, commands: Sequence[AnyCommand], dry_run: bool) -> Records:
        """The records with rules as iptables-save prints them, where they are compared with existing ones: a rule that is only written
        differently would else be replaced. All other rules are read back after they were applied."""
        link, observed = self._parts.connection.link, self._parts.view.kernel
        if not self._parts.machine.is_live or link is None:
            return after
        if all(isinstance(c, ImportRules) for c in commands) or not (dry_run or any(isinstance(c, ApplyDocument) for c in commands)):
            return after
        compared = [key for key in between(self._parts.document.desired, after).ids if dry_run or key in observed]
        return {**after, **rule_trials.printed(link, trials(after, observed, compared), strict=dry_run)}

    # ---- plans -------------------------------------------------------------------------------------------------------

    def execute(self, goal: Goal, like: Records, moves: Mapping[str, str]) -> tuple[AnyStep, ...]:
        """Apply plans until the kernel, read back, is the goal; the steps of all. `like`: the document by which facts are folded meanwhile.

        Raises ProblemError on a refusal: the lab has then rolled back, and its facts say so.
        """
        view = self._parts.view
        before, kernel = view.observed.like, view.kernel
        done: list[AnyStep] = []
        reached, steps = kernel, tuple[AnyStep, ...]()
        try:
            for number in range(MAX_ROUNDS):
                wanted, now, last = goal(done), view.observed, steps
                view.compare_with(like)  # not sooner: what only this document states is no change from outside
                steps = plan(wanted, view.kernel, None if done else moves, now.baseline, now.initial_mac)
                if not steps:
                    break
                if steps == last:
                    self._refused = steps[0]
                    raise ignored(steps)
                if self._is_overtaken(steps, wanted, is_last=number == MAX_ROUNDS - 1):
                    steps = ()
                    view.compare_with(like if done else before)
                    continue
                done += steps
                reached = with_observed_tables(wanted, view.kernel, steps)
        except ProblemError as e:
            view.compare_with(before)
            view.wait_for_quiet()
            if not self.is_overdue and (e.problem.causes or not self._back(kernel, reached, moves)):
                self._keep_apart(kernel, self._is_by((*done, *steps)))
            if not self.is_overdue:
                self.conclude()
            raise
        return tuple(done)

    def _back(self, before: Records, reached: Records, moves: Mapping[str, str]) -> bool:
        """Undo the rounds before the refused one, which the lab has undone itself; whether that was done."""
        if reached is before:
            return True
        observed, back = self._parts.view.observed, {new: old for old, new in moves.items()}
        target = merge.goal(reached, before, observed.records.whole(), back)
        try:
            if steps := plan(target, observed.records.whole(), back, observed.baseline, observed.initial_mac):
                self._apply(steps, target)
        except ProblemError:
            return False
        return True

    # ---- what is left of what failed ---------------------------------------------------------------------------------

    @property
    def is_overdue(self) -> bool:
        """Whether an apply has not been answered yet: meanwhile nothing is adopted."""
        return self._unfinished is not None

    def is_ruin(self, key: str) -> bool:
        """Whether a record still is what a failed apply or start has left; if somebody has changed it since, it is theirs."""
        observed = self._parts.view.kernel
        return self.is_left_out(key) or (key in self._ruins and self._ruins[key] == observed.get(key))

    def is_left_out(self, key: str) -> bool:
        """Whether a record differs from the document only because the kernel refused something of it at the start."""
        return self.left_out.explains(key, self._parts.view.kernel)

    def _is_by(self, steps: Sequence[AnyStep]) -> Callable[[str], bool]:
        """Whether a record may have been changed by these steps."""
        touched, tables = self._touched(steps), _tables(steps)
        return lambda key: ids.namespace_of(ids.subject_of(key)) in touched or _table_of(key) in tables

    def _keep_apart(self, before: Mapping[str, AnyRecord], is_ours: Callable[[str], bool]) -> None:
        """After an apply that failed and could not be undone: what it has changed in the kernel is drift, and nobody's edit."""
        now = self._parts.view.kernel
        self._ruins = {key: now.get(key) for key in between(before, now).ids if is_ours(key)}
        if self._ruins:
            names = ", ".join(map(ids.subject_of, list(self._ruins)[:5]))
            message = f"a change failed and could not be undone everywhere: {names}"
            hint = "revert the drift to have it as in the document, or keep it"
            problem = Problem(code=Code.CONFLICT, message=message, subject=next(iter(self._ruins)), hint=hint)
            self._parts.publisher.notice("warning", problem)

    def execute_document(self) -> tuple[AnyStep, ...]:
        """Make the kernel what the document says, whatever it is; but for what was refused at the start."""
        view = self._parts.view
        desired = self.left_out.without(self._parts.document.desired)
        steps = self.execute(lambda done: with_observed_tables(desired, view.kernel, done), desired, {})
        view.pending = None
        return steps

    def _is_overtaken(self, steps: tuple[AnyStep, ...], wanted: Records, is_last: bool) -> bool:
        """Do the steps. Whether a shell has changed the rules that they mean by number, after the last facts: then nothing was done, and
        they have to be planned again. Raises ProblemError on another refusal, as `_apply`, and on this one in the last round.
        """
        before = self._parts.view.kernel
        try:
            self._apply(steps, wanted)
        except ProblemError as e:
            is_overtaken = e.problem.code == Code.CONFLICT and is_of_chain(e.problem) and not e.problem.causes
            if is_last or not is_overtaken or self._parts.view.kernel == before:
                raise
            return True
        return False

    def build(self) -> tuple[AnyStep, ...]:
        """Make an empty lab what the document says. What the kernel refuses is left out, and named."""
        self.left_out.forget()
        while True:
            self._refused = None
            try:
                steps = self.execute_document()
                break
            except ProblemError as e:
                link, desired = self._parts.connection.link, self._parts.document.desired
                if link is None or not self.left_out.leave_out(link, desired, self._refused, e.problem):
                    raise
        view = self._parts.view
        self.left_out.saw(self._parts.document.desired, view.kernel)
        for problem in self.left_out.problems[:_NAMED]:
            self._parts.publisher.notice("warning", problem)
        if self.left_out.problems:
            view.stale_warnings = True
            view.wait_for_quiet()
        return steps

    def settle(self) -> None:
        """After the document or the kernel has changed: what still is not loaded."""
        if self.left_out.problems:
            view = self._parts.view
            self.left_out.settle(self._parts.document.desired, view.differing())
            view.stale_warnings = True

    def look_for_unloaded(self) -> None:
        """A lab that was found running: the chains that differ from the document because rules of theirs cannot be loaded."""
        if (link := self._parts.connection.link) is not None:
            view = self._parts.view
            self.left_out.rules.look_at(link, self._parts.document.desired, view.kernel, view.differing())

    def _apply(self, steps: tuple[AnyStep, ...], wanted: Records) -> None:
        if self._parts.connection.link is None:
            raise unavailable("the lab's process is gone")
        self._unfinished = _Unfinished(self._parts.view.kernel, wanted, steps)
        applied = self._parts.connection.apply(steps, self._number)
        self._unfinished = None
        if applied.problem is not None:
            self._refused = steps[applied.failed] if applied.failed is not None else None
            raise ProblemError(applied.problem)

    # ---- what was begun and not finished -----------------------------------------------------------------------------

    def _begin(self, number: int) -> None:
        """An edit with the number of the revision that it will make. Until it is concluded, the lab's process remembers it."""
        self._number, self._concluded = number, 0

    def conclude(self) -> None:
        """The edit is in the database, or is undone."""
        if self._number:
            self._parts.connection.conclude(self._number)
            self._number, self._concluded = 0, self._number

    def finish(self, attached: p.Attached) -> None:
        """After a new connection to a process that was used before: undo what is there of an edit that is not in the database, because the
        connection, or another server, was lost in the middle of it. Raises ProblemError."""
        edit = attached.open_edit
        if edit is not None and self._is_open(edit.number):
            self._unfinished = None
            self._begin(edit.number)
            self._undo(edit, attached.sysctls)
            return
        if edit is not None:
            self._parts.connection.conclude(edit.number)
        if self._number:  # the process has undone it itself, or it never came there
            self._unfinished, self._number = None, 0
        self.undo_unfinished()

    def _is_open(self, number: int) -> bool:
        """Whether this edit, which the process remembers, is neither in the database nor undone."""
        return number == self._number or self._parts.document.store.revision < number != self._concluded

    def _undo(self, edit: p.OpenEdit, baseline: Mapping[str, str]) -> None:
        """Raises ProblemError; what could not be undone is drift then."""
        state = Observed(baseline, self._parts.document.desired)
        state.fold(edit.before)
        before = state.records.whole()
        state.fold(edit.changes)
        after = because_of(edit.steps, before, state.records.whole())
        there = self._parts.view.kernel
        moves = {now: old for now, old in edit.moves.items() if ids.interface(now) in there and ids.interface(old) not in there}
        try:
            self._go_back(after, before, moves)
        except ProblemError:
            self._keep_apart(before, between(before, after).ids.__contains__)
            raise
        self.conclude()

    def applied_late(self, applied: p.Applied) -> None:
        """An apply has ended that nobody waits for any more; its edit was refused as unanswered. Undo it. Raises ProblemError."""
        if applied.problem is not None:
            self._unfinished = None
        self.undo_unfinished()

    def undo_unfinished(self) -> None:
        """Undo what is there of an apply whose answer was lost. When the process answers again, it has ended. Raises ProblemError."""
        unfinished, self._unfinished = self._unfinished, None
        if unfinished is None:
            return
        try:
            self.take_back(unfinished.before, Carried((), unfinished.goal))
        except ProblemError:
            self._keep_apart(unfinished.before, self._is_by(unfinished.steps))
            raise
        self.conclude()

    def forget_unfinished(self) -> None:
        """The process in which an apply was under way, or had failed, has ended."""
        self._unfinished, self._ruins, self._number = None, {}, 0


def _tables(steps: Sequence[AnyStep]) -> set[tuple[str, ...]]:
    """The tables that steps write, each as namespace, family and table."""
    return {(s.namespace, s.family, s.table) for s in steps if isinstance(s, ChangeTable)}


def _table_of(key: str) -> tuple[str, ...]:
    """The table that a chain is in; empty for any other record."""
    return ids.chain_parts(key)[:3] if ids.kind_of(key) == "chain" else ()


def with_observed_tables(goal: Records, observed: Mapping[str, AnyRecord], steps: Sequence[AnyStep]) -> Records:
    """The goal, with the tables that `steps` wrote as iptables prints them: a chain that it prints differently is no difference."""
    tables = _tables(steps)
    if not tables:
        return goal
    written = {key: r for key, r in observed.items() if _table_of(key) in tables}
    return {**{key: r for key, r in goal.items() if _table_of(key) not in tables}, **written}


def revert_goal(observed: Callable[[], Mapping[str, AnyRecord]], desired: Records, wanted: set[str], adopt: Callable[..., Records]) -> Goal:
    """The observed records, with `wanted` as the document says."""
    return lambda done: adopt(observed(), desired, {key for key in wanted if _table_of(key) not in _tables(done)})
