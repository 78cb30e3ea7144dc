"""Netfilter in the namespaces of a lab: written and read by the programs of the lab's driver, watched, never changed by looking.

No library takes part: docs/adr says why.
"""

from agent.filter.conntrack import ConntrackWatch
from agent.filter.drivers import Legacy, Nft, default, driver, works
from agent.filter.watch import FilterWatch
from agent.filter.write import attempt

__all__ = ["ConntrackWatch", "FilterWatch", "Legacy", "Nft", "attempt", "default", "driver", "works"]
