"""Carries edits out in the kernel of a lab: plans, has the lab's process apply them, and reads the kernel back."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from protocol import private as p
from server.lab import merge, rule_trials
from server.lab.document import Draft
from server.lab.parts import Parts
from server.problems import unavailable
from topology.edit.commands import AnyCommand, ApplyDocument, ImportRules
from topology.model import ids
from topology.model.diff import Diff, between
from topology.model.graph import Graph
from topology.model.problems import Code, Problem, ProblemError
from topology.model.records import AnyRecord, Records
from topology.observe.normal import drift
from topology.plan.plan import plan
from topology.plan.steps import AnyStep, ChangeTable, MoveInterface
from topology.plan.table_texts import trials

MAX_ROUNDS = 3
"""Plans until the kernel is as asked: some consequences only show when it is read back."""

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
        self._unfinished: _Unfinished | None = None
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

        def goal(done: Sequence[AnyStep]) -> Records:
            tables = _tables(done)
            return merge.left_over(before, draft.after, view.kernel, lambda key: _table_of(key) in tables) if done else first

        steps = self.execute(goal, draft.after, draft.moves)
        return Carried(steps, with_observed_tables(first, view.kernel, steps))

    def take_back(self, before: Records, carried: Carried, moves: Mapping[str, str] = {}) -> None:
        """An edit was carried out and could not be kept: undo it in the kernel, where the records were `before`. Raises ProblemError."""
        back, view = {new: old for old, new in moves.items()}, self._parts.view
        target = merge.goal(carried.goal, before, view.kernel, back)
        self.execute(lambda done: with_observed_tables(target, view.kernel, done), self._parts.document.desired, back)

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

    def as_printed(self, after: Records, commands: Sequence[AnyCommand], dry_run: bool) -> Records:
        """The records with rules as iptables-save prints them, where they are compared with existing ones: a rule that is only written
        differently would else be replaced. All other rules are read back after they were applied."""
        link, observed = self._parts.connection.link, self._parts.view.kernel
        if not self._parts.machine.is_live or link is None:
            return after
        if not dry_run and not any(isinstance(c, ApplyDocument | ImportRules) for c in commands):
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
        view.compare_with(like)
        done: list[AnyStep] = []
        reached = kernel
        try:
            for number in range(MAX_ROUNDS):
                wanted, now = goal(done), view.observed
                steps = plan(wanted, view.kernel, moves if number == 0 else None, now.baseline, now.initial_mac)
                if not steps:
                    break
                done += steps
                self._apply(steps, wanted)
                reached = with_observed_tables(wanted, view.kernel, steps)
        except ProblemError as e:
            view.compare_with(before)
            view.wait_for_quiet()
            if not self.is_overdue and (e.problem.causes or not self._back(kernel, reached, moves)):
                self._keep_apart(kernel, done)
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
        """Whether a record still is what a failed apply has left; if somebody has changed it since, it is theirs."""
        return key in self._ruins and self._ruins[key] == self._parts.view.observed.records.get(key)

    def _keep_apart(self, before: Records, steps: Sequence[AnyStep]) -> None:
        """After an apply that failed and could not be undone: what it has changed in the kernel is drift, and nobody's edit."""
        now, touched, tables = self._parts.view.kernel, self._touched(steps), _tables(steps)
        changed = between(before, now).ids
        self._ruins = {k: now.get(k) for k in changed if ids.namespace_of(ids.subject_of(k)) in touched or _table_of(k) in tables}
        if self._ruins:
            names = ", ".join(map(ids.subject_of, list(self._ruins)[:5]))
            message = f"a change failed and could not be undone everywhere: {names}"
            hint = "revert the drift to have it as in the document, or keep it"
            problem = Problem(code=Code.CONFLICT, message=message, subject=next(iter(self._ruins)), hint=hint)
            self._parts.publisher.notice("warning", problem)

    def execute_document(self) -> tuple[AnyStep, ...]:
        """Make the kernel what the document says, whatever it is."""
        desired, view = self._parts.document.desired, self._parts.view
        steps = self.execute(lambda done: with_observed_tables(desired, view.kernel, done), desired, {})
        view.pending = None
        return steps

    def _apply(self, steps: tuple[AnyStep, ...], wanted: Records) -> None:
        if self._parts.connection.link is None:
            raise unavailable("the lab's process is gone")
        self._unfinished = _Unfinished(self._parts.view.kernel, wanted, steps)
        applied = self._parts.connection.apply(steps)
        self._unfinished = None
        if applied.problem is not None:
            raise ProblemError(applied.problem)

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
            self._keep_apart(unfinished.before, unfinished.steps)
            raise

    def forget_unfinished(self) -> None:
        """The process in which an apply was under way, or had failed, has ended."""
        self._unfinished, self._ruins = None, {}


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
