"""The lab process: pid 1 of a lab. It speaks netlink, watches, and starts what people run; it outlives agent and server."""

import asyncio
import socket

from agent.filter.alternatives import use
from agent.lab.process import Lab
from topology.model.limits import Limits
from topology.model.netfilter import Driver


def main(listener: socket.socket, limits: Limits, firewall: Driver) -> None:
    """Serve until killed. `firewall`: whose iptables the lab has."""
    use(firewall)
    # asyncio tells a fork by another pid; an agent that is pid 1 of a container has the same as this process
    asyncio._set_running_loop(None)
    asyncio.run(Lab(listener, limits, firewall).serve())
