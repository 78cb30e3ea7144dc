"""The same failure again and again fills no disk."""

import logging
import time

MOST, SECONDS = 10, 60.0
"""From one place in the code at most so many lines with a traceback within so many seconds."""

_PLACES = 1000
"""How many places are remembered."""


class Repeats(logging.Filter):
    """Lets through `MOST` failures of one place in `SECONDS`; the first after that says how many were left out."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[object, ...], tuple[float, int]] = {}
        """By place: when its period began, and how many there were in it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Called under the lock of the handler, or at least one record after the other (a count that is off by one harms nobody)."""
        if record.exc_info is None or record.exc_info[0] is None:
            return True
        place, now = _place(record), time.monotonic()
        began, count = self._seen.get(place, (now, 0))
        if now - began > SECONDS:
            if count > MOST:
                record.msg = f"{record.getMessage()} (and {count - MOST} times more in the {now - began:.0f} s before, not written)"
                record.args = ()
            began, count = now, 0
        if len(self._seen) >= _PLACES:
            self._seen.clear()
        self._seen[place] = (began, count + 1)
        return count < MOST


def _place(record: logging.LogRecord) -> tuple[object, ...]:
    """Where it was raised: the innermost frame of the traceback."""
    assert record.exc_info is not None
    kind, _, traceback = record.exc_info
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    where = (traceback.tb_frame.f_code.co_filename, traceback.tb_lineno) if traceback is not None else (record.pathname, record.lineno)
    return kind, *where
