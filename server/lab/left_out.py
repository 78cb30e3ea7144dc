"""What of the document the kernel of the lab does not have, because it was refused when the lab was started: records and rules."""

from collections.abc import Collection, Mapping

from server.agent_link import LabLink
from server.lab.unloaded import Unloaded, is_of_chain
from server.lab.unmade import Unmade
from topology.model.problems import Problem
from topology.model.records import AnyRecord, Records
from topology.plan.steps import AnyStep
from topology.rules.unloaded import without


class LeftOut:
    """Of one lab. The document keeps it, it is drift, and `revert-drift` tries it again."""

    def __init__(self) -> None:
        self.rules, self.records = Unloaded(), Unmade()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Why, each with its record."""
        return (*self.records.problems, *self.rules.problems)

    def leave_out(self, link: LabLink, desired: Mapping[str, AnyRecord], step: AnyStep | None, problem: Problem) -> bool:
        """A start was refused at this step: leave out what that is about; whether there is such a thing."""
        if is_of_chain(problem):
            return self.rules.leave_out(link, self.records.without(desired), problem)
        return step is not None and self.records.leave_out(desired, step, problem)

    def without(self, desired: Mapping[str, AnyRecord]) -> Records:
        """The document without it."""
        return without(self.records.without(desired), self.rules.found)

    def saw(self, desired: Mapping[str, AnyRecord], observed: Mapping[str, AnyRecord]) -> None:
        """The kernel is so after the start."""
        self.rules.saw(observed)
        self.records.saw(desired, observed)

    def explains(self, key: str, observed: Mapping[str, AnyRecord]) -> bool:
        """Whether a record differs from the document only because of it."""
        return self.rules.explains(key, observed) or self.records.explains(key, observed)

    def settle(self, desired: Mapping[str, AnyRecord], differing: Collection[str]) -> None:
        """Forget what does not differ from the document any more."""
        self.rules.settle(desired, differing)
        self.records.settle(differing)

    def forget(self, keys: Collection[str] | None = None) -> None:
        """Try these records again when the document is carried out next; None: all."""
        self.rules.forget(keys)
        self.records.forget(keys)
