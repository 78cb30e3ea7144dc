"""Terminals in the browser: the whole article typed word for word, panes and tabs, reloads, hostile output, files."""

import contextlib
import re
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.conftest import WILL_NOT_SAY
from tests.e2e.test_walk import Hand
from tests.support import Stack


class Shell:
    """What a person does at the terminal that has the focus."""

    def __init__(self, page: Page, lab: str) -> None:
        self.page, self.lab = page, lab

    def open(self) -> "Shell":
        self.page.keyboard.press("Control+`")
        return self.ready("host")

    def ready(self, namespace: str) -> "Shell":
        expect(self.rows).to_contain_text(re.compile(rf"{re.escape(self.lab)}:{namespace} \S*# *$"), timeout=10_000)
        return self

    @property
    def pane(self) -> Locator:
        """The pane that has the focus."""
        return self.page.locator("section[data-focused]:visible")

    @property
    def rows(self) -> Locator:
        return self.pane.locator(".xterm-rows")

    def type(self, line: str) -> None:
        self.page.keyboard.type(line + "\n")

    def click(self, line: Locator, count: int = 1, at: float = 12) -> None:
        """On a line of the screen, so many pixels from its left; xterm.js takes the pointer above the lines."""
        box = line.bounding_box()
        assert box
        self.page.mouse.move(box["x"] + at, box["y"] + box["height"] / 2)
        self.page.mouse.click(box["x"] + at, box["y"] + box["height"] / 2, click_count=count)

    def says(self, words: str | re.Pattern[str], seconds: float = 10) -> None:
        expect(self.rows).to_contain_text(words, timeout=seconds * 1000)


def test_the_whole_article_typed_word_for_word(page: Page, stack: Stack, lab: str) -> None:
    hand, shell = Hand(page, stack, lab), Shell(page, lab).open()
    # an animation that never ends costs 60 frames a second, and what is typed waits for the next
    assert page.evaluate("document.getAnimations().filter((a) => a.effect.getTiming().iterations === Infinity).length") == 0
    shell.type("ip netns add ns0")
    expect(hand.card("ns0")).to_be_visible()
    shell.type("ip netns list")
    shell.says(re.compile(r"list\s*ns0"))
    shell.type("ip link add type veth")
    expect(hand.chip("host/veth0")).to_be_visible()
    expect(hand.chip("host/veth1")).to_be_visible()
    shell.type("ip link set veth0 netns ns0")
    expect(hand.chip("ns0/veth0")).to_be_visible()
    expect(hand.chip("host/veth0")).to_have_count(0)
    shell.type("ip netns exec ns0 ip addr add 10.0.1.1/24 dev veth0")
    expect(hand.chip("ns0/veth0")).to_have_accessible_name("Interface ns0/veth0, down, 10.0.1.1/24")
    shell.type("ip netns exec ns0 ip link set veth0 up")
    shell.type("ip addr add 10.0.1.254/24 dev veth1; ip link set veth1 up")
    expect(hand.chip("host/veth1")).to_have_accessible_name("Interface host/veth1, up, 10.0.1.254/24")
    expect(hand.chip("ns0/veth0")).to_have_accessible_name("Interface ns0/veth0, up, 10.0.1.1/24")
    shell.type("clear; ip netns exec ns0 ping -c 2 -i 0.2 10.0.1.254")
    shell.says("2 packets transmitted, 2 received, 0% packet loss")
    shell.type("clear; ethtool -S veth1")
    shell.says(re.compile(r"peer_ifindex: \d+"))
    shell.type("clear; brctl addbr br0")
    expect(page.get_by_role("button", name="Bridge host/br0").first).to_be_visible()
    shell.type("ip link add eth0 type veth peer name uplink; brctl addif br0 eth0; brctl show br0")
    shell.says(re.compile(r"br0\s+8000\.[0-9a-f]{12}\s+no\s+eth0"))
    expect(page.locator('[data-id="interface:host/br0"]', has=hand.chip("host/eth0")).first).to_be_visible()
    shell.type("clear; iptables -t nat -A POSTROUTING -s 10.0.1.0/24 -j MASQUERADE; iptables -t nat -S POSTROUTING")
    shell.says("-A POSTROUTING -s 10.0.1.0/24 -j MASQUERADE")
    expect(page.get_by_role("button", name="1 iptables rule in host")).to_be_visible()
    assert "-s 10.0.1.0/24 -j MASQUERADE" in stack.cli("export", lab)
    # a shell inside, started by hand, tells where it is
    shell.type("clear; ip netns exec ns0 bash")
    shell.ready("ns0")
    shell.type("exit")
    shell.ready("host")
    shell.type("ip netns del ns0")
    expect(hand.card("ns0")).to_have_count(0)


