"""What is sent to those who have a lab open: deltas, each with the next revision, and notices."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from protocol.public import Context, Delta, LabInfo, Notice, NoticeLevel
from server.sessions import Session, Sessions
from topology.model.diff import Diff, compact
from topology.model.problems import Problem
from topology.model.records import AnyRecord
from topology.observe.live import AnyLive

T = TypeVar("T")


class Labels(NamedTuple):
    """The label of the edit that undo takes back, of the one that redo does again, and who made the first, with their session; empty: there
    is none."""

    undo: str = ""
    redo: str = ""
    by: str = ""
    session: str = ""


class Publisher:
    """Of one lab. `info`: its entry in the list of labs. `labels`: what undo and redo would do."""

    def __init__(self, lab: str, sessions: Sessions, info: Callable[[], LabInfo], labels: Callable[[], Labels]) -> None:
        self._lab, self._sessions, self._info, self._labels = lab, sessions, info, labels
        self.revision = 0
        self._sent = Labels()

    def viewers(self) -> list[Session]:
        """The sessions that have the lab open."""
        return self._sessions.viewers(self._lab)

    def publish(
        self,
        *,
        desired: Diff[AnyRecord] | None = None,
        observed: Diff[AnyRecord] | None = None,
        live: Diff[AnyLive] | None = None,
        context: Context | None = None,
        info: bool = False,
        drift: tuple[str, ...] | None = None,
        warnings: tuple[Problem, ...] | None = None,
        shell: tuple[str, ...] | None = None,
    ) -> None:
        """Send a delta with the next revision."""
        self.revision += 1
        labels = self._labels()
        undo, redo, by, session = labels if labels != self._sent else (None, None, None, None)
        self._sent = labels
        delta = Delta(
            lab=self._lab, revision=self.revision, desired=_sent(desired), observed=_sent(observed), live=_sent(live), context=context,
            info=self._info() if info else None, drift=drift, warnings=warnings, can_undo=undo, can_redo=redo, undo_by=by,
            undo_session=session, shell=shell,
        )  # fmt: skip
        self._sessions.broadcast_delta(self.viewers(), delta)

    def notice(self, level: NoticeLevel, problem: Problem) -> None:
        """Tell everybody who has the lab open."""
        self._sessions.broadcast(self.viewers(), Notice(lab=self._lab, level=level, problem=problem))


def _sent(diff: Diff[T] | None) -> Diff[T] | None:
    return compact(diff) if diff else None
