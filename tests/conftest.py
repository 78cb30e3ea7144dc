from collections.abc import Iterator

import pytest

from tests.support import Stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """One Vethboard for all tests that do not stop it; each test makes labs of its own."""
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
