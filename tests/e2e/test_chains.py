"""Chains in the browser: the map, rules by mouse, by keyboard and as text, proved by packets in the lab's own kernel."""

import json
import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.e2e.test_walk import Hand
from tests.support import Stack

SITE = {
    "host": {
        "interfaces": {
            "br0": {"kind": "bridge", "addresses": ["10.0.1.254/24"]},
            "p0": {"kind": "veth", "peer": "ns0/eth0", "master": "br0"},
            "up0": {"kind": "veth", "peer": "net/eth0", "addresses": ["192.0.2.1/24"]},
        },
        "sysctls": {"net.ipv4.ip_forward": 1},
    },
    "ns0": {
        "interfaces": {"eth0": {"kind": "veth", "peer": "host/p0", "addresses": ["10.0.1.1/24"]}},
        "routes": [{"to": "default", "via": "10.0.1.254"}],
    },
    "net": {"interfaces": {"eth0": {"kind": "veth", "peer": "host/up0", "addresses": ["192.0.2.2/24"]}}},
}


class Chains:
    """The panel of one namespace."""

    def __init__(self, page: Page, stack: Stack, lab: str) -> None:
        self.page, self.stack, self.lab = page, stack, lab
        self.panel = page.get_by_role("tabpanel", name="Chains of host")

    def open(self) -> None:
        """By the shortcut, for what is selected; nothing: host."""
        self.page.keyboard.press("c")
        expect(self.panel.get_by_role("group", name="PREROUTING")).to_be_visible()

    def go(self, cell: str) -> None:
        self.cell(cell).click()

    def cell(self, name: str) -> Locator:
        return self.panel.get_by_role("button", name=re.compile(f"^{name}, "))

    def rules(self, chain: str) -> Locator:
        return self.panel.get_by_role("grid", name=f"Rules of {chain}").get_by_role("row")

    def expect_rules(self, chain: str, *rules: str) -> None:
        rows = self.rules(chain)
        expect(rows).to_have_count(len(rules))
        for number, rule in enumerate(rules):
            expect(rows.nth(number)).to_have_accessible_name(re.compile("^" + re.escape(f"Rule {number + 1}: {rule}")))

    def text(self) -> Locator:
        return self.panel.get_by_role("combobox", name="Rule as text")

    def iptables(self, *args: str) -> str:
        return self.stack.inside(self.lab, "host", "iptables", *args)

    def saved(self, table: str, chain: str) -> list[str]:
        """What `iptables -S` prints of a chain, without its policy."""
        lines = self.iptables("-t", table, "-S", chain).splitlines()
        return [line.removeprefix(f"-A {chain} ") for line in lines if line.startswith("-A")]


PASTE = """(field, text) => {
  const clipboardData = new DataTransfer()
  clipboardData.setData('text/plain', text)
  field.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
}"""
DROP = """(field, text) => {
  const dataTransfer = new DataTransfer()
  dataTransfer.items.add(new File([text], 'x.rules', { type: 'text/plain' }))
  field.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }))
}"""
"""What the browser sends where a person pastes, or drops a file."""


def palette(page: Page, query: str, label: str) -> None:
    """An action by the command palette."""
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Command palette").fill(query)
    expect(page.get_by_role("option", selected=True)).to_contain_text(label)
    page.keyboard.press("Enter")