def test_panes_tabs_and_a_reload(page: Page, stack: Stack, lab: str) -> None:
    shell = Shell(page, lab).open()
    shell.type("echo first-$((1+0))")
    page.keyboard.press("Alt+Shift+ArrowRight")
    shell.ready("host")
    shell.type("vim /etc/bash.bashrc")
    shell.says("Every interactive shell of a lab")
    page.keyboard.press("Alt+ArrowLeft")
    shell.says("first-1")
    # keys of the canvas are the shell's while it has the focus
    page.keyboard.type("n")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Backspace")
    # from the canvas: a double click opens a shell in that namespace
    shell.type("ip netns add ns0")
    hand = Hand(page, stack, lab)
    hand.card("ns0").wait_for()
    hand.card("ns0").dblclick(position={"x": 40, "y": 60})
    shell.ready("ns0")
    expect(page.get_by_role("tab")).to_have_count(2)
    # a reload comes back to the same shells with their screens
    page.reload()
    shell.ready("ns0")
    page.get_by_role("tab").first.click()
    expect(page.locator("section:visible .xterm-rows").first).to_contain_text("first-1")
    expect(page.locator("section:visible .xterm-rows").nth(1)).to_contain_text("Every interactive shell of a lab")
    # the way out by keyboard, and back
    page.locator("section:visible .xterm-screen").first.click()
    page.keyboard.press("Control+Shift+ArrowUp")
    expect(page.get_by_role("tab").first).to_be_focused()
    page.keyboard.press("Delete")
    expect(page.get_by_role("tab")).to_have_count(1)
    expect(page.get_by_role("status").filter(has_text="vim /etc/bash.bashrc").first).to_be_attached()
    terminals = stack.json("shell", lab, "--list")
    assert isinstance(terminals, list)
    assert [t["namespace"] for t in terminals] == ["host", "ns0"]  # the idle one has ended, the one with vim goes on


def test_two_look_and_type(page: Page, browser: Browser, stack: Stack, lab: str) -> None:
    shell = Shell(page, lab).open()
    context = browser.new_context(viewport={"width": 1000, "height": 700}, locale="en-GB")
    context.add_init_script(WILL_NOT_SAY)
    other = context.new_page()
    other.goto(f"{stack.url}/?token={stack.token}&lab={lab}")
    other.get_by_role("group", name="Namespace host").wait_for()
    second = Shell(other, lab).open()
    second.pane.get_by_role("button", name="Terminal menu").click()
    other.get_by_role("menuitem", name="host: ~").last.click()
    expect(other.get_by_role("tab")).to_have_count(2)
    second.type("echo typed-by-two-$((20+2)); stty size")
    shell.says("typed-by-two-22")
    expect(shell.pane).to_contain_text("2 viewers")
    shell.type("clear; vim --clean -c 'set nu' /etc/hostname")
    second.says("1 " + lab)
    shell.type(":q")
    second.ready("host")
    # what vim asked the terminal was answered once, by the one who drives
    assert "^[" not in (shell.rows.inner_text() + second.rows.inner_text())
    context.close()


