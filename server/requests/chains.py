"""What is asked about chains and connections beyond edits."""

from protocol import public as q
from server.lab.chain_texts import attempt
from server.lab.workspace import Workspace
from server.outbox import Session
from server.requests import vocabulary
from server.requests.running import words
from topology.journey.shadow import never
from topology.model import ids
from topology.model.netfilter import HOOKS
from topology.model.problems import Code, Problem, unknown
from topology.model.records import Chain
from topology.observe import listing
from topology.observe.facts import Connection
from topology.plan.table_texts import one
from topology.rules import save
from topology.rules.chains import of_table, rule_fault
from topology.rules.tokens import restorable, tokens

AnyChainRequest = (
    q.CheckRule | q.ZeroCounters | q.ExportRules | q.Vocabulary | q.Analyse | q.FlushConntrack | q.DeleteConnection
)  # fmt: skip


def handle(workspace: Workspace, session: Session, request: AnyChainRequest) -> None:
    """Do it, or see to it that it is answered."""
    match request:
        case q.CheckRule():
            workspace.ask(session, request.id, lambda: check(workspace, request))
        case q.ZeroCounters():
            zero(workspace, session, request)
        case q.ExportRules():
            export(workspace, session, request)
        case q.Vocabulary():
            vocabulary.answer(workspace, session, request)
        case q.Analyse():
            workspace.ask(session, request.id, lambda: analyse(workspace, request))
        case q.FlushConntrack():
            words(workspace.live_link(), session, request.id, ("conntrack", "-F"), lambda _: q.Done(), request.namespace)
        case q.DeleteConnection():
            argv = _conntrack(request.connection)
            words(workspace.live_link(), session, request.id, argv, lambda _: q.Done(), request.namespace)


def check(workspace: Workspace, request: q.CheckRule) -> q.RuleChecked:
    """Tried in a namespace of its own: nothing of the lab is touched."""
    key = ids.chain(request.namespace, request.family, request.table, request.chain)
    text = restorable(request.rule.strip())
    fault = rule_fault(text)
    if fault is not None:
        return q.RuleChecked(problem=Problem(code=Code.INVALID, message=fault[0], subject=key, hint=fault[1]))
    link = workspace.live_link()
    chains = of_table(workspace.desired, request.namespace, request.family, request.table)
    if request.chain not in HOOKS[request.table] and request.chain not in chains:
        raise unknown("No chain/target/match by that name.", key, f"the table {request.table} has no chain {request.chain}")
    trial = one(request.namespace, request.family, request.table, chains, request.chain, text)
    found = attempt(link, trial)
    if isinstance(found, Problem):
        return q.RuleChecked(problem=_in(request.rule, text, found))
    rules = next((c.rules for t in listing.read(found, counters=False) for c in t.chains if c.name == request.chain), ())
    return q.RuleChecked(text=rules[0] if len(rules) == 1 else text)


def _in(written: str, text: str, problem: Problem) -> Problem:
    """The problem with its place in what was written, of which `text` was made."""
    if problem.span is None or written == text:
        return problem
    for before, after in zip(tokens(written), tokens(text), strict=False):
        if after.start == problem.span[0]:
            return Problem(
                code=problem.code, message=problem.message, subject=problem.subject, hint=problem.hint, rule=problem.rule,
                span=(before.start, before.end),
            )  # fmt: skip
    return problem


def _iptables(family: str) -> str:
    return "iptables" if family == "ipv4" else "ip6tables"


def zero(workspace: Workspace, session: Session, request: q.ZeroCounters) -> None:
    which = (*([request.chain] if request.chain else []), *([str(request.rule)] if request.chain and request.rule else []))
    argv = (_iptables(request.family), "-w", "-t", request.table, "-Z", *which)
    words(workspace.live_link(), session, request.id, argv, lambda _: q.Done(), request.namespace)


def export(workspace: Workspace, session: Session, request: q.ExportRules) -> None:
    """What the program itself prints; of a lab that does not run, what it would print of the document."""
    if workspace.state == "live":
        argv = (f"{_iptables(request.family)}-save", *(["-c"] if request.counters else []))
        words(workspace.live_link(), session, request.id, argv, lambda text: q.Exported(text=text), request.namespace)
        return

    def job() -> q.Exported:
        records = workspace.desired.values()
        mine = [r for r in records if isinstance(r, Chain) and (r.namespace, r.family) == (request.namespace, request.family)]
        return q.Exported(text=save.write(mine))

    workspace.ask(session, request.id, job)


def analyse(workspace: Workspace, request: q.Analyse) -> q.Analysed:
    """From the observed state of a lab that is live, else from the document."""
    records = workspace.observed.records if workspace.state == "live" else workspace.desired
    live = workspace.observed.live if workspace.state == "live" else {}
    notes = (
        q.RuleNote(chain=n.chain, rule=n.rule, reason=n.reason, by=n.by, interface=n.interface)
        for n in never(records, live, request.namespace)
    )
    return q.Analysed(notes=tuple(notes))


def _conntrack(connection: Connection) -> tuple[str, ...]:
    """conntrack(8) for this entry and no other: all that its first direction says."""
    first = connection.original
    argv = ["conntrack", "-D", "-f", connection.family, "-p", connection.protocol, "-s", first.source, "-d", first.destination]
    for option, value in (
        ("--sport", first.source_port), ("--dport", first.destination_port), ("--icmp-type", first.icmp_type),
        ("--icmp-code", first.icmp_code), ("--icmp-id", first.icmp_id),
    ):  # fmt: skip
        argv += [option, str(value)] if value is not None else []
    return (*argv, *(["--zone", str(connection.zone)] if connection.zone else []))
