"""The log of a process: to standard error, as text or as JSON."""

import logging
import sys
import threading
from collections import Counter
from types import TracebackType
from typing import TYPE_CHECKING, Literal, get_args

from logs import format
from logs.failures import failure
from logs.repeats import Repeats

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

Form = Literal["text", "json"]
FORMS: tuple[Form, ...] = get_args(Form)


class _Handler(logging.StreamHandler):  # type: ignore[type-arg]  # generic in typeshed alone
    """Writes to whatever standard error is now, and counts the lines of each level."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        self.counts[record.levelname.lower()] += 1
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Standard error is gone or full: there is nobody to tell."""


_handler = _Handler()


def configure(program: str, form: Form) -> None:
    """Have this process log to standard error, warnings and what is worse; and every exception that nobody catches. `program`: its name in
    each line. A process that was forked calls it again with its own name."""
    root = logging.getLogger()
    root.handlers[:] = [_handler]
    root.setLevel(logging.WARNING)
    _handler.setFormatter(format.Json(program) if form == "json" else format.Text(program))
    _handler.filters[:] = [Repeats()]
    logging.getLogger("vethboard").setLevel(logging.INFO)
    logging.captureWarnings(True)
    threading.excepthook = _of_thread
    sys.excepthook = _of_process
    sys.unraisablehook = _of_collector


def counts() -> dict[str, int]:
    """How many lines this process has logged, by level."""
    return dict(_handler.counts)


def form_now() -> Form:
    """That of this process."""
    return "json" if isinstance(_handler.formatter, format.Json) else "text"


def _of_thread(args: threading.ExceptHookArgs) -> None:
    """A thread of a library: ours are started by `start_thread`."""
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        failure(args.exc_value, f"thread {args.thread.name if args.thread else ''} ended")


def _of_process(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if isinstance(error, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
    else:
        failure(error, "the process ends", logging.CRITICAL)


def _of_collector(args: "UnraisableHookArgs") -> None:
    """An exception that has nowhere to go: of `__del__`, of a callback of C."""
    if args.exc_value is not None:
        failure(args.exc_value, args.err_msg or f"exception ignored in {args.object!r:.200}")
