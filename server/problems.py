"""The problems that the server itself raises, and the one place where an exception becomes a problem."""

from topology.model.problems import Code, Problem, ProblemError


def unavailable(message: str) -> ProblemError:
    """The agent or a lab process does not answer."""
    return ProblemError(Problem(code=Code.UNAVAILABLE, message=message, hint="wait a moment, and try again; see where script/up runs"))


def denied(message: str) -> ProblemError:
    """The caller's token does not allow it."""
    return ProblemError(Problem(code=Code.DENIED, message=message, hint="ask whoever runs this server for another address"))


def problem_of(error: Exception) -> Problem:
    """The problem of a ProblemError; any other exception is a bug in Vethboard, with code INTERNAL."""
    if isinstance(error, ProblemError):
        return error.problem
    return Problem(code=Code.INTERNAL, message=f"{type(error).__name__}: {error}", hint="this is Vethboard's own mistake: please report it")
