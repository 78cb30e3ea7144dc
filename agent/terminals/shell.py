"""The shell of a namespace: its home, its hostname, how it is started. The rest is in agent/sandbox/bashrc."""

import os
import subprocess

from agent.sandbox import ENVIRONMENT
from topology.model.base import HOST

_INSIDE = 'hostname -- "$0" 2>/dev/null; exec ip netns exec "$0" bash'
"""In a UTS namespace of its own. A name that is no hostname leaves that of the lab."""


def home(namespace: str) -> str:
    """The folder that a namespace's shells start in. It lives as long as the lab."""
    return "/root" if namespace == HOST else f"/home/{namespace}"


def start(namespace: str, terminal: int) -> "subprocess.Popen[bytes]":
    """Bash on this terminal, in a session of its own; its pid is that of the process. Raises OSError."""
    folder = home(namespace)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    env = {**ENVIRONMENT, "HOME": folder, "COLORTERM": "truecolor"}
    inside = ["bash"] if namespace == HOST else ["unshare", "--uts", "sh", "-c", _INSIDE, namespace]
    return subprocess.Popen(["setsid", "--ctty", *inside], stdin=terminal, stdout=terminal, stderr=terminal, env=env, cwd=folder)
