"""What each request of `protocol.public` does: a function per type, in one table."""

import time
from collections.abc import Callable

from protocol import public as q
from server.access import allow
from server.clock import now
from server.hub import Hub
from server.lab.editing import Asked
from server.lab.workspace import Workspace
from server.outbox import Session, problem_of
from server.requests import backups, captures, chains, examples, journeys, running, terminals
from topology.document import document
from topology.edit.commands import AnyCommand, ApplyDocument, Redo, SetLab, Undo
from topology.edit.paste import fragment
from topology.journey.explain import explain
from topology.model.drawing import is_drawing
from topology.plan.iproute2 import script


def labs(hub: Hub, session: Session, request: q.ListLabs) -> None:
    session.wants_labs = True
    session.answer(request.id, q.Labs(labs=hub.labs(session.access), role=session.access.role))


def new(hub: Hub, session: Session, request: q.NewLab) -> None:
    """Made whole or not at all: a document that cannot be built leaves no lab."""
    started = time.monotonic()
    workspace = hub.new(request.lab)

    def job() -> q.Done:
        try:
            if request.document is not None:
                command = ApplyDocument(document=request.document)
                workspace.edit(Asked(commands=(command,), context=_context(session, "new lab"), admin=True))
            if request.firewall is not None:
                workspace.edit(Asked(commands=(SetLab(firewall=request.firewall),), context=_context(session, "new lab")))
            return workspace.start(started)
        except Exception:
            workspace.destroy()
            hub.forget(request.lab)
            raise
        finally:
            hub.labs_changed()

    workspace.ask(session, request.id, job)


def start(hub: Hub, session: Session, request: q.StartLab) -> None:
    workspace = hub.lab(request.lab)
    started = time.monotonic()
    workspace.ask(session, request.id, lambda: workspace.start(started))


def stop(hub: Hub, session: Session, request: q.StopLab) -> None:
    workspace = hub.lab(request.lab)
    workspace.ask(session, request.id, workspace.stop)


def destroy(hub: Hub, session: Session, request: q.DestroyLab) -> None:
    workspace = hub.lab(request.lab)

    def job() -> q.Done:
        done = workspace.destroy()
        hub.forget(request.lab)
        hub.revoke(request.lab, None)
        return done

    workspace.ask(session, request.id, job)


def open_(hub: Hub, session: Session, request: q.Open) -> None:
    workspace = hub.lab(request.lab)
    workspace.ask(session, request.id, lambda: workspace.snapshot(session))


def close(hub: Hub, session: Session, request: q.Close) -> None:
    workspace = hub.lab(request.lab)
    session.open.discard(request.lab)
    workspace.leave(session.sid)
    session.answer(request.id, q.Done())


def _context(session: Session, label: str) -> q.Context:
    return q.Context(author=session.author, session=session.sid, label=label, at=now())


def _label(commands: tuple[AnyCommand, ...]) -> str:
    """What an edit is called in the history when its author gave it no name."""
    names = dict.fromkeys(str(type(c).__struct_config__.tag).replace("-", " ") for c in commands)
    return ", ".join(names)


def edit(hub: Hub, session: Session, request: q.Edit) -> None:
    workspace = hub.lab(request.lab)
    context = _context(session, request.label or _label(request.commands))
    again = any(isinstance(c, Undo | Redo) for c in request.commands)
    asked = Asked(
        request.commands, context, None if again else request.base, request.dry_run, time.monotonic(), session.access.role == "admin"
    )
    workspace.ask(session, request.id, lambda: workspace.edit(asked))


def set_uplink(hub: Hub, session: Session, request: q.SetUplink) -> None:
    workspace = hub.lab(request.lab)
    context = _context(session, f"uplink {'on' if request.on else 'off'}")
    workspace.ask(session, request.id, lambda: workspace.set_uplink(request.on, context))


def look(hub: Hub, session: Session, request: q.Look) -> None:
    workspace = hub.lab(request.lab)
    workspace.ask(session, request.id, lambda: workspace.look(session, request))


def export(hub: Hub, session: Session, request: q.Export) -> None:
    workspace = hub.lab(request.lab)

    def job() -> q.Exported:
        records = workspace.desired
        if request.observed:
            kept = {key: r for key, r in records.items() if key == "lab:" or is_drawing(key)}
            records = {**kept, **workspace.observed.records}
        if request.ids is not None:
            records = fragment(records, request.ids)
        return q.Exported(text=document.dump(records) if request.format == "json" else script(records))

    workspace.ask(session, request.id, job)


def ping(hub: Hub, session: Session, request: q.Ping) -> None:
    workspace = hub.lab(request.lab)
    _on_writer(workspace, session, request.id, lambda: running.ping(workspace, session, request))


def exec_(hub: Hub, session: Session, request: q.Exec) -> None:
    running.exec_(hub.lab(request.lab), session, request)


