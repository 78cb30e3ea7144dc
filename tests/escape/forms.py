"""The short and the long form of these tests."""

import os

ALL = os.environ.get("VETHBOARD_ESCAPE") == "all"
"""Whether every case is tried, and times are compared, which needs a machine that does nothing else."""