def test_nat_by_mouse(page: Page, stack: Stack, lab: str, tmp_path: Path) -> None:
    document = tmp_path / "site.json"
    document.write_text(json.dumps({"vethboard": 1, "namespaces": SITE}))
    stack.cli("apply", lab, str(document))
    chains = Chains(page, stack, lab)
    Hand(page, stack, lab).fit()
    # the way in: the context menu of host
    page.get_by_role("button", name="Namespace host,").click(button="right")
    page.get_by_role("menuitem", name="Chains…").click()
    expect(chains.panel.get_by_role("group", name="POSTROUTING")).to_be_visible()
    # nobody answers 10.0.1.1 from outside: net has no route to it
    assert "0 received" in stack.inside(lab, "ns0", "ping", "-c1", "-W1", "192.0.2.2", code=None)
    # a rule from the form, by mouse
    chains.go("nat POSTROUTING")
    chains.panel.get_by_role("button", name="Add rule").click()
    editor = chains.panel.get_by_role("region", name="New rule in POSTROUTING")
    editor.get_by_label("Source", exact=True).fill("10.0.1.0/24")
    editor.get_by_label("Outgoing interface", exact=True).select_option("up0")
    editor.get_by_label("Target").select_option("MASQUERADE")
    expect(chains.text()).to_have_value("-s 10.0.1.0/24 -o up0 -j MASQUERADE")
    expect(editor).to_contain_text("accepted by iptables", timeout=20_000)
    editor.get_by_role("button", name="Add rule").click()
    chains.expect_rules("POSTROUTING", "-s 10.0.1.0/24 -o up0 -j MASQUERADE")
    assert chains.saved("nat", "POSTROUTING") == ["-s 10.0.1.0/24 -o up0 -j MASQUERADE"]
    # the packet goes out under the other address, and the counter moves on screen
    stack.inside(lab, "ns0", "ping", "-c2", "-i0.2", "192.0.2.2")
    cells = chains.rules("POSTROUTING").first.get_by_role("gridcell")
    expect(cells.nth(1)).to_have_text("1")
    expect(cells.nth(2)).to_have_text("84")
    expect(chains.cell("nat POSTROUTING")).to_have_accessible_name(re.compile(r"1 rule, policy ACCEPT, [1-9]\d* packets?"))
    # and back to nothing, by the palette
    chains.rules("POSTROUTING").first.click()
    palette(page, "zero the counters of the rule", "Zero the counters of the rule")
    expect(cells.nth(1)).to_have_text("·")
    stack.inside(lab, "ns0", "ping", "-c1", "192.0.2.2")
    chains.panel.get_by_role("button", name="Connections").click()
    row = chains.panel.get_by_role("table", name="Connections").get_by_role("row").filter(has_text="10.0.1.1")
    expect(row.first).to_contain_text("192.0.2.1")
    expect(row.first.get_by_title("source translated")).to_contain_text("192.0.2.1")
    stack.inside(lab, "ns0", "ping", "-c1", "10.0.1.254")
    other = chains.panel.get_by_role("table", name="Connections").get_by_role("row").filter(has_text="10.0.1.254")
    other.get_by_role("button", name=re.compile("^Delete icmp")).click()
    expect(other).to_have_count(0)
    expect(row.first).to_be_visible()
    chains.panel.get_by_role("button", name="Delete all").click()
    expect(row).to_have_count(0)
    # and all of it can be undone
    page.keyboard.press("Escape")
    page.keyboard.press("Control+z")
    chains.panel.get_by_role("button", name="Map", exact=True).click()
    chains.expect_rules("POSTROUTING")
    assert chains.saved("nat", "POSTROUTING") == []


