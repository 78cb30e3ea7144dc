"""The time of day as text."""

import time


def now() -> str:
    """The current time as UTC in RFC 3339, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
