"""Netfilter in the namespaces of a lab. Rules are written and read by iptables' own programs, not by a library (docs/adr says why), and
reading never changes anything.

- `drivers`: the two packet filters, legacy and nft, behind one interface; `programs` runs their iptables, `pieces` cuts long texts for nft,
  `alternatives` chooses which of them is `iptables` in a lab;
- `write`: rules changed, and the line found that was refused;
- `watch`: rules and counters as facts; `events` says when they may have changed;
- `legacy_tables`, `nft_tables`: the tables that the kernel has;
- `conntrack`: connections as facts; `nfnetlink`: the sockets of netfilter.
"""

from agent.filter.conntrack import ConntrackWatch
from agent.filter.drivers import Legacy, Nft, default, driver, works
from agent.filter.watch import FilterWatch
from agent.filter.write import attempt

__all__ = ["ConntrackWatch", "FilterWatch", "Legacy", "Nft", "attempt", "default", "driver", "works"]