def test_a_shell_and_the_keyboard(page: Page, stack: Stack, lab: str) -> None:
    chains = Chains(page, stack, lab)
    chains.open()
    chains.go("filter INPUT")
    for port in (22, 80, 443):
        chains.iptables("-A", "INPUT", "-p", "tcp", "--dport", str(port), "-j", "ACCEPT")
    ssh, http, https = (f"-p tcp -m tcp --dport {port} -j ACCEPT" for port in (22, 80, 443))
    chains.expect_rules("INPUT", ssh, http, https)
    expect(page.get_by_role("button", name="3 iptables rules in host")).to_be_visible()
    grid = chains.panel.get_by_role("grid", name="Rules of INPUT")
    # the last one first, by keyboard
    chains.rules("INPUT").nth(2).click()
    grid.press("Alt+ArrowUp")
    chains.expect_rules("INPUT", ssh, https, http)
    grid.press("Alt+ArrowUp")
    chains.expect_rules("INPUT", https, ssh, http)
    assert chains.saved("filter", "INPUT") == [https, ssh, http]
    # one press right after the other means the same rule, wherever it is by then; so does a block of two
    for _ in range(2):
        grid.press("Alt+ArrowDown")
    chains.expect_rules("INPUT", ssh, http, https)
    grid.press("Shift+ArrowUp")
    grid.press("Alt+ArrowUp")
    chains.expect_rules("INPUT", http, https, ssh)
    grid.press("Alt+ArrowDown")
    chains.expect_rules("INPUT", ssh, http, https)
    chains.rules("INPUT").nth(2).click()
    for _ in range(2):
        grid.press("Alt+ArrowUp")
    chains.expect_rules("INPUT", https, ssh, http)
    # duplicate, delete both of two, undo
    grid.press("Control+d")
    chains.expect_rules("INPUT", https, https, ssh, http)
    chains.rules("INPUT").nth(0).click()
    chains.rules("INPUT").nth(2).click(modifiers=["Shift"])
    grid.press("Delete")
    chains.expect_rules("INPUT", http)
    page.keyboard.press("Control+z")
    chains.expect_rules("INPUT", https, https, ssh, http)
    # by mouse: dragged to the end, then to another chain
    chains.rules("INPUT").nth(0).drag_to(chains.rules("INPUT").nth(3), target_position={"x": 200, "y": 26})
    chains.expect_rules("INPUT", https, ssh, http, https)
    chains.rules("INPUT").nth(1).drag_to(chains.cell("filter FORWARD"))
    chains.expect_rules("INPUT", https, http, https)
    assert chains.saved("filter", "FORWARD") == [ssh]
    # policy, flush
    chains.panel.get_by_label("Policy of INPUT").select_option("DROP")
    expect(chains.cell("filter INPUT")).to_have_accessible_name(re.compile("policy DROP"))
    assert chains.iptables("-S", "INPUT").startswith("-P INPUT DROP")
    chains.iptables("-F")
    chains.expect_rules("INPUT")


