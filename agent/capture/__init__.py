"""Captures: a tcpdump on each interface, their frames in one ring in the lab process, so that they outlive the client.

- `captures`: all captures of a lab; `tap`: one tcpdump; `ring`: the frames.
"""

from agent.capture.captures import Captures

__all__ = ["Captures"]
