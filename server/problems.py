"""The problems that the server itself raises. `logs.problem_of` is the one place where any other exception becomes a problem."""

from topology.model.problems import Code, Problem, ProblemError


def unavailable(message: str) -> ProblemError:
    """The agent or a lab process does not answer."""
    return ProblemError(Problem(code=Code.UNAVAILABLE, message=message, hint="try again in a moment; script/up prints what is wrong"))


def denied(message: str) -> ProblemError:
    """The caller's token does not allow it."""
    return ProblemError(Problem(code=Code.DENIED, message=message, hint="ask the administrator of this server for a link that allows it"))
