"""Probes with options, remedies and the trace of a ping, in the browser against the kernel."""

import json
import os
import re

from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import still
from tests.support import Stack, eventually, listens

ROUTED = {
    "vethboard": 1,
    "name": "x",
    "namespaces": {
        "host": {},
        "a": {
            "interfaces": {"eth0": {"kind": "veth", "peer": "r/left", "addresses": ["10.0.1.2/24", "10.0.1.7/24"]}},
            "routes": [{"to": "default", "via": "10.0.1.1"}],
        },
        "r": {
            "interfaces": {
                "left": {"kind": "veth", "peer": "a/eth0", "addresses": ["10.0.1.1/24"]},
                "right": {"kind": "veth", "peer": "b/eth0", "addresses": ["10.0.2.1/24"]},
            },
            "sysctls": {"net.ipv4.ip_forward": 1},
        },
        "b": {
            "interfaces": {"eth0": {"kind": "veth", "peer": "r/right", "addresses": ["10.0.2.2/24"]}},
            "routes": [{"to": "default", "via": "10.0.2.1"}],
        },
    },
    "layout": {"host": [0, 0], "a": [0, 260], "r": [420, 260], "b": [840, 260]},
}


def opened(page: Page, stack: Stack, lab: str) -> tuple[Locator, Locator]:
    """The tools and the form of a trace from a to b."""
    stack.cli("apply", lab, "-", input=json.dumps(ROUTED))
    page.get_by_role("group", name="Namespace r").wait_for()
    page.keyboard.press("j")
    tools = page.get_by_role("region", name="Tools")
    form = tools.get_by_role("form", name="The packet")
    form.get_by_label("From", exact=True).select_option("a")
    form.get_by_label("To", exact=True).fill("b")
    return tools, form


def picture(page: Page, name: str) -> None:
    if out := os.environ.get("OUT"):
        page.screenshot(path=f"{out}/{name}.png")


def test_the_bytes_that_were_asked_for_are_sent(page: Page, stack: Stack, lab: str) -> None:
    tools, form = opened(page, stack, lab)
    dump = "timeout 120 tcpdump -Z root -lni eth0 -v udp > /tmp/seen 2>/tmp/told"
    stack.inside(lab, "b", "setsid", "-f", "sh", "-c", dump)
    eventually(lambda: "listening" in stack.inside(lab, "b", "cat", "/tmp/told"))
    form.get_by_label("Protocol").select_option("udp")
    form.get_by_label("Port", exact=True).fill("7777")
    form.get_by_role("button", name="More packet options").click()
    for label, value in {"Source port": "4711", "Payload (bytes)": "100", "TTL": "9", "TOS (DSCP × 4)": "0xb8", "Count": "2"}.items():
        form.get_by_label(label, exact=True).fill(value)
    form.get_by_label("Source address").fill("10.0.1.7")
    form.get_by_label("Outgoing interface").select_option("eth0")
    form.get_by_text("Don't fragment").click()
    picture(page, "probe-options")
    # only the form has scrolled, and not what is around it
    expect(tools.get_by_text(re.compile("^Choose where a packet starts"))).to_be_in_viewport()
    expect(form.get_by_role("button", name="Send and trace")).to_be_in_viewport()
    form.get_by_label("TTL", exact=True).fill("256")
    expect(form.get_by_text("1 to 255")).to_be_visible()
    expect(form.get_by_role("button", name="Send and trace")).to_be_disabled()
    form.get_by_label("TTL", exact=True).fill("9")
    form.get_by_label("TTL", exact=True).press("Enter")
    wanted = re.compile(r"tos 0xb8, ttl 8, id \d+, offset 0, flags \[DF\], proto UDP \(17\), length 128\)\s+10.0.1.7.4711 > 10.0.2.2.7777")
    eventually(lambda: len(wanted.findall(stack.inside(lab, "b", "cat", "/tmp/seen"))) == 2)
    # what no kernel would send is refused by name before anything is sent
    form.get_by_label("Source address").fill("10.0.1.9")
    form.get_by_label("Source address").press("Enter")
    expect(page.get_by_text(re.compile("^10.0.1.9 is not an address of a")).first).to_be_visible()


def test_a_real_web_server_answers(page: Page, stack: Stack, lab: str) -> None:
    tools, form = opened(page, stack, lab)
    stack.inside(lab, "b", "bash", "-c", f"python3 -m http.server 80 >/dev/null 2>&1 & {listens(80)}")
    form.get_by_label("Protocol").select_option("http")
    form.get_by_label("Path").fill("/nosuch")
    form.get_by_role("button", name="Send and trace").click()
    expect(tools.get_by_text("answer: HTTP/1.0 404 File not found")).to_be_visible(timeout=10_000)
    picture(page, "probe-http")


