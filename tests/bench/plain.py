"""A browser that nobody looks into, spoken to by the Chrome DevTools Protocol as little as possible.

Playwright has each message of a page's websocket copied to itself, as base64 in JSON, by the page's own thread: a flood of output
is then a third slower than for a person.
"""

import json
import subprocess
import tempfile
import time
import urllib.request
from contextlib import ExitStack, suppress
from itertools import count

from websockets.sync.client import connect

CHROMIUM = "/usr/bin/chromium"
_OPTIONS = ("--headless=new", "--no-sandbox", "--no-first-run", "--disable-background-networking", "--window-size=1280,720")
_START_SECONDS = 20


class Plain:
    """One page of a Chromium of its own, at `url`. A context manager."""

    def __init__(self, url: str) -> None:
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
            argv = [CHROMIUM, *_OPTIONS, f"--user-data-dir={folder}", "--remote-debugging-port=0", url]
            process = subprocess.Popen(argv, stderr=subprocess.PIPE, text=True)
            stack.callback(_end, process)
            self._socket = stack.enter_context(connect(_page(process), max_size=None))
            self._ids = count(1)
            self._stack = stack.pop_all()

    def __enter__(self) -> "Plain":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def ask(self, method: str, **params: object) -> dict[str, object]:
        """Call a method of the protocol. Raises LookupError, as where the page is another meanwhile."""
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while (answer := json.loads(self._socket.recv())).get("id") != number:
            pass  # an event
        if "error" in answer:
            raise LookupError(answer["error"]["message"])
        result: dict[str, object] = answer["result"]
        return result

    def evaluate(self, script: str) -> object:
        """The value of an expression, or of what its promise brings."""
        answer = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        result = answer["result"]
        assert isinstance(result, dict)
        return result.get("value")

    def until(self, condition: str) -> None:
        """Wait until an expression is true."""
        wait = f"new Promise(done => {{ const t = setInterval(() => {condition} && done(clearInterval(t)), 20) }})"
        while True:
            try:
                self.evaluate(wait)
            except LookupError:
                time.sleep(0.1)
            else:
                return

    def type(self, text: str) -> None:
        """Into what has the focus; a line feed is the Enter key."""
        for at, line in enumerate(text.split("\n")):
            if at > 0:
                self.press("Enter", 13, text="\r")
            self.ask("Input.insertText", text=line)

    def press(self, key: str, virtual: int, **more: object) -> None:
        """A key down and up. `virtual`: its virtual key code."""
        for kind in ("keyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=virtual, **(more if kind == "keyDown" else {}))


def _page(process: "subprocess.Popen[str]") -> str:
    """The address of its page's debugger."""
    assert process.stderr
    for line in process.stderr:
        if "DevTools listening on ws://" in line:
            port = line.rsplit(":", 1)[1].split("/")[0]
            break
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/json") as answer:
            for target in json.load(answer):
                if target["type"] == "page" and target["url"].startswith("http"):
                    return str(target["webSocketDebuggerUrl"])
        time.sleep(0.1)
    raise AssertionError("Chromium has no page")


def _end(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    process.wait(10)
    if process.stderr:
        process.stderr.close()
