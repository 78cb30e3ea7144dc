"""Which of these tests run: each day some cases of those marked `sample`, by the seed, and none of those marked `by_hand`; all of them with
VETHBOARD_ESCAPE=all."""

import random

import pytest

from tests.escape.forms import ALL


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """After -k and -m: what they leave is what is chosen from."""
    if ALL:
        return
    cases: dict[str, list[pytest.Item]] = {}
    for item in items:
        cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
    kept = [item for name, found in cases.items() for item in _kept(f"{config.option.seed} {name}", found)]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = [item for item in items if item in kept]


def _kept(seed: str, cases: list[pytest.Item]) -> list[pytest.Item]:
    if cases[0].get_closest_marker("by_hand") is not None:
        return []
    sample = cases[0].get_closest_marker("sample")
    return cases if sample is None else random.Random(seed).sample(cases, min(sample.args[0], len(cases)))