def test_a_remedy_is_one_press(page: Page, stack: Stack, lab: str) -> None:
    tools, form = opened(page, stack, lab)
    stack.inside(lab, "r", "sysctl", "-qw", "net.ipv4.ip_forward=0")
    form.get_by_label("Protocol").select_option("icmp")
    form.get_by_role("button", name="Send and trace").click()
    button = tools.get_by_role("button", name="Set net.ipv4.ip_forward = 1 in r and trace again")
    expect(button).to_be_visible(timeout=10_000)
    picture(page, "remedy")
    button.focus()
    button.press("Enter")
    expect(tools.get_by_text("Delivered in b", exact=True)).to_be_visible(timeout=10_000)
    assert stack.inside(lab, "r", "sysctl", "-n", "net.ipv4.ip_forward").strip() == "1"
    assert "Set net.ipv4.ip_forward = 1 in r" in stack.cli("history", lab, "--json")
    stack.cli("undo", lab)
    assert stack.inside(lab, "r", "sysctl", "-n", "net.ipv4.ip_forward").strip() == "0"


def test_the_packet_of_a_ping_is_traced(page: Page, stack: Stack, lab: str) -> None:
    stack.cli("apply", lab, "-", input=json.dumps(ROUTED))
    stack.inside(lab, "r", "iptables", "-A", "FORWARD", "-p", "icmp", "-j", "DROP")
    page.get_by_role("group", name="Namespace r").wait_for()
    page.get_by_role("banner").get_by_role("button", name="Ping", exact=True).click()
    dialog = page.get_by_role("dialog", name="Ping")
    dialog.get_by_label("Source").select_option("a")
    dialog.get_by_label("Target").fill("b")
    dialog.get_by_label("Count").fill("1")
    dialog.get_by_label("Target").press("Enter")
    expect(dialog.get_by_role("button", name="Remove the rule and trace again")).to_be_visible(timeout=15_000)
    picture(page, "ping-lost")
    dialog.get_by_role("button", name="Trace this packet").click()
    tools = page.get_by_role("region", name="Tools")
    expect(tools.get_by_text("Dropped by rule 1 of filter/FORWARD in r", exact=True)).to_be_visible(timeout=10_000)
    expect(tools.get_by_role("form", name="The packet").get_by_label("To", exact=True)).to_have_value("10.0.2.2")
    picture(page, "ping-traced")


def test_in_the_overview_the_journey_is_seen(page: Page, stack: Stack, lab: str) -> None:
    many = {f"n{n}": {} for n in range(48)}
    places = {f"n{n}": [(n % 8) * 420, 900 + n // 8 * 300] for n in range(48)}
    document = {**ROUTED, "namespaces": ROUTED["namespaces"] | many, "layout": ROUTED["layout"] | places}  # type: ignore[operator]
    stack.cli("apply", lab, "-", input=json.dumps(document))
    page.keyboard.press("j")
    tools = page.get_by_role("region", name="Tools")
    form = tools.get_by_role("form", name="The packet")
    form.get_by_label("From", exact=True).select_option("a")
    form.get_by_label("To", exact=True).fill("b")
    page.get_by_role("button", name="Fit", exact=False).first.click()
    still(page)
    expect(page.get_by_test_id("overview")).to_have_attribute("data-on", "true")
    form.get_by_role("button", name="Send and trace").click()
    expect(tools.get_by_text("Delivered in b", exact=True)).to_be_visible(timeout=10_000)
    layer = page.get_by_test_id("journey")
    expect(layer).to_have_count(1)
    still(page)
    tools.get_by_role("listbox", name="Steps").press("End")
    expect(layer.get_by_role("paragraph")).to_be_visible()
    page.wait_for_function(
        "() => document.getAnimations().every((a) => a.playState !== 'running' || !a.effect.target.closest('[data-testid=journey]'))"
    )
    dot, here = layer.locator("[class*=dot]").bounding_box(), layer.locator("rect").first.bounding_box()
    assert dot is not None
    assert here is not None
    assert dot["width"] >= 12
    assert abs(dot["x"] + dot["width"] / 2 - here["x"]) < 12
    assert abs(dot["y"] + dot["height"] / 2 - here["y"] - here["height"] / 2) < 12
    picture(page, "overview-journey")
