"""The problems that the server itself raises, and the one place where an exception becomes a problem."""

import logging
import secrets

from topology.model.problems import Code, Problem, ProblemError

_log = logging.getLogger("vethboard.server")


def unavailable(message: str) -> ProblemError:
    """The agent or a lab process does not answer."""
    return ProblemError(Problem(code=Code.UNAVAILABLE, message=message, hint="try again in a moment; script/up prints what is wrong"))


def denied(message: str) -> ProblemError:
    """The caller's token does not allow it."""
    return ProblemError(Problem(code=Code.DENIED, message=message, hint="ask the administrator of this server for a link that allows it"))


def problem_of(error: Exception) -> Problem:
    """The problem of a ProblemError. Any other exception is a bug in Vethboard (code INTERNAL): it is logged with its traceback, and the
    problem has the number under which the log has it."""
    if isinstance(error, ProblemError):
        return error.problem
    number = secrets.token_hex(4)
    _log.error("error %s", number, exc_info=error)
    hint = f"this is a bug in Vethboard: please report it, with what the server's log says about error {number}"
    return Problem(code=Code.INTERNAL, message=f"{type(error).__name__}: {error} (error {number})", hint=hint)
