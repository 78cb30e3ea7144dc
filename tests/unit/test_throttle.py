"""Throttles are shared by name, and forgotten when nobody needs them any more."""

import gc
import time

import pytest

from server import throttle
from server.throttle import BURST, RATE, Throttles


def test_one_name_is_one_throttle_while_somebody_holds_it() -> None:
    throttles = Throttles()
    one = throttles.of("lab:demo")
    assert throttles.of("lab:demo") is one
    assert throttles.of("lab:other") is not one


def test_throttles_of_labs_that_are_gone_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "ACTIVE_SECONDS", 0.0)
    throttles = Throttles()
    for number in range(1000):
        throttles.of(f"lab:{number}").wait()
    gc.collect()
    throttles.of("lab:demo")
    gc.collect()
    assert len(throttles._active) == 0
    assert len(throttles._throttles) <= 1


def test_who_comes_back_finds_the_bucket_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "ACTIVE_SECONDS", 0.0)
    throttles = Throttles()
    busy = throttles.of("token:demo/ann")
    busy.wait()
    busy.used(BURST + 10 * RATE)
    del busy
    time.sleep(0.01)
    throttles.of("token:demo/ben")
    gc.collect()
    assert not throttles.of("token:demo/ann").is_empty