def netns(hub: Hub, session: Session, request: q.NetnsQuery) -> None:
    running.netns(hub.lab(request.lab), session, request)


def _on_writer(workspace: Workspace, session: Session, id: str, start: Callable[[], None]) -> None:
    """Start something that answers later, with the state as the writer has it."""

    def job() -> None:
        try:
            start()
        except Exception as e:
            session.refuse(id, problem_of(e))

    workspace.submit(job)


def input_(session: Session, request: q.Input) -> None:
    """For a command that has ended meanwhile it is lost, as it would be in a shell."""
    target = session.running.get(request.target)
    if target is not None:
        target.feed(request.data, request.eof)
    session.answer(request.id, q.Done())


def cancel(session: Session, request: q.Cancel) -> None:
    target = session.running.get(request.target)
    if target is not None:
        target.cancel(request.signal)
    session.answer(request.id, q.Done())


def end_process(hub: Hub, session: Session, request: q.EndProcess) -> None:
    running.end_process(hub.lab(request.lab), session, request)


def explained(hub: Hub, session: Session, request: q.Explain) -> None:
    workspace = hub.lab(request.lab)

    def job() -> q.Explained:
        found = explain(workspace.observed.records, workspace.observed.live, request.source, request.target)
        return q.Explained(reaches=found.reaches, path=found.path, reasons=found.reasons)

    workspace.ask(session, request.id, job)


def history(hub: Hub, session: Session, request: q.History) -> None:
    workspace = hub.lab(request.lab)
    page = workspace.store.history_page(request.before, request.limit)
    session.answer(request.id, q.HistoryList(changes=page.changes, more=page.more))


def doctor(hub: Hub, session: Session, request: q.Doctor) -> None:
    session.answer(request.id, q.Diagnosis(checks=hub.checks()))


def make_token(hub: Hub, session: Session, request: q.MakeToken) -> None:
    hub.lab(request.lab)
    session.answer(request.id, hub.tokens.make(request))


def revoke_token(hub: Hub, session: Session, request: q.RevokeToken) -> None:
    hub.revoke(request.lab, request.name)
    session.answer(request.id, q.Done())


def list_examples(session: Session, request: q.ListExamples) -> None:
    session.answer(request.id, q.Examples(examples=examples.all_examples()))


def handle(hub: Hub, session: Session, request: q.AnyRequest) -> None:
    """Do it, or see to it that it is answered. Raises ProblemError for what is refused at once."""
    allow(session.access, request)
    session.log.started(request)
    match request:
        case q.ListLabs():
            labs(hub, session, request)
        case q.NewLab():
            new(hub, session, request)
        case q.StartLab():
            start(hub, session, request)
        case q.StopLab():
            stop(hub, session, request)
        case q.DestroyLab():
            destroy(hub, session, request)
        case q.Open():
            open_(hub, session, request)
        case q.Close():
            close(hub, session, request)
        case q.Edit():
            edit(hub, session, request)
        case q.Look():
            look(hub, session, request)
        case q.Export():
            export(hub, session, request)
        case q.Explain():
            explained(hub, session, request)
        case q.History():
            history(hub, session, request)
        case q.Doctor():
            doctor(hub, session, request)
        case q.SetUplink():
            set_uplink(hub, session, request)
        case q.MakeToken():
            make_token(hub, session, request)
        case q.RevokeToken():
            revoke_token(hub, session, request)
        case q.ListTokens():
            session.answer(request.id, hub.tokens.listed(request.lab))
        case q.Backup():
            backups.backup(hub, session, request)
        case q.Restore():
            backups.restore(hub, session, request)
        case q.ListExamples():
            list_examples(session, request)
        case q.Trace() | q.Predict() | q.Watch():
            journeys.handle(hub, session, request)
        case q.CheckRule() | q.ZeroCounters() | q.ExportRules() | q.Vocabulary() | q.Analyse() | q.FlushConntrack() | q.DeleteConnection():
            chains.handle(hub.lab(request.lab), session, request)
        case _:
            _running(hub, session, request)


def _running(hub: Hub, session: Session, request: q.AnyRequest) -> None:
    match request:
        case q.Ping():
            ping(hub, session, request)
        case q.Exec():
            exec_(hub, session, request)
        case q.NetnsQuery():
            netns(hub, session, request)
        case q.Input():
            input_(session, request)
        case q.Cancel():
            cancel(session, request)
        case q.EndProcess():
            end_process(hub, session, request)
        case q.OpenTerminal() | q.CloseTerminal() | q.AttachTerminal() | q.ListFiles():
            terminals.in_lab(hub.lab(request.lab), session, request)
        case q.StartCapture() | q.StopCapture() | q.RemoveCapture() | q.ReadCapture():
            captures.in_lab(hub.lab(request.lab), session, request)
        case q.DetachTerminal() | q.ResizeTerminal():
            terminals.of_channel(session, request)
