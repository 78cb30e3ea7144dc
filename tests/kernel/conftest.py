"""Each test in this folder runs apart (`tests.apart`): in a child, in fresh namespaces.

Fixtures run outside, in pytest's process; whatever touches the network belongs in the test's body.
"""

import pytest

from tests.apart import run_apart


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool:
    names = pyfuncitem._fixtureinfo.argnames
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    outcome, text = run_apart(lambda: pyfuncitem.obj(**arguments))
    if outcome == "skipped":
        pytest.skip(str(text))  # the reason that the test itself gave, apart
    if outcome == "failed":
        pytest.fail(str(text), pytrace=False)
    return True
