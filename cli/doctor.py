"""doctor: what this machine supports and what is missing. Works with and without a running server."""

import subprocess
import sys
from argparse import Namespace as Args

import msgspec

from cli import output, server_checks
from cli.client import Client, find_server
from protocol.public import Check, Diagnosis, Doctor
from topology.model.problems import Code, Problem, ProblemError


def _checks(args: Args) -> tuple[Check, ...]:
    """Of the running server, and of this machine: by its agent, or by one that is started for them."""
    try:
        url, token = find_server(args.state)
    except ProblemError as e:
        if e.problem.code is not Code.UNAVAILABLE:
            raise
        return _own_checks()
    of_server = server_checks.checks(url, token)
    try:
        with Client(url, token) as client:
            result = client.request(Doctor(id=client.next_id()))
            assert isinstance(result, Diagnosis)
            return (*of_server, *result.checks)
    except ProblemError as e:
        if e.problem.code is not Code.UNAVAILABLE:
            raise
    return (*of_server, *_own_checks())


def _own_checks() -> tuple[Check, ...]:
    """Of this machine."""
    stdout = subprocess.run([sys.executable, "-m", "agent", "--check", "--json"], stdout=subprocess.PIPE, check=False).stdout
    try:
        return msgspec.json.decode(stdout, type=tuple[Check, ...])
    except msgspec.DecodeError as e:
        raise ProblemError(
            Problem(code=Code.INTERNAL, message="the output of the agent's check cannot be read", hint="run: python -m agent --check")
        ) from e


def doctor(args: Args) -> int:
    """Print the checks. Exit code 0 when nothing that is needed is missing."""
    checks = _checks(args)
    missing = any(c.needed and not c.ok for c in checks)
    if args.json:
        output.as_json(checks)
        return int(missing)
    for check in checks:
        mark = "✓" if check.ok else ("✗" if check.needed else "–")
        print(f"{mark} {check.name}{': ' + check.detail if check.detail else ''}")
        if not check.ok and check.mend:
            print(f"    → {check.mend}")
    return int(missing)
