"""How long until a change is drawn in a browser: an edit of another client, and a command in a lab's shell.

The browser notes the time (of the same machine's clock) at which the address stands on the interface's chip.
"""

import statistics
import time
from functools import partial

from playwright.sync_api import Page, sync_playwright

from cli.client import Client
from protocol.public import AnyItem, Edit, Exec, Output
from tests.support import Stack
from topology.edit.commands import SetInterface

ROUNDS = 25
CHROMIUM = "/usr/bin/chromium"
_WATCH = """() => {
  window.seen = {}
  const look = () => {
    const chip = document.querySelector('[aria-label^="Interface ns0/veth0"]')
    const found = /10\\.77\\.\\d+\\.1/.exec(chip?.getAttribute('aria-label') ?? '')
    if (found && !window.seen[found[0]]) window.seen[found[0]] = Date.now()
  }
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true })
}"""


def _drawn(page: Page, address: str, since: float) -> float:
    """Milliseconds from `since` until the browser drew it."""
    page.wait_for_function("a => window.seen[a]", arg=address, polling=20)
    return float(page.evaluate("a => window.seen[a]", address)) - since * 1000


def _edits(page: Page, client: Client) -> list[float]:
    out = []
    for n in range(ROUNDS):
        since = time.time()
        change = SetInterface(interface="ns0/veth0", changes={"addresses": [f"10.77.{n}.1/24"]})
        client.send(Edit(id=client.next_id(), lab="latency", commands=(change,)))
        out.append(_drawn(page, f"10.77.{n}.1", since))
        time.sleep(0.3)
    return out


def _shell(page: Page, client: Client) -> list[float]:
    """The clock starts when the shell says, on its output, that it is about to do it."""
    out = []
    for n in range(100, 100 + ROUNDS):
        command = f"date +%s.%N; ip -n ns0 address flush dev veth0; ip -n ns0 address add 10.77.{n}.1/24 dev veth0"
        said = bytearray()
        request = Exec(id=client.next_id(), lab="latency", namespace="host", argv=("sh", "-c", command))
        client.request(request, partial(_collect, said))
        out.append(_drawn(page, f"10.77.{n}.1", float(said)))
        time.sleep(0.3)
    return out


def _collect(said: bytearray, item: AnyItem) -> None:
    if isinstance(item, Output):
        said += item.data


def run() -> None:
    """Print the medians and the worst, in ms."""
    stack = Stack()
    try:
        stack.cli("apply", "latency", "examples/two-namespaces.json")
        with sync_playwright() as playwright, stack.client() as client:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"])
            page = browser.new_page()
            page.goto(f"{stack.url}/?token={stack.token}&lab=latency")
            page.get_by_role("button", name="Interface ns0/veth0").wait_for()
            page.evaluate(_WATCH)
            for what, rows in (("edit of another client", _edits(page, client)), ("command in a shell", _shell(page, client))):
                print(f"{what}: drawn after {statistics.median(rows):.0f} ms (median), {max(rows):.0f} ms (worst of {len(rows)})")
            browser.close()
    finally:
        stack.close()