def test_text_and_form_say_the_same(page: Page, stack: Stack, lab: str) -> None:
    chains = Chains(page, stack, lab)
    chains.open()
    chains.go("filter INPUT")
    chains.panel.get_by_role("button", name="Add rule").click()
    text = chains.text()
    form = chains.panel.get_by_role("region", name="New rule in INPUT")
    # text → form
    text.fill('-p tcp --dport 80 -m recent --name x --rcheck -m comment --comment "a b" -j DROP')
    expect(form.get_by_label("Destination port", exact=True)).to_have_value("80")
    expect(form.get_by_label("Comment", exact=True)).to_have_value("a b")
    expect(form.get_by_role("group", name="Options of recent")).to_be_visible()
    # form → text: only its own words change
    form.get_by_label("Destination port", exact=True).fill("80,443")
    form.get_by_role("group", name="Connection state").get_by_role("button", name="NEW").click()
    wanted = '-p tcp -m recent --name x --rcheck -m comment --comment "a b" -m multiport --dports 80,443 -m conntrack --ctstate NEW -j DROP'
    expect(text).to_have_value(wanted)
    # the fault under the very word: at once from here, then in iptables' own words
    text.fill("-p tcp --dport 99999 -j DROP")
    expect(form.get_by_role("alert")).to_contain_text("0 to 65535")
    text.fill("-p tcp --dport 80 -j REJECT --reject-with nonsense")
    expect(form.get_by_role("alert")).to_contain_text("nonsense")
    # completion
    text.fill("")
    text.press_sequentially("-p tcp --dport 80 -m connt")
    expect(form.get_by_role("listbox").get_by_role("option", name="conntrack")).to_be_visible()
    text.press("Tab")
    text.press_sequentially("--ctst")
    text.press("Tab")
    text.press_sequentially("NEW -j DR")
    text.press("Tab")
    expect(text).to_have_value("-p tcp --dport 80 -m conntrack --ctstate NEW -j DROP ")
    expect(form).to_contain_text("Drop TCP to port 80 of new connections", ignore_case=True)
    text.press("Enter")
    chains.expect_rules("INPUT", "-p tcp -m tcp --dport 80 -m conntrack --ctstate NEW -j DROP")
    # a whole command of a textbook: table and chain are set
    chains.panel.get_by_role("button", name="Add rule").click()
    chains.text().fill("sudo iptables -t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 10.0.1.2:80")
    expect(chains.panel.get_by_role("region", name="New rule in PREROUTING")).to_be_visible()
    chains.text().press("Enter")
    chains.expect_rules("PREROUTING", "-p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.1.2:80")
    # several commands at once are one edit; what is none is left out, and said so
    chains.panel.get_by_role("button", name="Add rule").click()
    chains.text().evaluate(PASTE, "iptables -N WEB\niptables -A INPUT -p tcp --dport 80 -j WEB\niptables -A WEB -j ACCEPT\niptables -F")
    several = chains.panel.get_by_role("region", name="3 commands pasted")
    expect(several.get_by_role("note")).to_contain_text("iptables -F")
    several.get_by_role("button", name="Add all 3").click()
    expect(chains.cell("filter WEB")).to_have_accessible_name(re.compile("^filter WEB, 1 rule"))
    assert chains.saved("filter", "INPUT")[-1] == "-p tcp -m tcp --dport 80 -j WEB"
    page.keyboard.press("Control+z")
    expect(chains.cell("filter WEB")).to_have_count(0)
    assert len(chains.saved("filter", "INPUT")) == 1
    # what somebody else changes meanwhile is offered, not overwritten
    chains.rules("PREROUTING").first.dblclick()
    chains.iptables("-t", "nat", "-R", "PREROUTING", "1", "-p", "udp", "-j", "RETURN")
    alert = chains.panel.get_by_role("alert").filter(has_text="Someone else")
    expect(alert).to_contain_text("-p udp -j RETURN")
    alert.get_by_role("button", name="Save mine anyway").click()
    chains.expect_rules("PREROUTING", "-p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.1.2:80")


