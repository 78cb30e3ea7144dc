"""Rules of the document that the kernel of the lab does not have, because iptables could not load them when the lab was started.

The lab runs without them, the document keeps them, and they are drift, which `revert-drift` tries to load again.
"""

from collections.abc import Collection, Iterable, Mapping

import msgspec

from protocol import private as p
from server.agent_link import LabLink
from topology.model import ids
from topology.model.problems import Code, Problem
from topology.model.records import AnyRecord, Chain, Records, replace
from topology.plan import merge
from topology.plan.table_texts import Trial
from topology.plan.table_texts import whole as trials_of
from topology.rules import unloaded as rules
from topology.rules.chains import line_fault

_HINT = "it stays in the document: make what it needs, and revert the drift of its chain to try again"


class Unloaded:
    """Of one lab. `found`: id of a chain → text of a rule (empty: the chain itself) → why it cannot be loaded."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, Problem]] = {}
        self._seen: dict[str, AnyRecord | None] = {}
        """The chains as the kernel had them when they were last compared."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is not loaded, each with its chain and rule."""
        return tuple(problem for by_rule in self.found.values() for problem in by_rule.values())

    def look(self, link: LabLink, records: Mapping[str, AnyRecord]) -> bool:
        """Try all chains of the records; whether anything more was found that cannot be loaded."""
        before = sum(map(len, self.found.values()))
        answers: dict[tuple[str, str], p.Tried] = {}
        for trial in trials_of(records):
            key = (trial.family, trial.text)
            if key not in answers:
                answers[key] = _tried(link, trial)
            self._take(trial, answers[key], records)
        return sum(map(len, self.found.values())) > before

    def leave_out(self, link: LabLink, desired: Mapping[str, AnyRecord], problem: Problem) -> bool:
        """A rule was refused: leave out all that are, or at least this one; whether anything more is left out."""
        left = rules.without(desired, self.found)
        if self.look(link, left):
            return True
        key = problem.subject or ""
        chain, whole = left.get(key), desired.get(key)
        rule = chain.rules[problem.rule - 1] if isinstance(chain, Chain) and problem.rule and problem.rule <= len(chain.rules) else ""
        number = whole.rules.index(rule) + 1 if rule and isinstance(whole, Chain) else 0
        return self.add(desired, key, number, problem)

    def look_at(
        self, link: LabLink, desired: Mapping[str, AnyRecord], observed: Mapping[str, AnyRecord], differing: Collection[str]
    ) -> None:
        """The chains of a running lab that differ from the document because rules of theirs cannot be loaded."""
        lacking = [key for key in differing if isinstance(chain := desired.get(key), Chain) and _lacks(chain, observed)]
        if not lacking:
            return
        tables = {ids.chain_parts(key)[:3] for key in lacking}
        self.look(link, {k: r for k, r in desired.items() if ids.kind_of(k) == "chain" and ids.chain_parts(k)[:3] in tables})
        self.settle(desired, lacking)
        self.saw(observed)

    def _take(self, trial: Trial, tried: p.Tried, records: Mapping[str, AnyRecord]) -> None:
        for line, problem in tried.left_out:
            if line in trial.places:
                self.add(records, *trial.places[line], problem)
        for chain in trial.chains:
            for number, rule in enumerate(chain.rules, 1):
                if (fault := line_fault(rule)) is not None:
                    problem = Problem(code=Code.REFUSED, message=fault.message, hint=fault.hint, span=fault.span)
                    self.add(records, chain.id, number, problem)

    def add(self, records: Mapping[str, AnyRecord], key: str, number: int, problem: Problem) -> bool:
        """Rule `number` of the chain (0: the chain) cannot be loaded; whether that is news."""
        chain = records.get(key)
        if not isinstance(chain, Chain) or number > len(chain.rules):
            return False
        rule = chain.rules[number - 1] if number else ""
        by_rule = self.found.setdefault(key, {})
        is_news = rule not in by_rule
        hint = f"{problem.hint}; {_HINT}" if problem.hint else _HINT
        by_rule[rule] = msgspec.structs.replace(problem, subject=key, rule=number or None, hint=hint)
        return is_news

    # ---- beside them -------------------------------------------------------------------------------------------------

    def saw(self, observed: Mapping[str, AnyRecord]) -> None:
        """The kernel is so now, and this is what there is without these rules."""
        self._seen = {key: observed.get(key) for key in self.found}

    def explains(self, key: str, observed: Mapping[str, AnyRecord]) -> bool:
        """Whether a chain differs from the document only because of these rules."""
        return key in self.found and self._seen.get(key) == observed.get(key)

    def as_printed(self, records: Mapping[str, AnyRecord], observed: Mapping[str, AnyRecord]) -> Records:
        """The records, with the rules of these chains that are loaded as iptables has printed them."""
        out = dict(records)
        for key, found in self.found.items():
            chain, now = out.get(key), observed.get(key)
            if isinstance(chain, Chain) and "" not in found:
                out[key] = rules.around(chain, found, now.rules if isinstance(now, Chain) else ())
        return out

    def with_them(self, desired: Mapping[str, AnyRecord], observed: Mapping[str, AnyRecord], keys: Iterable[str]) -> Records:
        """The observed records for the document: what a shell has changed in these chains, and the rules that are not loaded."""
        out = dict(observed)
        for key in keys:
            chain = desired.get(key)
            if key in self.found and isinstance(chain, Chain):
                out[key] = self._merged(chain, observed.get(key))
        return out

    def _merged(self, chain: Chain, now: AnyRecord | None) -> Chain:
        """The chain of the document with what the kernel has more, or lacks, since it was seen last."""
        theirs = now.rules if isinstance(now, Chain) else ()
        by_rule = self.found[chain.id]
        for rule in [rule for rule in by_rule if rule in theirs]:  # somebody has loaded it
            del by_rule[rule]
            chain = replace(chain, rules=tuple(r for r in chain.rules if r != rule))
        seen = self._seen.get(chain.id)
        base = seen.rules if isinstance(seen, Chain) else ()
        found = merge.rules(base, chain.rules, theirs)
        policy = now.policy if isinstance(now, Chain) else chain.policy
        return replace(chain, policy=policy, rules=found if found is not None else (*theirs, *by_rule))

    def settle(self, desired: Mapping[str, AnyRecord], differing: Collection[str]) -> None:
        """Forget what the document does not have any more, and chains that do not differ."""
        self.found = {key: found for key, found in rules.still(desired, self.found).items() if key in differing}
        self._seen = {key: seen for key, seen in self._seen.items() if key in self.found}

    def forget(self, keys: Collection[str] | None = None) -> None:
        """Forget these chains; None: all."""
        for key in list(self.found) if keys is None else keys:
            self.found.pop(key, None)


def _lacks(chain: Chain, observed: Mapping[str, AnyRecord]) -> bool:
    """Whether the kernel lacks rules that the chain has."""
    there = observed.get(chain.id)
    return not set(chain.rules) <= set(there.rules if isinstance(there, Chain) else ())


def _tried(link: LabLink, trial: Trial) -> p.Tried:
    answer = link.call(lambda id: p.TryRules(id=id, family=trial.family, text=trial.text, mode="partly"))
    assert isinstance(answer, p.Tried)
    return answer


def is_of_chain(problem: Problem) -> bool:
    """Whether it is about a rule or a chain."""
    return problem.subject is not None and ids.kind_of(problem.subject) == "chain"
