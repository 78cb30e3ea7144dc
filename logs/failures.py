"""A failure that nobody expected: logged with its traceback under an id, and as a problem that has this id."""

import contextlib
import logging
import secrets

from topology.model.problems import Code, Problem, ProblemError

_log = logging.getLogger("vethboard")
_ID = "vethboard_error"
"""The attribute of an exception that has its id."""


def failure(error: BaseException, what: str, level: int = logging.ERROR) -> str:
    """Log an exception, once however often it is reported. `what` has happened, or was being done. Returns the id under which the log has
    it: 8 hexadecimal digits."""
    known = getattr(error, _ID, None)
    if isinstance(known, str):
        return known
    number = secrets.token_hex(4)
    with contextlib.suppress(AttributeError, TypeError):  # a class with slots
        setattr(error, _ID, number)
    _log.log(level, "error %s: %s: %s: %s", number, what, type(error).__name__, text_of(error), exc_info=error, extra={"error": number})
    return number


def text_of(error: BaseException) -> str:
    """Its message; an exception whose `__str__` fails has none."""
    try:
        return str(error)
    except Exception:
        return ""


def problem_of(error: BaseException, what: str = "a request failed", subject: str | None = None) -> Problem:
    """The problem of a ProblemError. Any other exception is a bug of Vethboard (INTERNAL): it is logged, and the problem has its id."""
    if isinstance(error, ProblemError):
        return error.problem
    number = failure(error, what)
    hint = f"this is a bug in Vethboard: please report it, with what the log says about error {number}"
    message = f"{type(error).__name__}: {text_of(error)} (error {number})"
    return Problem(code=Code.INTERNAL, message=message, subject=subject, hint=hint)
