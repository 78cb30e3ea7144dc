"""Captures: a tcpdump on each interface, their frames in one ring in the lab process, so that they outlive whoever looks at them."""

from agent.capture.captures import Captures

__all__ = ["Captures"]
