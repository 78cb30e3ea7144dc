"""The time of day, as it is written down."""

import time


def now() -> str:
    """UTC, as RFC 3339."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
