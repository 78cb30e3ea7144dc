"""Takes back what was done before a step was refused: the plan from what the kernel is now to what it was.

The lab process does this itself, so that it also holds when the server dies in between.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from agent.apply.execute import execute
from agent.filter.watch import FilterWatch
from agent.netlink.namespaces import Namespaces
from topology.model import ids
from topology.model.problems import Problem
from topology.model.records import INTERFACES, AnyRecord, Records, replace
from topology.observe import facts as f
from topology.observe.observed import Observed
from topology.plan import steps as s
from topology.plan.plan import plan

_ROUNDS = 3


class Undo:
    """Made before an `Apply` from all facts of the lab; `back` after it failed."""

    def __init__(self, baseline: Mapping[str, str], facts: Iterable[f.AnyFact]) -> None:
        self._baseline = baseline
        self._facts = list(facts)

    def back(
        self, namespaces: Namespaces, filters: FilterWatch, done: Sequence[s.AnyStep], now: Callable[[], list[f.AnyFact]]
    ) -> tuple[Problem, ...]:
        """What could not be undone; nothing where all is as it was. `now` tells all facts of the lab, read anew each time."""
        state = Observed(self._baseline)
        state.fold(self._facts)
        before = _with_macs(state.records, self._facts)
        state.like = before
        moves: dict[str, str] = {}
        for step in done:
            if isinstance(step, s.MoveInterface):
                first = moves.pop(f"{step.namespace}/{step.name}", f"{step.namespace}/{step.name}")
                moves[f"{step.to_namespace}/{step.to_name}"] = first
        found: Problem | None = None
        known = {fact.ns for fact in self._facts}
        for _ in range(_ROUNDS):
            facts = now()
            there = {fact.ns for fact in facts}
            state.fold([*(f.NamespaceGone(ns=ns) for ns in known - there), *(f.Resync(ns=ns) for ns in there), *facts])
            known = there
            steps = plan(before, state.records, {k: v for k, v in moves.items() if ids.interface(k) in state.records}, self._baseline)
            if not steps:
                return ()
            found = execute(namespaces, steps, filters).problem
        return (found,) if found is not None else ()


def _with_macs(records: Mapping[str, AnyRecord], facts: Iterable[f.AnyFact]) -> Records:
    """The records with the MACs that the interfaces have, so that one which is made anew gets its own back."""
    macs = {ids.interface(ids.join(x.ns, x.name)): x.mac for x in facts if isinstance(x, f.LinkFact)}
    return {
        key: replace(r, mac=macs[key]) if isinstance(r, INTERFACES) and r.KIND.mac == "random" and key in macs else r
        for key, r in records.items()
    }
