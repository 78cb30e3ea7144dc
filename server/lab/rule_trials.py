"""Rules that are tried in a temporary namespace of the lab: whether iptables accepts them, and how it prints them."""

from collections.abc import Iterable

import msgspec

from protocol import private as p
from server.agent_link import LabLink
from topology.model import ids
from topology.model.problems import Problem, ProblemError
from topology.model.records import Records
from topology.plan.table_texts import Trial
from topology.plan.table_texts import printed as as_printed
from topology.rules.tokens import tokens
from topology.rules.vocabulary import misplaced


def attempt(link: LabLink, trial: Trial) -> str | Problem:
    """What iptables-save prints of the trial; or why it is refused, with the chain and the rule."""
    answer = link.call(lambda id: p.TryRules(id=id, family=trial.family, text=trial.text))
    assert isinstance(answer, p.Tried)
    if answer.problem is None:
        return answer.text
    chain, rule = trial.places.get(answer.line, (None, None))
    hint, span = _misplaced(trial, answer.line, chain) or (answer.problem.hint, answer.problem.span)
    subject = chain or ids.namespace(trial.namespace)
    return msgspec.structs.replace(answer.problem, subject=subject, rule=rule, hint=hint, span=span)


def _misplaced(trial: Trial, line: int, chain: str | None) -> tuple[str, tuple[int, int]] | None:
    """Where the first match or target of the rule belongs that is not possible in its chain, and its span in the rule."""
    if chain is None:
        return None
    _, _, table, name = ids.chain_parts(chain)
    words = tokens(trial.text.splitlines()[line].removeprefix(f"-A {name} "))
    return next((((hint, (w.start, w.end)) for w in words if (hint := misplaced(w.value, table, name)))), None)


def printed(link: LabLink, trials: Iterable[Trial], strict: bool) -> Records:
    """Those chains that iptables prints in another way than they are written, as it prints them.

    A refused trial is left out, as the apply will report it; with `strict` it raises ProblemError.
    """
    out: Records = {}
    for trial in trials:
        found = attempt(link, trial)
        if isinstance(found, str):
            out.update(as_printed(trial, found))
        elif strict:
            raise ProblemError(found)
    return out
