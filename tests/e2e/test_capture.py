"""A capture in the browser: started from an interface, filtered, looked into, downloaded."""

import os
import re
import subprocess
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.integration.test_capture import PAIR
from tests.support import Stack, listens


def test_capture_from_an_interface(page: Page, stack: Stack, lab: str, tmp_path: Path) -> None:
    stack.cli("apply", lab, "-", input=PAIR)
    page.get_by_role("button", name=re.compile(r"^Interface a.veth0")).click(button="right")
    page.get_by_role("menuitem", name=re.compile("Capture")).click()
    tools = page.get_by_role("region", name="Tools")
    expect(tools.get_by_role("checkbox", name="a/veth0")).to_be_checked()

    tools.get_by_label("Capture filter").fill("tcp prot 80")
    tools.get_by_role("button", name="Start capture").click()
    expect(tools.get_by_text("can't parse filter expression: syntax error")).to_be_visible()
    tools.get_by_label("Capture filter").fill("")
    tools.get_by_role("checkbox", name="b/veth1").check()
    tools.get_by_role("button", name="Start capture").click()

    expect(tools.get_by_role("button", name="Stop capture")).to_be_visible()
    web = f"python3 -m http.server 80 --bind 10.0.0.2 --directory /tmp >/dev/null 2>&1 & {listens(80)}"
    stack.inside(lab, "b", "bash", "-c", f"cd /tmp && echo hello-from-b > /tmp/x.txt && {web}")
    fetch = "import urllib.request as u; print(u.urlopen('http://10.0.0.2/x.txt').read())"
    assert "hello-from-b" in stack.inside(lab, "a", "python3", "-c", fetch)
    frames = tools.get_by_role("listbox", name="Frames")
    tools.get_by_label("Display filter").fill("arp")
    expect(frames.get_by_role("option", name=re.compile("ARP.*Who has 10.0.0.2")).first).to_be_visible()

    tools.get_by_label("Display filter").fill('tcp.flags.push == 1 and tcp.dstport == 80 and frame.interface_name == "a/veth0"')
    request = frames.get_by_role("option", name=re.compile("HTTP.*GET .x.txt"))
    expect(request).to_have_count(1)
    tools.get_by_label("Display filter").fill("http.request")
    expect(tools.get_by_role("alert")).to_contain_text("only Wireshark puts together")
    tools.get_by_label("Display filter").fill("tcp.port == eighty")
    expect(tools.get_by_role("alert")).to_contain_text("eighty is no value of tcp.port")
    tools.get_by_label("Display filter").fill("tcp and (")
    expect(tools.get_by_role("alert")).to_contain_text("missing")
    tools.get_by_label("Display filter").fill('tcp.flags.push == 1 and frame.interface_name == "b/veth1"')
    request.click()
    details = tools.get_by_role("tree", name="Frame details")
    expect(details.get_by_role("treeitem", name=re.compile("Transmission Control Protocol"))).to_be_visible()
    details.get_by_role("treeitem", name=re.compile("Target")).click()
    expect(tools.get_by_label("Frame bytes").locator("[data-marked]").first).to_be_visible()
    frames.press("ArrowDown")
    expect(details.get_by_role("treeitem", name=re.compile("Hypertext Transfer Protocol, HTTP.1.0 200"))).to_be_visible()

    tools.get_by_role("button", name="Follow stream").click()
    stream = page.get_by_role("dialog", name="TCP stream")
    expect(stream).to_contain_text("GET /x.txt")
    expect(stream).to_contain_text("hello-from-b")
    page.keyboard.press("Escape")
    if out := os.environ.get("OUT"):
        page.screenshot(path=f"{out}/capture.png")

    with page.expect_download() as download:
        tools.get_by_role("link", name="Download as pcapng").click()
    file = tmp_path / "x.pcapng"
    download.value.save_as(file)
    said = subprocess.run(["tcpdump", "-n", "-A", "-r", str(file)], capture_output=True, text=True, check=True).stdout
    assert "GET /x.txt" in said
    assert "hello-from-b" in said

    # it lives in the lab: a reload finds it again, with its frames
    page.reload()
    page.get_by_role("group", name="Namespace host").wait_for()
    page.keyboard.press("k")
    expect(frames.get_by_role("option").first).to_be_visible()
    tools.get_by_role("button", name="Stop capture").click()
    expect(tools.get_by_role("combobox", name="Capture")).to_contain_text("stopped")
    tools.get_by_role("button", name="Delete capture").click()
    expect(tools.get_by_role("button", name="Start capture")).to_be_visible()
