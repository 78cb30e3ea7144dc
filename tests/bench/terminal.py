"""Terminals in a browser: from a key to its echo on the screen, beside a bare PTY; sustained output, and the page's frames meanwhile.

The page's own clock runs from the keydown event until xterm.js has drawn the letter, so waiting for the next
frame (16.7 ms at 60 Hz) is in it.
"""

import json
import os
import pty
import statistics
import time

from playwright.sync_api import Page, sync_playwright

from tests.bench.plain import CHROMIUM, Plain
from tests.support import Stack

KEYS = 120
MEGABYTES = 100
_CONTROL = 2
"""The modifier, as the DevTools protocol counts them."""
_WATCH = """() => {
  const rows = document.querySelector('.xterm-rows')
  window.echoes = []
  let since = 0
  document.addEventListener('keydown', (event) => { since = event.timeStamp }, true)
  new MutationObserver(() => {
    if (since > 0) window.echoes.push(performance.now() - since)
    since = 0
  }).observe(rows, { subtree: true, childList: true, characterData: true })
}"""
_FRAMES = """() => {
  window.frames_ = []
  window.stopped = false
  let last = performance.now()
  const frame = (now) => {
    window.frames_.push(now - last)
    last = now
    if (!window.stopped) requestAnimationFrame(frame)
  }
  requestAnimationFrame(frame)
}"""


def bare() -> list[float]:
    """Milliseconds from a key to its echo by bash on a PTY of this machine."""
    pid, master = pty.fork()
    if pid == 0:
        os.execvpe("bash", ["bash", "--norc"], {**os.environ, "TERM": "xterm", "PS1": "$ "})
    time.sleep(0.5)
    os.read(master, 65536)
    out = []
    for n in range(KEYS):
        since = time.perf_counter()
        os.write(master, b"x" if n % 40 else b"\x15x")
        os.read(master, 65536)
        out.append((time.perf_counter() - since) * 1000)
        time.sleep(0.01)
    os.close(master)
    os.waitpid(pid, 0)
    return out


def _echoes(page: Page) -> list[float]:
    page.evaluate(_WATCH)
    for n in range(KEYS):
        page.keyboard.press("x" if n % 40 else "Control+u")
        page.wait_for_timeout(25)
    return [float(ms) for ms in page.evaluate("window.echoes")]


def _says(page: Page, words: str) -> None:
    page.wait_for_function(
        "words => document.querySelector('.xterm-rows').textContent.includes(words)", arg=words, polling=20, timeout=60_000
    )


def _flood(page: Plain) -> tuple[float, list[float]]:
    """Seconds for `MEGABYTES` from a file, until its end is on the screen, and the lengths of the page's frames meanwhile in ms."""
    page.until("document.querySelector('[aria-label=\"Namespace host\"]')")
    page.press("`", 192, code="Backquote", modifiers=_CONTROL)
    page.until(_shows("terminal:host"))
    page.evaluate("document.querySelector('.xterm-helper-textarea').focus()")
    page.type("clear; yes 'The quick brown fox jumps over the lazy dog, and the dog sleeps on: 0123456789.' | ")
    page.type(f"head -c {MEGABYTES}000000 > /tmp/words; echo ready-$((1+1))\n")
    page.until(_shows("ready-2"))
    page.type("clear; cat /tmp/words; echo over-$((1+1))")
    page.evaluate(f"({_FRAMES})()")
    since = time.monotonic()
    page.type("\n")
    page.until(_shows("over-2"))
    took = time.monotonic() - since
    page.evaluate("window.stopped = true")
    frames = page.evaluate("window.frames_")
    assert isinstance(frames, list)
    return took, [float(ms) for ms in frames[1:]]


def _shows(words: str) -> str:
    return f"document.querySelector('.xterm-rows')?.textContent.includes({json.dumps(words)})"


def run() -> None:
    """Print medians and rates."""
    stack = Stack()
    try:
        stack.cli("apply", "terminal", "examples/two-namespaces.json")
        address = f"{stack.url}/?token={stack.token}&lab=terminal"
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"])
            page = browser.new_page()
            page.goto(address)
            page.get_by_role("group", name="Namespace host").wait_for()
            page.keyboard.press("Control+`")
            page.locator(".xterm-rows").wait_for()
            _says(page, "terminal:host")
            echoes, local = _echoes(page), bare()
            for what, rows in (("key to echo, drawn in the browser", echoes), ("key to echo, a bare PTY", local)):
                ordered = sorted(rows)
                p95 = ordered[int(len(ordered) * 0.95)]
                print(f"{what}: {statistics.median(rows):.1f} ms (median), {p95:.1f} ms (95 %), of {len(rows)}")
            browser.close()
        with Plain(address) as plain:
            took, lengths = _flood(plain)
        p95 = sorted(lengths)[int(len(lengths) * 0.95)]
        print(f"output: {MEGABYTES / took:.1f} MB/s; frames meanwhile {statistics.median(lengths):.1f} ms (median), {p95:.1f} ms (95 %)")
    finally:
        stack.close()