def test_custom_chains_matrix_and_families(page: Page, stack: Stack, lab: str) -> None:
    chains = Chains(page, stack, lab)
    chains.open()
    chains.go("filter FORWARD")
    chains.panel.get_by_role("button", name="New chain…").click()
    dialog = page.get_by_role("dialog", name="New chain")
    dialog.get_by_label("Name").fill("ACCEPT")
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("name of a target")
    dialog.get_by_label("Name").fill("WEB")
    page.keyboard.press("Enter")
    expect(chains.panel.get_by_role("button", name="filter WEB, 0 rules")).to_be_visible()
    assert "-N WEB" in chains.iptables("-S")
    chains.iptables("-A", "FORWARD", "-j", "WEB")
    expect(chains.panel.get_by_role("region", name="User-defined chains")).to_contain_text("called from FORWARD")
    # an example opens in the editor; leaving it leaves nothing behind
    chains.panel.get_by_role("button", name="Examples…").click()
    examples = page.get_by_role("dialog", name="What rules can do")
    expect(examples.get_by_role("region", name="See them at work")).to_contain_text("NAT: masquerade")
    examples.get_by_role("button", name="Skip connection tracking").click()
    expect(chains.text()).to_have_value("-p udp -m udp --dport 53 -j CT --notrack")
    chains.text().press("Escape")
    expect(chains.panel.get_by_role("grid", name="Rules of PREROUTING")).to_be_focused()
    # the verbs of the list are in the palette: another name, zero, flush; a chain in use is not deleted
    chains.go("filter FORWARD")
    palette(page, "flush the chain", "Flush the chain")
    chains.expect_rules("FORWARD")
    page.keyboard.press("Control+z")
    chains.expect_rules("FORWARD", "-j WEB")
    chains.go("filter WEB")
    palette(page, "rename ch", "Rename chain…")
    naming = page.get_by_role("dialog", name="Rename chain")
    naming.get_by_label("Name").fill("SHOP")
    page.keyboard.press("Enter")
    chains.go("filter FORWARD")
    chains.expect_rules("FORWARD", "-j SHOP")
    chains.go("filter SHOP")
    palette(page, "delete chain", "Delete chain")
    toast = page.get_by_role("list", name="Messages").get_by_role("listitem").filter(has_text="Too many links")
    expect(toast).to_contain_text("rule 1 of FORWARD jumps to it")
    expect(toast).to_contain_text("host: filter SHOP")
    assert "-N SHOP" in chains.iptables("-S")
    chains.iptables("-F", "FORWARD")
    palette(page, "delete chain", "Delete chain")
    expect(chains.cell("filter SHOP")).to_have_count(0)
    expect(chains.panel.get_by_role("region", name="filter INPUT")).to_be_visible()
    # what does not exist says why
    chains.panel.get_by_role("button", name="Matrix").click()
    table = chains.panel.get_by_role("table", name="Tables and chains of host")
    expect(table).to_contain_text("nat FORWARD does not exist: nat has no FORWARD")
    expect(table).to_contain_text("raw INPUT does not exist")
    # both families side by side
    chains.panel.get_by_role("button", name="Both").click()
    stack.inside(lab, "host", "ip6tables", "-A", "FORWARD", "-p", "ipv6-icmp", "-j", "ACCEPT")
    table.get_by_role("button", name=re.compile("^IPv6 filter FORWARD, 1 rule")).click()
    expect(chains.panel.get_by_role("grid", name="Rules of FORWARD")).to_have_count(2)
    # a file of ip6tables-save, dropped: it says itself of which family it is
    chains.panel.get_by_role("button", name="Import…").click()
    dropped = page.get_by_role("dialog", name="Import rules into host")
    lines = ("# Generated by ip6tables-save v1.8.9", "*filter", ":INPUT ACCEPT [0:0]", "-A INPUT -s 2001:db8::/32 -j DROP", "COMMIT", "")
    dropped.get_by_label("iptables-save text").evaluate(DROP, "\n".join(lines))
    expect(dropped.get_by_label("Family")).to_have_value("ipv6")
    dropped.get_by_role("button", name="Show the changes").click()
    expect(dropped.get_by_role("region", name="Changes")).to_contain_text("2001:db8::/32")
    dropped.get_by_role("button", name=re.compile("^Apply")).click()
    dropped.wait_for(state="detached")
    assert "-A INPUT -s 2001:db8::/32 -j DROP" in stack.inside(lab, "host", "ip6tables", "-S")
    # a rule that can never match is marked
    chains.iptables("-A", "INPUT", "-j", "DROP")
    chains.iptables("-A", "INPUT", "-p", "tcp", "-j", "ACCEPT")
    chains.panel.get_by_role("button", name="IPv4", exact=True).click()
    table.get_by_role("button", name=re.compile("^filter INPUT, 2 rules")).click()
    expect(chains.rules("INPUT").nth(1)).to_have_accessible_name(re.compile("rule 1"))


