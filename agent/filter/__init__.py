"""Netfilter in the namespaces of a lab. Rules are written and read by iptables' own programs, not by a library (docs/adr says why), and
reading never changes anything.

- `drivers`: the two packet filters, legacy and nft, behind one interface; `programs` runs their iptables, `pieces` cuts long texts for nft,
  `alternatives` chooses which of them is `iptables` in a lab;
- `write`: rules changed, and the line found that was refused; `partly`: what can be loaded of a text; `trial`, `pretest`: texts and steps
  that are tried in namespaces made for this;
- `watch`: rules and counters as facts, `doubtful` where iptables-save leaves it open which they are; `events` says when they may have
  changed;
- `legacy_tables`, `nft_tables`: the tables that the kernel has;
- `conntrack`: connections as facts; `nfnetlink`: the sockets of netfilter.
"""

from agent.filter.conntrack import ConntrackWatch
from agent.filter.drivers import Legacy, Nft, default, driver, works
from agent.filter.trial import Trial, attempt
from agent.filter.watch import FilterWatch

__all__ = ["ConntrackWatch", "FilterWatch", "Legacy", "Nft", "Trial", "attempt", "default", "driver", "works"]
