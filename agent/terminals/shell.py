"""The shell of a namespace: its home, its hostname, how it is started. How it is set up inside is in agent/sandbox/bashrc."""

import os
import subprocess

from agent.sandbox import ENVIRONMENT
from topology.model.base import HOST

_INSIDE = 'hostname -- "$0" 2>/dev/null; exec ip netns exec "$0" bash'
"""Run in a UTS namespace of its own. With a name that cannot be a hostname, that of the lab stays."""


def home(namespace: str) -> str:
    """The folder in which a namespace's shells start. It lives as long as the lab."""
    return "/root" if namespace == HOST else f"/home/{namespace}"


def start(namespace: str, terminal: int) -> "subprocess.Popen[bytes]":
    """Start bash on this terminal (a descriptor), in a session of its own, of which the process that is returned is the leader. Raises
    OSError."""
    folder = home(namespace)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    env = {**ENVIRONMENT, "HOME": folder, "COLORTERM": "truecolor"}
    inside = ["bash"] if namespace == HOST else ["unshare", "--uts", "sh", "-c", _INSIDE, namespace]
    return subprocess.Popen(["setsid", "--ctty", *inside], stdin=terminal, stdout=terminal, stderr=terminal, env=env, cwd=folder)
