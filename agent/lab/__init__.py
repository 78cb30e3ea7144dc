"""The lab process: pid 1 of a lab. It uses netlink, watches namespaces, and starts what people run. It outlives agent and server.

- `process`: the client's connection and its requests;
- `kernel`: namespaces, watches and applied steps;
- `children`: processes that people run;
- `limit_watch`: limits that the kernel does not report;
- `rings`: packet rings, within a limit;
- `outbox`: frames to the client.
"""

import asyncio
import socket

from agent.filter.alternatives import use
from agent.lab.process import Lab
from topology.model.limits import Limits
from topology.model.netfilter import Driver


def main(listener: socket.socket, unenforced: tuple[str, ...], calls: int, limits: Limits, firewall: Driver) -> None:
    """Serve until killed. `unenforced`: the limits that do not hold, and why. `calls`: where system calls that the filter hands over come.
    `firewall`: the driver whose iptables is `iptables` in the lab."""
    use(firewall)
    # asyncio recognises a fork by its other pid; an agent that is pid 1 of a container has the same pid as this process
    asyncio._set_running_loop(None)
    asyncio.run(Lab(listener, calls, limits, unenforced, firewall).serve())
