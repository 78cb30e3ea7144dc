"""What all tests share: the seed of everything random, and one Vethboard for each process that runs tests."""

import os
from collections.abc import Generator, Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, settings

from tests.support import Stack

# How long an example takes depends on what else runs on the machine: no test asserts a time.
settings.register_profile("vethboard", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("vethboard")


def pytest_addoption(parser: pytest.Parser) -> None:
    today = f"{datetime.now(UTC):%Y%m%d}"
    text = "of what tests choose at random (or VETHBOARD_SEED); today's date, so that each day tries something else"
    parser.addoption("--seed", type=int, default=int(os.environ.get("VETHBOARD_SEED", today)), help=text)
    parser.addoption("--no-skips", action="store_true", help="a skipped test has failed")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Hypothesis gets the seed too, in each worker of xdist the same: their options are the first process's."""
    if config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = str(config.option.seed)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    terminalreporter.write_line(f"seed {config.option.seed} (VETHBOARD_SEED={config.option.seed} repeats it)")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and item.config.option.no_skips:
        report.outcome, report.longrepr = "failed", f"skipped, which --no-skips forbids: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    """What random choices start from."""
    return int(request.config.option.seed)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """One Vethboard for all tests of a process that do not stop it; each test makes labs of its own."""
    stack = Stack()
    yield stack
    stack.close()


@pytest.fixture
def lab(stack: Stack, request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh, live lab with nothing but `host`; destroyed at the end."""
    name = "t-" + request.node.name.lower().replace("_", "-").replace("[", "-").replace("]", "").replace(".", "-")[:36].strip("-")
    stack.cli("new", name)
    yield name
    stack.cli("destroy", name)
