"""What is asked about chains and connections beyond edits."""

from protocol import public as q
from server.outbox import Session
from server.workspace import Workspace
from topology.problems import Code, Problem, ProblemError

AnyChainRequest = (
    q.CheckRule | q.ZeroCounters | q.ExportRules | q.Vocabulary | q.Analyse | q.FlushConntrack | q.DeleteConnection
)  # fmt: skip


def handle(workspace: Workspace, session: Session, request: AnyChainRequest) -> None:
    """Do it, or see to it that it is answered."""
    raise ProblemError(
        Problem(code=Code.UNSUPPORTED, message="the agent cannot do this yet", subject=workspace.lab, hint=f"{session.sid}{request.id}")
    )