def test_nothing_that_is_printed_reaches_the_page(page: Page, lab: str) -> None:
    shell = Shell(page, lab).open()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("navigator.clipboard.writeText('mine')")
    title = page.title()
    shell.type(r"printf '\e]52;c;%s\a' $(echo stolen | base64)")
    shell.type(r"PROMPT_COMMAND=; printf '\e]0;<img src=x onerror=alert(1)>%0100d\a' 7")
    shell.type(r"printf '\e[5t\e[8;1;1t\e[14t\e[20t\e[21t\e]1337;File=inline=1:AAAA\a\eP0;1|17/68\e\\\ePq#0\e\\'; echo over-$((1+1))")
    shell.says("over-2")
    tab = page.get_by_role("tab").first
    expect(tab).to_contain_text("<img src=x onerror=alert(1)>0000")
    assert len(tab.inner_text()) <= 80
    assert page.title() == title
    assert page.evaluate("navigator.clipboard.readText()") == "mine"
    assert page.locator("img[src=x]").count() == 0
    # a link of any other kind is none; one of the web is shown in full before it opens
    shell.type(r"clear; printf '\e]8;;javascript:alert(1)\e\\click\e]8;;\e\\ \e]8;;https://example.com/\e\\safe\e]8;;\e\\\n'")
    shell.says("click safe")
    line = shell.rows.locator("div").filter(has_text=re.compile("^click safe"))
    shell.click(line)
    expect(page.get_by_role("dialog")).to_have_count(0)
    shell.click(line, at=60)
    expect(page.get_by_role("dialog", name="Open this web address?")).to_contain_text("https://example.com/")


def test_files_dropped_in_and_fetched(page: Page, stack: Stack, lab: str, tmp_path: Path) -> None:
    shell = Shell(page, lab).open()
    shell.type("mkdir work; cd work")
    shell.pane.get_by_role("button", name="Files in this home directory").click()
    dialog = page.get_by_role("dialog")
    file = tmp_path / "lesson.txt"
    file.write_text("from outside\n")
    dialog.get_by_label("Upload files…").set_input_files(file)
    expect(dialog.get_by_role("cell", name="work/lesson.txt", exact=True)).to_be_visible()
    with page.expect_download() as download:
        dialog.get_by_role("link", name="Download work/lesson.txt").click()
    assert Path(download.value.path()).read_text() == "from outside\n"
    assert download.value.suggested_filename == "lesson.txt"
    page.keyboard.press("Escape")
    shell.pane.locator(".xterm-screen").click()
    shell.type("cat lesson.txt; cd; python3 -m http.server 8000")
    shell.says("Serving HTTP")
    # the inspector lists what runs and what listens, and ends it
    page.keyboard.press("Control+Shift+ArrowUp")
    Hand(page, stack, lab).card("host").get_by_role("button").first.click()
    sockets = page.get_by_role("table", name="Listening sockets")
    expect(sockets).to_contain_text("8000")
    sockets.get_by_role("button", name=re.compile(r"End \d+ python3 -m http.server 8000")).click()
    expect(sockets).to_have_count(0)
    shell.says(re.compile("Terminated|Keyboard|#"))


def test_find_copy_and_the_screen_reader_mode(page: Page, lab: str) -> None:
    shell = Shell(page, lab).open()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    shell.type("clear; seq 500; echo 測試-needle")
    shell.says("測試-needle")
    page.keyboard.press("Control+Shift+F")
    page.keyboard.type("needle")
    find = page.get_by_role("search", name="Find")
    expect(find).to_contain_text(re.compile(r"\d+ of \d+"))
    page.keyboard.press("Escape")
    expect(find).to_have_count(0)
    shell.click(shell.rows.locator("div").filter(has_text=re.compile("^測試-needle")).first, 2)
    page.keyboard.press("Control+Shift+C")
    page.wait_for_function("async () => (await navigator.clipboard.readText()).includes('needle')")
    shell.pane.get_by_role("button", name="Terminal menu").click()
    page.get_by_role("menuitemcheckbox", name="Screen reader mode of terminals").click()
    expect(shell.pane.get_by_role("list")).to_be_attached()
    # connection lost: the screen waits, and comes back
    page.context.set_offline(True)
    page.evaluate("() => undefined")
    page.context.set_offline(False)
    shell.pane.locator(".xterm-screen").click()
    # keys that are pressed before the page is back go nowhere: pressed again until they are heard
    for _ in range(5):
        shell.type("echo back-$((4+4))")
        with contextlib.suppress(AssertionError):
            shell.says("back-8", 3)
            break
    shell.says("back-8")
