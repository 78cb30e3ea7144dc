"""What is seen of a lab's kernel: the facts folded into records, what differs from the document, and the warnings about it."""

import time
from collections.abc import Mapping
from typing import NamedTuple

from protocol import private as p
from server.lab.document import Document
from server.lab.publisher import Publisher
from topology.journey.warnings import Warnings
from topology.model.diff import Diff, between, replaced
from topology.model.problems import Problem
from topology.model.records import AnyRecord
from topology.observe.live import AnyLive
from topology.observe.normal import drift
from topology.observe.observed import Observed

QUIET_SECONDS, MAX_QUIET_SECONDS = 0.03, 0.25
"""The policy acts on outside changes after this long without a fact, at the latest this long after the first one."""


WARNINGS_REST = 5
"""Warnings are not looked for again before so many times as long as it took has passed."""


class Pending(NamedTuple):
    """Changes that no edit explains and that the policy has not acted on: when the first and the last came, in monotonic seconds."""

    first: float
    last: float


class View:
    """Of one lab. `drift`: the ids that differ, as published last. `pending`: what the policy has to see to, where it has."""

    def __init__(self, document: Document, publisher: Publisher) -> None:
        self._document, self._publisher = document, publisher
        self.observed = Observed({}, document.desired)
        self.drift: tuple[str, ...] = ()
        self.warnings: tuple[Problem, ...] = ()
        self._looked = Warnings()
        self.pending: Pending | None = None
        self._hold = 0.0
        """The policy does not act before, in monotonic seconds."""
        self.stale_warnings = True
        self._warn_again = 0.0
        """Warnings are not looked for before, in monotonic seconds."""
        self._compared: tuple[Mapping[str, AnyRecord], Mapping[str, AnyRecord]] = ({}, self.kernel)
        """Document and kernel when they were last compared."""
        self._differing: set[str] = set()
        """The ids in which they differed."""

    @property
    def kernel(self) -> dict[str, AnyRecord]:
        """The observed records as one map, not to be changed."""
        return self.observed.records.whole()

    def fold(self, event: p.Facts, attached: p.Attached | None) -> None:
        """Take facts in and publish what they change."""
        records, live = self._fold_snapshot(event, attached) if event.snapshot else self.observed.fold(event.facts)
        if records:
            self.stale_warnings = True
            self.wait_for_quiet()
        if records or live:
            self._publisher.publish(observed=records, live=live)

    def compare_with(self, desired: Mapping[str, AnyRecord]) -> None:
        """Fold by this document from now on, and publish what that changes: a MAC that no document states any more is the kernel's own."""
        self.observed.like = desired
        records, live = self.observed.fold(())
        if records or live:
            self._publisher.publish(observed=records, live=live)

    def _fold_snapshot(self, event: p.Facts, attached: p.Attached | None) -> tuple[Diff[AnyRecord], Diff[AnyLive]]:
        """Begin anew with the facts of the whole lab; the differences from what was known before."""
        before, live = self.kernel, self.observed.live.whole()
        self.observed = Observed(attached.sysctls if attached else {}, self._document.desired)
        self.observed.fold(event.facts)
        return between(before, self.kernel), between(live, self.observed.live.whole())

    def clear(self) -> None:
        """Nothing is observed any more: publish that."""
        old, live = self.kernel, self.observed.live.whole()
        self.observed = Observed({}, self._document.desired)
        self.drift, self.pending = (), None
        self._publisher.publish(observed=between(old, {}), live=between(live, {}), drift=())

    def wait_for_quiet(self, hold: float = 0.0) -> None:
        """Have the policy act when facts have paused, and not before `hold` seconds have passed."""
        now = time.monotonic()
        self.pending = Pending(self.pending.first if self.pending else now, now)
        if hold:
            self._hold = now + hold

    def seconds_until_due(self) -> float | None:
        """Until the policy is to act; None: there is nothing for it to do."""
        if self.pending is None:
            return None
        due = min(self.pending.last + QUIET_SECONDS, self.pending.first + MAX_QUIET_SECONDS)
        return max(due, self._hold) - time.monotonic()

    def seconds_until_warnings(self) -> float | None:
        """Until they may be looked for again; None: they are those of now."""
        return max(0.0, self._warn_again - time.monotonic()) if self.stale_warnings else None

    def differing(self) -> tuple[str, ...]:
        """The ids that differ between document and kernel now. Only records that are others than at the last call are compared."""
        before, now = self._compared, (self._document.desired, self.kernel)
        changed = {key for old, new in zip(before, now, strict=True) if old is not new for key in replaced(old, new)}
        self._differing = (self._differing - changed).union(drift(*now, changed))
        self._compared = now
        return tuple(sorted(self._differing))

    def show_drift(self, found: tuple[str, ...]) -> None:
        """Publish what differs, where that is another than before."""
        if found != self.drift:
            self.drift = found
            self._publisher.publish(drift=found)

    def update_warnings(self, is_live: bool, more: tuple[Problem, ...]) -> None:
        """Publish the warnings, where they are others than before. `more`: those that come from elsewhere.

        They are of the whole lab: of a large one they are looked for so seldom that most of the time is left for the rest.
        """
        began = time.monotonic()
        if not self.stale_warnings or began < self._warn_again:
            return
        self.stale_warnings = False
        found = (*more, *self._looked.look(self.kernel if is_live else self._document.desired))
        self._warn_again = time.monotonic() + WARNINGS_REST * (time.monotonic() - began)
        if found != self.warnings:
            self.warnings = found
            self._publisher.publish(warnings=found)
