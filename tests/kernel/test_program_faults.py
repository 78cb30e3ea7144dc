"""Programs of iptables that fail at any of their calls within an apply, with either driver: the kernel is as it was, or as it was asked
for."""

import errno
import json
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from agent.filter import programs
from agent.netlink.namespaces import Netns
from tests.kernel.test_faults import Lab, _without_nsids, example, strangely_built, with_lab, with_rules
from topology.document import document
from topology.model.netfilter import DRIVERS, Driver
from topology.model.problems import Code
from topology.model.records import Records

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]
_SAYS = "echo 'iptables-restore v1.8.9 (nf_tables): line 2: CHAIN_ADD failed ({}): chain INPUT' >&2; exit 4"


def _killed(real: Run, _argv: Sequence[str], **more: Any) -> "subprocess.CompletedProcess[bytes]":
    return real(["sh", "-c", "kill -9 $$"], **more)


def _killed_at_its_end(real: Run, argv: Sequence[str], **more: Any) -> "subprocess.CompletedProcess[bytes]":
    """What it was to do is done."""
    done = real(argv, **more)
    return subprocess.CompletedProcess(argv, -9, done.stdout, done.stderr)


def _refused(words: str) -> Callable[..., "subprocess.CompletedProcess[bytes]"]:
    return lambda real, _argv, **more: real(["sh", "-c", _SAYS.format(words)], **more)


def _late(_real: Run, argv: Sequence[str], **more: Any) -> "subprocess.CompletedProcess[bytes]":
    raise subprocess.TimeoutExpired(argv, more["timeout"])


def _not_started(number: int) -> Callable[..., "subprocess.CompletedProcess[bytes]"]:
    def fail(_real: Run, argv: Sequence[str], **_more: Any) -> "subprocess.CompletedProcess[bytes]":
        raise OSError(number, os.strerror(number), argv[0])

    return fail


FAULTS = {
    "killed": _killed, "killed at its end": _killed_at_its_end, "EBUSY": _refused("Device or resource busy"),
    "ENOBUFS": _refused("No buffer space available"), "timeout": _late, "EMFILE": _not_started(errno.EMFILE),
    "ENOMEM": _not_started(errno.ENOMEM),
}  # fmt: skip


def wanted() -> Records:
    """Another lab than `container-host`, with rules in what stays and in what is made."""
    tables = {k: r for k, r in with_rules("two-namespaces", "-s 10.7.0.0/16 -j DROP").items() if k.startswith("chain:")}
    made = {k: r for k, r in with_rules("two-namespaces", "-j ACCEPT", namespace="n1").items() if k.startswith("chain:")}
    return {**strangely_built(3), **tables, **made}


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_program_that_fails_at_any_of_its_calls(driver: Driver, fault: str) -> None:
    def body(lab: Lab) -> None:
        before = lab.build(with_rules("container-host", "-s 10.0.0.1/32 -j DROP", "-s 10.0.0.2/32 -j DROP"))
        real, failed = subprocess.run, 0
        for at in range(60):
            left = [at]

            def run(argv: Sequence[str], left: list[int] = left, **more: Any) -> "subprocess.CompletedProcess[bytes]":
                left[0] -= 1
                return FAULTS[fault](real, argv, **more) if left[0] == -1 else real(argv, **more)

            steps = lab.steps(wanted())
            programs.subprocess.run = run  # type: ignore[assignment,attr-defined]
            try:
                done = lab.apply_steps(steps)
            finally:
                programs.subprocess.run = real  # type: ignore[attr-defined]
            if left[0] > -1:
                break
            if done.problem is None:  # a look that was repeated, or that only was to explain
                assert lab.apply(before).problem is None, at
            else:
                failed += 1
                assert done.problem.code != Code.INTERNAL, (at, done.problem)
                assert done.problem.causes == (), (at, done.problem)
            assert _without_nsids(lab.again()) == _without_nsids(before), at
        assert failed > 2

    with_lab(body, driver)


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("number", [errno.EPERM, errno.EMFILE, errno.EINVAL])
def test_a_namespace_that_cannot_be_entered_at_any_visit(driver: Driver, number: int) -> None:
    """setns(2) fails, at each place where somebody goes into a namespace."""

    def body(lab: Lab) -> None:
        before = lab.build(with_rules("container-host", "-s 10.0.0.1/32 -j DROP"))
        namespaces = lab.kernel.namespaces
        real, failed = namespaces.visit, 0
        for at in range(0, 60, 2):
            left = [at]

            def visit(netns: Netns, work: Callable[[], object], left: list[int] = left) -> object:
                left[0] -= 1
                if left[0] == -1:
                    raise OSError(number, os.strerror(number))
                return real(netns, work)

            steps = lab.steps(wanted())
            namespaces.visit = visit  # type: ignore[method-assign,assignment]
            try:
                done = lab.apply_steps(steps)
            finally:
                namespaces.visit = real  # type: ignore[method-assign]
            if left[0] > -1:
                break
            if done.problem is None:
                assert lab.apply(before).problem is None, at
            else:
                failed += 1
                assert done.problem.causes == (), (at, done.problem)
            assert _without_nsids(lab.again()) == _without_nsids(before), at
        assert failed > 2

    with_lab(body, driver)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_lock_that_is_held_for_a_minute(driver: Driver) -> None:
    """By somebody in the lab. iptables-nft takes none, and goes on; with legacy it is said who holds it, and nothing is changed."""

    def body(lab: Lab) -> None:
        before = lab.build(document.load(json.dumps(example("container-host"))))
        with subprocess.Popen(["flock", "/run/xtables.lock", "sleep", "60"], start_new_session=True) as holder:
            while not lab_is_locked():
                time.sleep(0.02)
            done = lab.apply(wanted())
            if driver == "nft":
                assert done.problem is None
            else:
                assert done.problem is not None
                assert (done.problem.code, done.problem.causes) == (Code.UNAVAILABLE, ())
                assert f"process {holder.pid} (flock" in done.problem.message
                assert lab.again() == before
            os.killpg(holder.pid, 9)
        assert lab.apply(before).problem is None

    with_lab(body, driver)


def lab_is_locked() -> bool:
    done = subprocess.run(["flock", "-n", "/run/xtables.lock", "true"], check=False)
    return done.returncode != 0
