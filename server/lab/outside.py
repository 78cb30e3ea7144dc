"""Changes from outside: what differs from the document and no edit explains. The policy of the lab says what happens to it."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from protocol.public import Context
from server.clock import now
from server.lab.carrying import Carrying
from server.lab.document import fields_of
from server.lab.parts import Parts
from server.lab.policy import Backoff, adopt
from server.lab.states import Event
from server.storage import Amend, NewEntry
from topology.model import ids
from topology.model.diff import Diff, between, squash
from topology.model.problems import Code, Problem, ProblemError
from topology.model.records import AnyRecord

STORE_AGAIN_SECONDS = 5.0
"""Until changes from outside that could not be stored are tried again."""

OVERDUE_SECONDS = 0.5
"""Until the policy looks again whether an apply has been answered."""

SQUASH_SECONDS = 10.0
"""A field that changes again within this time is another version of the same history entry."""

TERMINAL, VETHBOARD = "terminal", "vethboard"
"""Authors of edits that no client asked for: a command in a shell, and the server itself."""


class _Last(NamedTuple):
    """The history entry that `follow` made last: its number, when it was made or amended, in monotonic seconds, and the fields that it and
    those right before it are about, each of which came soon after the one before: so two interfaces that flap in turn are two entries."""

    number: int = 0
    fields: frozenset[tuple[str, str]] = frozenset()
    at: float = 0.0


class Outside:
    """For one lab."""

    def __init__(self, parts: Parts, carrying: Carrying) -> None:
        self._parts, self._carrying = parts, carrying
        self._document, self._view, self._publisher = parts.document, parts.view, parts.publisher
        self._backoff = Backoff()
        self._last = _Last()
        self._storage_failed = False
        """It was said that changes from outside cannot be stored."""

    def settle(self) -> None:
        """Before an edit: act on recent changes, so that they do not pass for its author's."""
        if self._view.pending is not None:
            try:
                self.act()
            except ProblemError as e:
                self._publisher.notice("error", e.problem)

    def act(self) -> None:
        """Facts have paused: what differs from the document now was changed from outside."""
        if not self._parts.machine.is_live:
            return  # it stays to be seen to
        if self._carrying.is_overdue:
            self._view.wait_for_quiet(OVERDUE_SECONDS)
            return
        self._view.pending = None
        differing = self._view.differing()
        if not differing:
            self._backoff.reset()
        elif self._document.policy == "follow":
            if adopted := [key for key in differing if not self._carrying.is_ruin(key)]:
                self._follow(adopted)
        elif self._document.policy == "enforce" and (undone := [key for key in differing if not self._carrying.is_left_out(key)]):
            self._enforce(undone)
        self._carrying.settle()
        self._view.show_drift(self._view.differing())

    # ---- follow ------------------------------------------------------------------------------------------------------

    def _follow(self, differing: Sequence[str]) -> None:
        """Take the changes into the document, as an edit of its own. While they cannot be stored, they are drift."""
        desired = self._document.desired
        unloaded = self._carrying.left_out.rules
        after = adopt(desired, unloaded.with_them(desired, self._view.kernel, differing), differing)
        diff = between(desired, after)
        context = Context(author=TERMINAL, label=", ".join(map(ids.subject_of, differing[:3])), at=now())
        entry = self._entry(diff, context)
        try:
            self._document.keep(after, diff, entry)
        except ProblemError as e:
            self._cannot_store(e)
            return
        unloaded.saw(self._view.kernel)
        self._remember_entry(diff, isinstance(entry, Amend))
        self._adopted(diff, context)
        self._parts.changed()

    def _entry(self, diff: Diff[AnyRecord], context: Context) -> NewEntry | Amend:
        """A new entry; the one before, amended, where its fields have just changed again: a flapping interface is one entry."""
        undo = self._document.store.heads.undo
        is_recent = time.monotonic() - self._last.at < SQUASH_SECONDS
        if undo is not None and is_recent and undo.number == self._last.number and _fields(diff) <= self._last.fields:
            return Amend(context, squash(undo.diff, diff))
        return NewEntry(context, diff)

    def _remember_entry(self, diff: Diff[AnyRecord], amended: bool) -> None:
        undo, now = self._document.store.heads.undo, time.monotonic()
        number = undo.number if undo is not None else 0
        goes_on = amended or (number == self._last.number + 1 and now - self._last.at < SQUASH_SECONDS)
        self._last = _Last(number, _fields(diff) | (self._last.fields if goes_on else frozenset()), now)

    def _adopted(self, diff: Diff[AnyRecord], context: Context) -> None:
        self.stored()
        self._view.compare_with(self._document.desired)
        self._document.remember(diff, context, self._publisher.revision + 1)
        self._view.stale_warnings = True
        self._publisher.publish(desired=diff, context=context, info=True)

    def adopt_printed_rules(self) -> None:
        """After a start: take the chains into the document as iptables prints them."""
        chains = [key for key in self._view.differing() if ids.kind_of(key) == "chain"]
        if not chains:
            return
        desired, unloaded = self._document.desired, self._carrying.left_out.rules
        after = adopt(desired, self._view.kernel, [key for key in chains if key not in unloaded.found])
        after = unloaded.as_printed(after, self._view.kernel)
        diff = between(desired, after)
        try:
            self._document.keep(after, diff, None)
        except ProblemError as e:
            self._cannot_store(e)
            return
        self._adopted(diff, Context(author=VETHBOARD, label="rules as iptables prints them", at=now()))

    # ---- enforce -----------------------------------------------------------------------------------------------------

    def _enforce(self, differing: Sequence[str]) -> None:
        """Undo the changes in the kernel, and say so. What cannot be undone is drift, and is tried again less and less often."""
        try:
            steps = self._carrying.execute_document()
        except ProblemError as e:
            self._cannot_enforce(differing, e.problem)
            return
        left = [key for key in self._view.differing() if not self._carrying.is_left_out(key)]
        if left:
            message = f"cannot be undone: {', '.join(map(ids.subject_of, left[:5]))}"
            self._cannot_enforce(left, Problem(code=Code.CONFLICT, message=message, subject=left[0]))
            return
        self._backoff.reset()
        if steps:
            message = f"undone, because it was changed from outside: {', '.join(map(ids.subject_of, differing[:5]))}"
            hint = "the policy of the lab is enforce"
            self._publisher.notice("info", Problem(code=Code.CONFLICT, message=message, subject=differing[0], hint=hint))

    def _cannot_enforce(self, differing: Sequence[str], problem: Problem) -> None:
        seconds, is_news = self._backoff.failed(differing)
        if is_news:
            self._publisher.notice("error", problem)
        self._view.wait_for_quiet(seconds)

    # ---- the database ------------------------------------------------------------------------------------------------

    def _cannot_store(self, error: ProblemError) -> None:
        """Say so once, and try again in a while."""
        if not self._storage_failed:
            self._publisher.notice("error", error.problem)
        self._storage_failed = True
        self._view.wait_for_quiet(STORE_AGAIN_SECONDS)

    def stored(self) -> None:
        """Something was stored: if that was not possible before, see to what was changed meanwhile."""
        if self._storage_failed:
            self._storage_failed = False
            self._view.wait_for_quiet()

    def unfailed(self) -> None:
        """A document that did not load was replaced: the lab can be started."""
        self._parts.machine.take(Event.STOP)
        self._parts.machine.take(Event.ENDED)


def _fields(diff: Diff[AnyRecord]) -> frozenset[tuple[str, str]]:
    return frozenset((key, field) for key in diff.ids for field in fields_of(diff, key))
