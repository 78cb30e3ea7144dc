"""The problems that the server itself raises, and the one place where an exception becomes a problem."""

from topology.model.problems import Code, Problem, ProblemError


def unavailable(message: str) -> ProblemError:
    """The agent or a lab process does not answer."""
    return ProblemError(Problem(code=Code.UNAVAILABLE, message=message, hint="try again in a moment; script/up prints what is wrong"))


def denied(message: str) -> ProblemError:
    """The caller's token does not allow it."""
    return ProblemError(Problem(code=Code.DENIED, message=message, hint="ask the administrator of this server for a link that allows it"))


def problem_of(error: Exception) -> Problem:
    """The problem of a ProblemError; any other exception is a bug in Vethboard, with code INTERNAL."""
    if isinstance(error, ProblemError):
        return error.problem
    return Problem(code=Code.INTERNAL, message=f"{type(error).__name__}: {error}", hint="this is a bug in Vethboard: please report it")
