"""The lab process: pid 1 of a lab. It speaks netlink, watches, and starts what people run; it outlives agent and server."""

import asyncio
import socket

from agent.lab.process import Lab
from topology.limits import Limits


def main(listener: socket.socket, limits: Limits) -> None:
    """Serve until killed."""
    asyncio.run(Lab(listener, limits).serve())
