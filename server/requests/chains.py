"""Rules, counters and tracked connections: requests that change nothing in the document."""

import msgspec

from protocol import private as p
from protocol import public as q
from server.lab.rule_trials import attempt
from server.lab.workspace import Workspace
from server.requests import programs
from server.sessions import Session
from topology.journey.shadow import never
from topology.model import ids
from topology.model.netfilter import HOOKS
from topology.model.problems import Code, Problem, unknown
from topology.model.records import Chain
from topology.observe import listing
from topology.observe.facts import Connection
from topology.plan.table_texts import Trial, one
from topology.rules import save
from topology.rules.chains import of_table, rule_fault
from topology.rules.tokens import typed, typed_span


def check(workspace: Workspace, _session: Session, request: q.CheckRule) -> q.RuleChecked:
    """Load a rule by iptables-restore in a temporary namespace, with the chains of its table around it."""
    key = ids.chain(request.namespace, request.family, request.table, request.chain)
    text = typed(request.rule)
    fault = rule_fault(text)
    if fault is not None:
        problem = Problem(code=Code.INVALID, message=fault.message, subject=key, hint=fault.hint, span=fault.span)
        return q.RuleChecked(problem=_located(request.rule, text, problem))
    printed = attempt(workspace.live_link(), _trial(workspace, request, key, text))
    if isinstance(printed, Problem):
        return q.RuleChecked(problem=_located(request.rule, text, printed))
    rules = next((c.rules for t in listing.read(printed, counters=False) for c in t.chains if c.name == request.chain), ())
    return q.RuleChecked(text=rules[0] if len(rules) == 1 else text)


def _trial(workspace: Workspace, request: q.CheckRule, key: str, text: str) -> Trial:
    """The table of the document with this rule alone in its chain. Raises ProblemError (UNKNOWN) where the table has no such chain."""
    chains = of_table(workspace.desired, request.namespace, request.family, request.table)
    if request.chain not in HOOKS[request.table] and request.chain not in chains:
        raise unknown("No chain/target/match by that name.", key, f"the table {request.table} has no chain {request.chain}")
    return one(request.namespace, request.family, request.table, chains, request.chain, text)


def _located(written: str, text: str, problem: Problem) -> Problem:
    """The problem with its span moved from `text` to the rule as it was written, of which `text` was made."""
    if problem.span is None or written == text:
        return problem
    return msgspec.structs.replace(problem, span=typed_span(written, problem.span))


def _iptables(family: str) -> str:
    return "iptables" if family == "ipv4" else "ip6tables"


def zero(workspace: Workspace, session: Session, request: q.ZeroCounters) -> None:
    """`iptables -Z` of a rule, a chain or a table."""
    which = (*([request.chain] if request.chain else []), *([str(request.rule)] if request.chain and request.rule else []))
    argv = (_iptables(request.family), "-w", "-t", request.table, "-Z", *which)
    programs.collect(workspace.live_link(), session, request.id, argv, lambda _: q.Done(), request.namespace)


def export(workspace: Workspace, _session: Session, request: q.ExportRules) -> q.Exported:
    """What iptables-save prints; of a lab that is not live, the chains of the document in the same format."""
    if workspace.state not in ("live", "silent"):
        records = workspace.desired.values()
        mine = [r for r in records if isinstance(r, Chain) and (r.namespace, r.family) == (request.namespace, request.family)]
        return q.Exported(text=save.write(mine))
    argv = (f"{_iptables(request.family)}-save", *(["-c"] if request.counters else []))

    def run(id: int) -> p.Run:
        return p.Run(id=id, channel=id, namespace=request.namespace, argv=argv)

    return q.Exported(text=programs.output_of(workspace.live_link(), argv[0], run))


def analyse(workspace: Workspace, _session: Session, request: q.Analyse) -> q.Analysed:
    """The rules that can never match, in the observed state of a live lab, else in the document."""
    records = workspace.observed.records if workspace.state == "live" else workspace.desired
    live = workspace.observed.live if workspace.state == "live" else {}
    notes = (
        q.RuleNote(chain=n.chain, rule=n.rule, reason=n.reason, by=n.by, interface=n.interface)
        for n in never(records, live, request.namespace)
    )
    return q.Analysed(notes=tuple(notes))


def flush(workspace: Workspace, session: Session, request: q.FlushConntrack) -> None:
    """Delete all tracked connections of a namespace."""
    programs.collect(workspace.live_link(), session, request.id, ("conntrack", "-F"), lambda _: q.Done(), request.namespace)


def delete_connection(workspace: Workspace, session: Session, request: q.DeleteConnection) -> None:
    """Delete one tracked connection."""
    argv = _delete_argv(request.connection)
    programs.collect(workspace.live_link(), session, request.id, argv, lambda _: q.Done(), request.namespace)


def _delete_argv(connection: Connection) -> tuple[str, ...]:
    """conntrack(8) with all that the original direction says, so that it deletes this entry alone."""
    first = connection.original
    argv = ["conntrack", "-D", "-f", connection.family, "-p", connection.protocol, "-s", first.source, "-d", first.destination]
    for option, value in (
        ("--sport", first.source_port), ("--dport", first.destination_port), ("--icmp-type", first.icmp_type),
        ("--icmp-code", first.icmp_code), ("--icmp-id", first.icmp_id),
    ):  # fmt: skip
        argv += [option, str(value)] if value is not None else []
    return (*argv, *(["--zone", str(connection.zone)] if connection.zone else []))
