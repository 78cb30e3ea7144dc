"""The lab process: pid 1 of a lab. It speaks netlink, watches, and starts what people run; it outlives agent and server."""

import asyncio
import socket

from agent.lab.process import Lab


def main(listener: socket.socket) -> None:
    """Serve until killed."""
    asyncio.run(Lab(listener).serve())
