"""A short one of `script/soak`: everybody does something, nothing goes wrong, nothing grows by much."""

import pytest

from tests.soak.__main__ import Soak, soak


@pytest.mark.alone
def test_a_minute_of_random_use(seed: int) -> None:
    stack = Soak()
    try:
        assert soak(stack, minutes=0.8, every=3.0, seed=seed) == []
    finally:
        stack.close()
