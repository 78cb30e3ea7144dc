"""Threads and tasks whose end by an exception is never silent."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

from logs.failures import failure, text_of
from logs.fields import about

AGAIN_SECONDS = 1.0
"""Until a thread or task that has failed and must go on is begun again."""


def start_thread(
    name: str, run: Callable[[], object], *, again: bool = False, after: Callable[[], object] | None = None, lab: str | None = None
) -> threading.Thread:
    """Start a thread, which does not keep the process from ending. What `run` raises is logged.

    `again`: `run` is then begun again after `AGAIN_SECONDS`. `after`: called at the end, however it came. `lab`: what its lines are about.
    """
    thread = threading.Thread(target=lambda: _run(name, run, again, after, lab), name=name, daemon=True)
    thread.start()
    return thread


def _run(name: str, run: Callable[[], object], again: bool, after: Callable[[], object] | None, lab: str | None) -> None:
    with about(lab=lab):
        while not _ended_well(name, run) and again:
            time.sleep(AGAIN_SECONDS)
        if after is not None:
            _ended_well(f"the end of {name}", after)


def _ended_well(name: str, run: Callable[[], object]) -> bool:
    try:
        run()
    except Exception as e:
        failure(e, f"thread {name}")
        return False
    return True


def start_task(name: str, run: Callable[[], Coroutine[Any, Any, None]], *, again: bool = False) -> "asyncio.Task[None]":
    """Start a task on the running loop, and keep it from being collected. What it raises is logged. `again`: as in `start_thread`."""
    task = asyncio.get_running_loop().create_task(_task(name, run, again), name=name)
    _TASKS.add(task)
    task.add_done_callback(_TASKS.discard)
    return task


_TASKS: set["asyncio.Task[None]"] = set()
"""Those that run: a loop itself holds tasks only weakly."""


async def _task(name: str, run: Callable[[], Coroutine[Any, Any, None]], again: bool) -> None:
    while True:
        try:
            return await run()
        except Exception as e:
            failure(e, f"task {name}")
            if not again:
                return None
        await asyncio.sleep(AGAIN_SECONDS)


def watch_loop(loop: asyncio.AbstractEventLoop, after: Callable[[], object] | None = None) -> None:
    """Log what callbacks of the loop raise (readers, timers, tasks of libraries), and what it reports itself. `after`: called then."""

    def handle(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error, message = context.get("exception"), str(context.get("message", "the loop reports an error"))
        if isinstance(error, Exception):
            failure(error, message)
        else:
            logging.getLogger("vethboard").error("%s %s", message, text_of(error) if error is not None else "")
        if after is not None:
            _ended_well("what follows a failure", after)

    loop.set_exception_handler(handle)
