"""What log lines are about: fields that every line has that is written within `about`."""

import contextlib
import contextvars
import logging
from collections.abc import Iterator, Mapping
from types import MappingProxyType

FIELDS = ("lab", "session", "event")
"""The id of a lab, that of a session, the type of a request."""

_current: contextvars.ContextVar[Mapping[str, str]] = contextvars.ContextVar("about", default=MappingProxyType({}))


@contextlib.contextmanager
def about(**fields: str | None) -> Iterator[None]:
    """Lines that this thread or task writes within are about these (`FIELDS`), besides what they are about already. None: not known."""
    token = _current.set({**_current.get(), **{name: value for name, value in fields.items() if value is not None}})
    try:
        yield
    finally:
        _current.reset(token)


def of(record: logging.LogRecord) -> dict[str, str]:
    """The fields of a record: those that were given to the call as `extra`, else those of `about`; and `error`, the id of a failure."""
    known = _current.get()
    found = {name: getattr(record, name, None) or known.get(name) for name in FIELDS}
    found["error"] = getattr(record, "error", None)
    return {name: str(value) for name, value in found.items() if value}
