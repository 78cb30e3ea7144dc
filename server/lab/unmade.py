"""What of the document the kernel of the lab refused at the start: the lab runs without it, and the document keeps it."""

import errno
from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

import msgspec

from topology.document.gateways import gateways
from topology.edit.left_out import left_out
from topology.model.diff import between
from topology.model.problems import Code, Problem
from topology.model.records import AnyRecord, Records, Route
from topology.plan.steps import AddRoute, AnyStep, ChangeTable

_HINT = "it stays in the document: change it, or make what it needs and revert its drift to try again"
_NO_ROOM: Final = frozenset({errno.ENOMEM, errno.ENOBUFS, errno.ENOSPC, errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.EINTR, errno.EPIPE})
"""Errors that say nothing about the entry: there is no room, or no connection."""


class _Refused(NamedTuple):
    step: AnyStep
    problem: Problem


class Unmade:
    """Of one lab."""

    def __init__(self) -> None:
        self._refused: list[_Refused] = []
        self.seen: dict[str, AnyRecord | None] = {}
        """The records that lack something, as the kernel had them after the start."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was refused, each with its record."""
        return tuple(refused.problem for refused in self._refused)

    def leave_out(self, desired: Mapping[str, AnyRecord], step: AnyStep, problem: Problem) -> bool:
        """A step of the start was refused: leave out what it makes; whether there is such a thing, and the kernel's answer is about it."""
        is_about_it = problem.code in (Code.REFUSED, Code.EXISTS, Code.UNSUPPORTED, Code.INVALID) and problem.errno not in _NO_ROOM
        before = self.without(desired)
        if problem.causes or isinstance(step, ChangeTable) or not is_about_it or left_out(before, step) == before:
            return False
        hint = f"{problem.hint}; {_HINT}" if problem.hint else _HINT
        self._refused.append(_Refused(step, msgspec.structs.replace(problem, subject=step.subject, hint=hint)))
        if isinstance(step, AddRoute) and problem.errno == errno.ENETUNREACH:
            self._leave_out_alike(self.without(desired))
        return True

    def _leave_out_alike(self, left: Records) -> None:
        """The other routes whose gateway nothing reaches: each of them would be another start that is taken back."""
        for found in gateways(left):
            if isinstance(route := left[found.record], Route):
                problem = found.problem()
                hint = f"{problem.hint}; {_HINT}"
                message = problem.message.removesuffix(".")
                self._refused.append(
                    _Refused(AddRoute(subject=route.id, route=route), msgspec.structs.replace(problem, message=message, hint=hint))
                )

    def without(self, desired: Mapping[str, AnyRecord]) -> Records:
        """The document without what was refused, and without what hangs on that."""
        out = dict(desired)
        for refused in self._refused:
            out = left_out(out, refused.step)
        return out

    def saw(self, desired: Mapping[str, AnyRecord], observed: Mapping[str, AnyRecord]) -> None:
        """The kernel is so after the start."""
        self.seen = {key: observed.get(key) for key in between(desired, self.without(desired)).ids}

    def explains(self, key: str, observed: Mapping[str, AnyRecord]) -> bool:
        """Whether a record differs from the document only because something of it was refused."""
        return key in self.seen and self.seen[key] == observed.get(key)

    def settle(self, differing: Collection[str]) -> None:
        """Forget what does not differ from the document any more."""
        self.seen = {key: seen for key, seen in self.seen.items() if key in differing}
        self._refused = [refused for refused in self._refused if refused.step.subject in self.seen]

    def forget(self, keys: Collection[str] | None = None) -> None:
        """Forget these records; None: all."""
        gone = set(self.seen) if keys is None else set(keys)
        self.seen = {key: seen for key, seen in self.seen.items() if key not in gone}
        self._refused = [] if keys is None else [refused for refused in self._refused if refused.step.subject not in gone]
