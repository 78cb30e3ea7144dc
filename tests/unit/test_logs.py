"""No exception is lost: whatever raises it is in the log, with a traceback and an id, once."""

import asyncio
import gc
import io
import json
import logging
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import logs
from logs import about, failure, format, problem_of, repeats, running, setup
from server.audit import Actor, Audit
from topology.model.problems import Code, Problem, ProblemError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What a process that logs JSON writes to standard error."""
    for name in ("sys.excepthook", "sys.unraisablehook", "threading.excepthook", "logs.running.AGAIN_SECONDS"):
        module, _, attribute = name.rpartition(".")
        value = 0.01 if attribute == "AGAIN_SECONDS" else getattr({"sys": sys, "threading": threading}[module], attribute)
        monkeypatch.setattr(name, value)
    root, ours = logging.getLogger(), logging.getLogger("vethboard")
    before = (root.handlers[:], root.level, ours.level)
    monkeypatch.setattr(setup, "_handler", setup._Handler())
    logs.configure("test", "json")
    out = io.StringIO()
    setup._handler.setStream(out)
    yield out
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])
    logging.captureWarnings(False)


def lines(out: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.getvalue().split("\n") if line]


def only(out: io.StringIO) -> dict[str, object]:
    (line,) = lines(out)
    return line


def broken() -> None:
    raise ZeroDivisionError("no")


def test_a_thread_that_fails(written: io.StringIO) -> None:
    ended = threading.Event()
    logs.start_thread("reader", broken, after=ended.set, lab="one").join(5)
    assert ended.is_set()
    line = only(written)
    assert (line["level"], line["lab"], line["program"]) == ("error", "one", "test")
    assert "thread reader" in str(line["message"])
    assert str(line["error"]) in str(line["message"])
    assert 'in broken\n    raise ZeroDivisionError("no")' in str(line["traceback"])


def test_a_thread_that_goes_on_again(written: io.StringIO) -> None:
    runs = []

    def run() -> None:
        runs.append(1)
        if len(runs) < 3:
            broken()

    logs.start_thread("reader", run, again=True).join(5)
    assert (len(runs), len(lines(written))) == (3, 2)


def test_the_end_of_a_thread_that_fails(written: io.StringIO) -> None:
    logs.start_thread("reader", lambda: None, after=broken).join(5)
    assert "the end of reader" in str(only(written)["message"])


def test_a_thread_of_a_library(written: io.StringIO) -> None:
    thread = threading.Thread(target=broken, name="theirs")
    thread.start()
    thread.join(5)
    assert "theirs" in str(only(written)["message"])


def test_tasks_callbacks_and_timers(written: io.StringIO) -> None:
    followed: list[int] = []
    runs: list[int] = []

    async def broken_task() -> None:
        runs.append(1)
        if len(runs) < 3:
            broken()

    async def forgotten() -> None:
        broken()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        logs.watch_loop(loop, lambda: followed.append(1))
        loop.call_soon(broken)
        loop.call_later(0.001, broken)
        asyncio.ensure_future(forgotten())  # noqa: RUF006
        await logs.start_task("ticks", broken_task, again=True)
        await logs.start_task("once", forgotten)
        await asyncio.sleep(0.01)
        gc.collect()

    asyncio.run(main())
    found = [str(line["message"]) for line in lines(written)]
    assert len([m for m in found if "task ticks" in m]) == 2
    assert len([m for m in found if "task once" in m]) == 1
    assert len(found) == 6
    assert len(followed) == 3
    assert all("traceback" in line for line in lines(written))


def test_a_task_that_is_cancelled_is_no_failure(written: io.StringIO) -> None:
    async def main() -> None:
        task = logs.start_task("waits", lambda: asyncio.sleep(100), again=True)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        await asyncio.sleep(0)

    asyncio.run(main())
    assert lines(written) == []
    assert not running._TASKS


def test_what_nobody_catches(written: io.StringIO) -> None:
    class Falls:
        def __del__(self) -> None:
            broken()

    Falls()
    gc.collect()
    assert only(written)["level"] == "error"
    try:
        broken()
    except ZeroDivisionError as e:
        sys.excepthook(type(e), e, e.__traceback__)
    assert [line["level"] for line in lines(written)] == ["error", "critical"]
    assert logs.counts() == {"error": 1, "critical": 1}


def test_a_problem_has_the_id_of_the_log(written: io.StringIO) -> None:
    problem = Problem(code=Code.LIMIT, message="enough")
    assert problem_of(ProblemError(problem)) is problem
    error = ZeroDivisionError("no")
    first, second = problem_of(error), problem_of(error, "again")
    line = only(written)  # once, although it was reported twice
    assert first.code == Code.INTERNAL
    assert first.message == second.message == f"ZeroDivisionError: no (error {line['error']})"


def test_an_exception_without_a_text(written: io.StringIO) -> None:
    class Mute(Exception):
        __slots__ = ()

        def __str__(self) -> str:
            raise RuntimeError

    assert "Mute" in problem_of(Mute()).message
    assert lines(written)[0]["level"] == "error"


def test_what_lines_are_about(written: io.StringIO) -> None:
    log = logging.getLogger("vethboard.x")
    with about(lab="one", session=None), about(session="s1", event="edit"):
        log.info("in %s", "both")
    with about(lab="one"), about(lab=""):
        log.warning("outside", extra={"session": "s2"})
    first, second = lines(written)
    assert (first["lab"], first["session"], first["event"], first["message"]) == ("one", "s1", "edit", "in both")
    assert "lab" not in second
    assert second["session"] == "s2"


def test_a_failure_again_and_again(written: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("logs.repeats.time.monotonic", lambda: now[0])

    def fail(raises: "type[Exception]" = ZeroDivisionError) -> None:
        try:
            raise raises("no")
        except raises as e:
            failure(e, "a reader")

    for _ in range(500):
        fail()
    fail(KeyError)  # another one is not left out
    assert len(lines(written)) == repeats.MOST + 1
    now[0] += repeats.SECONDS + 1
    fail()
    assert f"and {500 - repeats.MOST} times more" in str(lines(written)[-1]["message"])


TEXTS = st.text(st.characters(), max_size=40) | st.sampled_from(
    ["a\n2026-01-01T00:00:00.000Z ERROR x", "\u2028", "\x1b[31m", "\u202e", "\ud800"]
)


@given(TEXTS, TEXTS, TEXTS)
def test_no_text_makes_a_line_of_its_own(message: str, name: str, cause: str) -> None:
    record = logging.LogRecord("x", logging.ERROR, "f", 1, "%s", (message,), None)
    record.session = name
    try:
        raise ValueError(cause)
    except ValueError:
        record.exc_info = sys.exc_info()
    line = format.Json("test").format(record)
    assert line.isascii()
    assert len(line.splitlines()) == 1
    assert json.loads(line)["message"] == message
    text = format.Text("test").format(record).split("\n")
    assert all(part.isprintable() for part in text)
    assert all(part.startswith("    | ") for part in text[1:])


def test_every_thread_and_task_is_begun_by_one_mechanism() -> None:
    """`create_task` alone is right where whoever begins the task takes what it raises."""
    taken = {"agent/journey/tracing.py": 1, "agent/labs.py": 1, "agent/listener.py": 2, "logs/running.py": 1}
    raw = re.compile(r"threading\.(Thread|Timer)\(|create_task\(|ensure_future\(|start_new_thread")
    found = {}
    for package in ("server", "agent", "logs", "protocol", "topology"):
        for path in (ROOT / package).rglob("*.py"):
            if count := len(raw.findall(path.read_text())):
                found[path.relative_to(ROOT).as_posix()] = count
    found["logs/running.py"] -= 1  # the thread of `start_thread`
    assert found == taken


def test_a_line_of_the_audit_log_that_cannot_be_written_is_said(caplog: pytest.LogCaptureFixture) -> None:
    Audit(Path("/dev/full")).write(Actor("admin", "ann", "admin", "0", "127.0.0.1"), "edit", "one", "ok")
    assert "a line of the audit log could not be written" in caplog.text
    assert "No space left on device" in caplog.text