def test_ten_thousand_rules_and_files(page: Page, stack: Stack, lab: str) -> None:
    chains = Chains(page, stack, lab)
    chains.open()
    rules = "".join(f"-A INPUT -s 10.{n >> 16}.{n >> 8 & 255}.{n & 255}/32 -j DROP\n" for n in range(10_000))
    chains.panel.get_by_role("button", name="Import…").click()
    dialog = page.get_by_role("dialog", name="Import rules into host")
    dialog.get_by_label("iptables-save text").fill("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j NOWHERE\nCOMMIT\n")
    dialog.get_by_role("button", name="Show the changes").click()
    expect(dialog.get_by_role("alert")).to_contain_text("line 3: ")
    expect(dialog.get_by_role("alert")).to_contain_text("NOWHERE")
    dialog.get_by_label("File").set_input_files(
        {"name": "big.rules", "mimeType": "text/plain", "buffer": f"*filter\n:INPUT ACCEPT [0:0]\n{rules}COMMIT\n".encode()}
    )
    dialog.get_by_role("button", name="Show the changes").click()
    expect(dialog.get_by_role("region", name="Changes")).to_contain_text("10.0.0.0")
    assert chains.saved("filter", "INPUT") == []
    dialog.get_by_role("button", name="Apply").click(timeout=20_000)
    dialog.wait_for(state="detached", timeout=30_000)
    chains.go("filter INPUT")
    grid = chains.panel.get_by_role("grid", name="Rules of INPUT")
    expect(grid).to_have_attribute("aria-rowcount", "10000")
    assert grid.get_by_role("row").count() < 100
    grid.focus()
    grid.press("End")
    expect(grid.get_by_role("row", name="Rule 10000: ")).to_be_visible()
    chains.panel.get_by_label("Search rules").fill("10.0.19.136")
    expect(grid.get_by_role("row")).to_have_count(1)
    expect(grid.get_by_role("row", name="Rule 5001: ")).to_be_visible()
    # one edit of one of them, written as text
    grid.press("Enter")
    chains.text().fill("-s 10.0.19.136/32 -p tcp -j ACCEPT")
    chains.text().press("Enter")
    expect(grid.get_by_role("row")).to_have_accessible_name(re.compile("-p tcp -j ACCEPT"))
    chains.panel.get_by_role("button", name="Export…").click()
    export = page.get_by_role("dialog", name="Rules of host")
    expect(export).to_contain_text("-A INPUT -s 10.0.19.136/32 -p tcp -j ACCEPT")


def test_nft(page: Page, stack: Stack, lab: str) -> None:
    """The other driver: the same page, another kernel."""
    other = f"{lab}-nft"
    stack.cli("new", other, "--firewall", "nft")
    try:
        page.goto(f"{stack.url}/?token={stack.token}&lab={other}")
        page.get_by_role("group", name="Namespace host").wait_for()
        chains = Chains(page, stack, other)
        chains.open()
        expect(chains.panel).to_contain_text("iptables (nft)")
        chains.go("filter INPUT")
        chains.panel.get_by_role("button", name="Add rule").click()
        editor = chains.panel.get_by_role("region", name="New rule in INPUT")
        editor.get_by_label("Protocol").select_option("icmp")
        editor.get_by_label("Target").select_option("ACCEPT")
        expect(editor).to_contain_text("accepted by iptables", timeout=20_000)
        editor.get_by_role("button", name="Add rule").click()
        chains.expect_rules("INPUT", "-p icmp -j ACCEPT")
        assert "counter packets 0" in stack.inside(other, "host", "nft", "list", "chain", "ip", "filter", "INPUT")
        stack.inside(other, "host", "sh", "-c", "ip link set lo up; ping -c2 -i0.2 127.0.0.1")
        expect(chains.rules("INPUT").first.get_by_role("gridcell").nth(1)).to_have_text("4")
        # what a shell does, and what is taken back here
        chains.iptables("-I", "INPUT", "-p", "tcp", "--dport", "22", "-j", "ACCEPT")
        chains.expect_rules("INPUT", "-p tcp -m tcp --dport 22 -j ACCEPT", "-p icmp -j ACCEPT")
        page.keyboard.press("Control+z")
        chains.expect_rules("INPUT", "-p icmp -j ACCEPT")
        assert chains.saved("filter", "INPUT") == ["-p icmp -j ACCEPT"]
    finally:
        stack.cli("destroy", other)
