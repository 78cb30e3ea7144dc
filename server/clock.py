"""The time of day as text."""

import time


def now(ago: float = 0.0) -> str:
    """The current time as UTC in RFC 3339, to the second; with `ago`, the time so many seconds before."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - ago))
