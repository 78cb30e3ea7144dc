"""Labs: to list, make, start, stop, destroy, open and subscribe to them; and their tokens."""

import time

import msgspec

from logs import problem_of
from protocol import public as q
from server.hub import Hub
from server.lab.editing import EditRequest
from server.lab.workspace import Workspace
from server.requests import examples, trying
from server.requests.context import context
from server.requests.placing import placing
from server.sessions import Session
from topology.edit.commands import AnyCommand, ApplyDocument, SetLab
from topology.model.people import display_name
from topology.model.problems import Problem, ProblemError


def list_labs(hub: Hub, session: Session, _request: q.ListLabs) -> q.Labs:
    """The labs that the session may see; from now on it gets events `labs`."""
    session.wants_labs = True
    return q.Labs(labs=hub.labs(session.access), role=session.access.role)


def list_examples(_hub: Hub, _session: Session, _request: q.ListExamples) -> q.Examples:
    """The documents that come with Vethboard."""
    return q.Examples(examples=examples.all_examples())


def new_lab(hub: Hub, session: Session, request: q.NewLab) -> None:
    """Make a lab and start it. If anything fails, the lab is destroyed again."""
    started = time.monotonic()
    commands = _first_commands(request)
    if request.dry_run:
        hub.refuse_name(request.lab)
        session.answer(request.id, placing(commands, lambda: trying.of_new(hub, commands)))
        return
    workspace = hub.new(request.lab)

    def job() -> q.Done:
        try:
            for command in commands:
                workspace.edit(EditRequest(commands=(command,), context=context(session, "new lab"), admin=True))
            done = workspace.start(started)
            trying.refuse_left_out(workspace.left_out)
            return done
        except Exception as e:
            _take_away(hub, workspace, problem_of(e))
            raise
        finally:
            hub.labs_changed()

    workspace.ask(session, request.id, lambda: placing(commands, job))


def _take_away(hub: Hub, workspace: Workspace, problem: Problem) -> None:
    """Destroy a new lab again, because of this problem. Raises ProblemError with that where the lab can't be destroyed now."""
    try:
        workspace.destroy()
    except ProblemError:
        hint = f"lab {workspace.lab} is left, and empty: vethboard destroy {workspace.lab} removes it when that is possible again"
        raise ProblemError(msgspec.structs.replace(problem, hint=hint)) from None
    hub.forget(workspace.lab)


def _first_commands(request: q.NewLab) -> list[AnyCommand]:
    commands: list[AnyCommand] = []
    if request.document is not None:
        commands.append(ApplyDocument(document=request.document))
    if request.firewall is not None:
        commands.append(SetLab(firewall=request.firewall))
    return commands


def start(workspace: Workspace, session: Session, request: q.StartLab) -> None:
    """Make a lab live; the time is counted from now on, also while the request waits for the writer."""
    started = time.monotonic()
    workspace.ask(session, request.id, lambda: workspace.start(started))


def stop(workspace: Workspace, _session: Session, _request: q.StopLab) -> q.Done:
    """Take a lab out of the kernel."""
    return workspace.stop()


def destroy(hub: Hub, session: Session, request: q.DestroyLab) -> None:
    """Stop a lab, delete its files and revoke its tokens."""
    workspace = hub.lab(request.lab)

    def job() -> q.Done:
        done = workspace.destroy()
        hub.forget(request.lab)
        hub.revoke(request.lab, None)
        return done

    workspace.ask(session, request.id, job)


def set_uplink(workspace: Workspace, session: Session, request: q.SetUplink) -> None:
    """Switch the uplink of a lab, and write it into its document."""
    by = context(session, f"uplink {'on' if request.on else 'off'}")
    workspace.ask(session, request.id, lambda: workspace.set_uplink(request.on, by))


def open_lab(workspace: Workspace, session: Session, _request: q.Open) -> q.Snapshot:
    """The state of a lab; from now on the session gets its deltas."""
    return workspace.snapshot(session)


def close_lab(workspace: Workspace, session: Session, request: q.Close) -> None:
    """Send the session no more deltas of a lab."""
    session.open.discard(request.lab)
    workspace.leave(session)
    session.answer(request.id, q.Done())


def subscribe(workspace: Workspace, session: Session, request: q.Subscribe) -> q.Done:
    """Set which live records the session gets."""
    return workspace.subscribe(session, request)


def doctor(hub: Hub, _session: Session, _request: q.Doctor) -> q.Diagnosis:
    """What this kernel and system can do."""
    return q.Diagnosis(checks=hub.checks())


def set_name(hub: Hub, session: Session, request: q.SetName) -> q.Done:
    """Call the person at this session something else from now on."""
    session.rename(display_name(request.name) if request.name else "")
    hub.labs_changed()
    return q.Done()


def make_token(hub: Hub, _session: Session, request: q.MakeToken) -> q.TokenMade:
    """A token for a lab, which has to exist."""
    hub.lab(request.lab)
    return hub.tokens.make(request)


def revoke_token(hub: Hub, _session: Session, request: q.RevokeToken) -> q.Done:
    """Revoke a token of a lab and cut off who uses it."""
    hub.revoke(request.lab, request.name)
    return q.Done()


def list_tokens(hub: Hub, _session: Session, request: q.ListTokens) -> q.Tokens:
    """The tokens of one lab, or of all."""
    return hub.tokens.listed(request.lab)
