"""Lines of the log, for people and for programs. What others chose (names, exception messages) can't begin a line of its own in either."""

import json
import logging
import os
import time
from types import TracebackType

from logs import fields

_INDENT = "    | "


def _at(record: logging.LogRecord) -> str:
    """UTC, RFC 3339, in milliseconds."""
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03}Z"


def _printable(text: str) -> str:
    """Control characters, and what else could look like a new line or turn the writing around, as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


class _Formatter(logging.Formatter):
    def __init__(self, program: str) -> None:
        super().__init__()
        self._program = program

    def _traceback(self, record: logging.LogRecord) -> str:
        """Also that of `stack_info`."""
        info = record.exc_info
        found = self.formatException(info) if isinstance(info, tuple) and info[0] is not None else ""
        return "\n".join(filter(None, (found, self.formatStack(record.stack_info) if record.stack_info else "")))

    def formatException(self, ei: "tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]") -> str:
        try:
            return super().formatException(ei)
        except Exception as e:  # a __str__ that raises
            return f"{ei[0]}: its text cannot be had ({type(e).__name__})"


class Text(_Formatter):
    """`TIME LEVEL PROGRAM LOGGER: message (lab=… session=… error=…)`, then the traceback, indented."""

    def format(self, record: logging.LogRecord) -> str:
        """As the class says."""
        about = " ".join(f"{name}={_printable(value)}" for name, value in fields.of(record).items())
        line = f"{_at(record)} {record.levelname} {self._program} {record.name}: {_printable(record.getMessage())}"
        lines = [f"{line} ({about})" if about else line]
        lines += [_INDENT + _printable(text) for text in self._traceback(record).split("\n") if text]
        return "\n".join(lines)


class Json(_Formatter):
    """One JSON object a line: `time`, `level`, `program`, `pid`, `logger`, `message`; where there are any `lab`, `session`, `event`,
    `error` and `traceback`. ASCII, so that U+2028 and lone surrogates are escapes too."""

    def format(self, record: logging.LogRecord) -> str:
        """As the class says."""
        line = {
            "time": _at(record), "level": record.levelname.lower(), "program": self._program, "pid": os.getpid(), "logger": record.name,
            "message": record.getMessage(), **fields.of(record),
        }  # fmt: skip
        if traceback := self._traceback(record):
            line["traceback"] = traceback
        return json.dumps(line)
