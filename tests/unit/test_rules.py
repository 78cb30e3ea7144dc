"""The language of iptables: words, structure, files, refusals, rules that can never match, the vocabulary."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topology.journey.shadow import covers, never
from topology.model.netfilter import HOOKS, Table
from topology.model.problems import ProblemError
from topology.model.records import Chain, as_records
from topology.observe import listing
from topology.observe.facts import ChainCounters, ChainFact
from topology.rules import parse, save, text
from topology.rules.chains import rule_fault
from topology.rules.refusal import place, refusal
from topology.rules.tokens import join, quote, tokens, typed
from topology.rules.vocabulary import misplaced, read

Count = tuple[int, int]
Listing = dict[Table, dict[str, tuple[Count, list[tuple[Count, str]]]]]
"""By table and chain: what took its policy, and its rules with what they matched."""

words = st.text(st.characters(exclude_categories=("C",), exclude_characters="\n"), max_size=12)


@given(st.lists(words, max_size=6))
def test_words_are_read_as_they_are_quoted(some: list[str]) -> None:
    assert [t.value for t in tokens(join(some))] == some


@given(words)
def test_a_comment_is_read_and_written(comment: str) -> None:
    rule = f"-p tcp -m comment --comment {quote(comment)} -j DROP"
    assert text(parse(rule)) == rule
    assert parse(rule).comment == comment


@given(st.text(alphabet="-jpms !\"'\\ab\t", max_size=30))
def test_any_text_is_kept(rule: str) -> None:
    assert text(parse(rule)) == rule


def test_the_structure_of_a_rule() -> None:
    rule = parse("! -s 10.0.0.0/8 -i eth+ -p tcp -m tcp ! --dport 80:90 -m conntrack --ctstate NEW -g mine")
    assert rule.source is not None
    assert (rule.source.value, rule.source.negated) == ("10.0.0.0/8", True)
    tcp = rule.match("tcp")
    assert tcp is not None
    port = tcp.option("--dport")
    assert port is not None
    assert (port.value, port.negated) == ("80:90", True)
    assert rule.target is not None
    assert (rule.target.name, rule.target.goto) == ("mine", True)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("-m comment --comment 'a b' -j LOG", '-m comment --comment "a b" -j LOG'),
        ('-m comment --comment "it\\\'s" -j LOG', '-m comment --comment "it\\\'s" -j LOG'),
        ("-m comment --comment don't -j ACCEPT", "-m comment --comment don't -j ACCEPT"),
        ("-m comment --comment 'it's' -j ACCEPT", "-m comment --comment 'it's' -j ACCEPT"),
        ("-m comment --comment 'tis -j ACCEPT", "-m comment --comment 'tis -j ACCEPT"),
        ("-m comment --comment \"'a b'\" -j ACCEPT", "-m comment --comment \"'a b'\" -j ACCEPT"),
        ("-m comment --comment 'say \"so\"'  -j LOG", '-m comment --comment "say \\"so\\""  -j LOG'),
    ],
)
def test_single_quotes_are_what_people_type(written: str, read: str) -> None:
    assert typed(written) == read
    assert typed(read) == read


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        ('-m comment --comment "web -p tcp --dport 80 -j ACCEPT', 21), ('-j LOG --log-prefix a"b', 21), ('-j LOG --log-prefix "a\\"', 20),
        ('-m comment --comment "a" -j LOG --log-prefix "', 45),
    ],
)  # fmt: skip
def test_a_quote_that_is_not_closed_is_refused_at_its_place(rule: str, place: int) -> None:
    found = rule_fault(rule)
    assert found is not None
    assert found.message == f"the quote at character {place + 1} is not closed"
    assert found.span is not None
    assert found.span[0] == place


SAID = (
    ("iptables-restore v1.8.9 (legacy): unknown option \"--foo\"\nError occurred at line: 2\nTry `iptables -h' for more information.\n",
     2, 'unknown option "--foo"'),
    ("iptables-restore: line 4 failed\n", 4, ""),
    ("iptables-nft-restore v1.8.9 (nf_tables): \nline 3: RULE_APPEND failed (Invalid argument): rule in chain INPUT\n",
     3, "RULE_APPEND failed (Invalid argument): rule in chain INPUT"),
    ("Bad argument `junk'\nError occurred at line: 7\n", 7, "Bad argument `junk'"),
)  # fmt: skip


@pytest.mark.parametrize(("said", "line", "message"), SAID)
def test_what_iptables_says(said: str, line: int, message: str) -> None:
    assert refusal(said) == (line, message)


def test_the_word_that_is_meant() -> None:
    rule = "-p tcp --dport 99999 -j DROP"
    found = place("invalid port/service `99999' specified", rule)
    assert found is not None
    assert rule[slice(*found)] == "99999"
    assert place("Invalid argument", rule) is None


numbers = st.integers(0, 2**64 - 1)
counts = st.tuples(numbers, numbers)
printed_words = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12).map(
    lambda comment: f"-m comment --comment {quote(comment)} -j LOG"
)
"""As iptables-save prints a comment, which may have any character, also a line break."""
texts = st.one_of(st.just(""), st.sampled_from(("-j DROP", '-m comment --comment "[1:2] -A INPUT -A A " -j A', "-A -A A")), printed_words)
chains_listed = st.dictionaries(
    st.sampled_from(("INPUT", "FORWARD", "A", "AB", "-A", "[0:0]", "A:B")),
    st.tuples(counts, st.lists(st.tuples(counts, texts), max_size=4)),
)


@given(st.dictionaries(st.sampled_from(("raw", "nat", "filter")), chains_listed), st.booleans(), st.booleans())
def test_a_listing_is_read_as_it_is_printed(tables: Listing, printed: bool, asked: bool) -> None:
    found = list(listing.read(_printed(tables, printed), asked))
    assert [t.table for t in found] == list(tables)
    for table, said in zip(found, tables.values(), strict=True):
        policies = {name: "ACCEPT" if name in HOOKS["filter"] else None for name in said}
        assert table.chains == tuple(
            ChainFact(name=name, policy=policies[name], rules=tuple(rule for _, rule in rows)) for name, (_, rows) in said.items()
        )  # fmt: skip
        counters = {
            name: ChainCounters(policy=own if policies[name] else None, rules=tuple(c if printed else (0, 0) for c, _ in rows))
            for name, (own, rows) in said.items()
        }
        assert table.counters == (counters if asked else {})


def _printed(tables: Listing, counted: bool) -> str:
    """As iptables-save prints it."""
    lines: list[str] = []
    for table, said in tables.items():
        lines += ["# Generated by iptables-save v1.8.9 on Tue Nov 24 14:27:47 2026", f"*{table}"]
        lines += [f":{name} {'ACCEPT' if name in HOOKS['filter'] else '-'} [{p}:{b}]" for name, ((p, b), _) in said.items()]
        for name, (_, rows) in said.items():
            lines += [f"{f'[{p}:{b}] ' if counted else ''}-A {name}{rule and f' {rule}'}" for (p, b), rule in rows]
        lines += ["COMMIT", "# Completed on Tue Nov 24 14:27:47 2026"]
    return "\n".join([*lines, ""])


def test_files_of_iptables_save() -> None:
    found = save.read("# x\n*filter\n:INPUT DROP [1:2]\n:mine - [0:0]\n[3:4] -A INPUT -j mine\n-A mine\nCOMMIT\n")
    assert {n: (c.policy, c.rules) for n, c in found["filter"].items()} == {"INPUT": ("DROP", ["-j mine"]), "mine": (None, [""])}
    chains = list(save.chains("ns0", "ipv4", "filter", found["filter"]))
    assert save.read(save.write(chains))["filter"]["INPUT"].rules == ["-j mine"]


NONE = (
    "", "*filter\n:INPUT ACCEPT\n", "*nosuch\nCOMMIT\n", "*filter\n-A mine -j DROP\nCOMMIT\n", "*filter\n:mine DROP\nCOMMIT\n", "{}",
    "*filter\n*nat\nCOMMIT\n",
)  # fmt: skip


@pytest.mark.parametrize("source", NONE)
def test_files_that_are_none(source: str) -> None:
    with pytest.raises(ProblemError):
        save.read(source)


@pytest.mark.parametrize(
    ("wide", "narrow", "so"),
    [
        ("-j DROP", "-p tcp -j ACCEPT", True),
        ("-p tcp -j DROP", "-j ACCEPT", False),
        ("-s 10.0.0.0/8 -j DROP", "-s 10.1.0.0/16 -p tcp -j ACCEPT", True),
        ("-s 10.1.0.0/16 -j DROP", "-s 10.0.0.0/8 -j ACCEPT", False),
        ("! -s 10.0.0.0/8 -j DROP", "-s 192.168.0.0/16 -j ACCEPT", True),
        ("-i eth+ -j DROP", "-i eth0 -j ACCEPT", True),
        ("-p tcp -m tcp --dport 1:100 -j DROP", "-p tcp -m tcp --dport 80 -j ACCEPT", True),
        ("-p tcp -m tcp --dport 80 -j DROP", "-p tcp -m tcp --dport 1:100 -j ACCEPT", False),
        ("-p tcp -m multiport --dports 22,80 -j DROP", "-p tcp -m multiport --dports 80 -j ACCEPT", True),
        ("-m limit --limit 1/sec -j DROP", "-p tcp -j ACCEPT", False),
        ("-m conntrack --ctstate NEW,ESTABLISHED -j DROP", "-m conntrack --ctstate NEW -j ACCEPT", True),
    ],
)
def test_one_rule_takes_all_packets_of_another(wide: str, narrow: str, so: bool) -> None:
    assert covers(parse(wide), parse(narrow)) == so


MARKED = "-m mark --mark 0x1 -j DROP"
STATE = "-m conntrack --ctstate NEW -j ACCEPT"


@pytest.mark.parametrize(
    ("rules", "marked"),
    [
        ((MARKED, "-j LOG", MARKED), {3}),
        ((MARKED, "-j MARK --set-xmark 0x1/0xffffffff", MARKED), set()),
        ((MARKED, "-p udp -j CONNMARK --restore-mark", MARKED), set()),
        ((MARKED, "-j marks", MARKED), set()),
        ((MARKED, "-j deeper", MARKED), set()),
        ((MARKED, "-j logs", MARKED), {3}),
        (("-j MARK --set-xmark 0x1/0xffffffff", MARKED, MARKED), {3}),
        ((STATE, "-p udp -j CT --notrack", STATE), set()),
        ((STATE, "-j NOTRACK", STATE), set()),
        (
            ("-p tcp -m tcp --tcp-option 2 -j DROP", "-p tcp -j TCPOPTSTRIP --strip-options 2", "-p tcp -m tcp --tcp-option 2 -j DROP"),
            set(),
        ),
        (("-s 10.0.0.0/8 -j DROP", "-p udp -j NETMAP --to 10.9.0.0/16", "-s 10.1.0.0/16 -j DROP"), set()),
        (("-s 10.0.0.0/8 -j DROP", "-j TTL --ttl-set 3", "-s 10.1.0.0/16 -j DROP"), {3}),
        (("-p udp -j DROP", "-j UNKNOWN", "-p udp -j DROP"), {3}),
        (("-s 0.0.0.0/0.0.0.255 -j DROP", "-s 0.0.0.5/32 -j DROP", "-s 10.0.0.0/32 -j DROP"), {3}),
        (("-s 0.0.0.0/24 -j DROP", "-s 10.0.0.0/0.0.0.255 -j DROP", "-s 0.0.0.1/32 -j LOG"), {3}),
        (("! -s 0.0.0.1/0.0.0.255 -j DROP", "-s 10.0.0.2/32 -j DROP", "-s 10.0.0.1/32 -j DROP"), {2}),
        (("-m conntrack --ctexpire 1:10 -j DROP", "-m conntrack --ctexpire 1:10 -j DROP"), set()),
        (("-m addrtype --dst-type LOCAL -j DROP", "-m addrtype --dst-type LOCAL --limit-iface-in -j DROP"), set()),
    ],
)
def test_marks_with_something_in_between(rules: tuple[str, ...], marked: set[int]) -> None:
    def chain(name: str, *rules: str) -> Chain:
        return Chain(namespace="ns0", family="ipv4", table="mangle", name=name, policy="ACCEPT" if name.isupper() else None, rules=rules)

    records = as_records(
        chain("FORWARD", *rules), chain("marks", "-p tcp -j LOG", "-j MARK --set-xmark 0x1/0xffffffff"), chain("deeper", "-j marks"),
        chain("logs", "-j LOG"), chain("INPUT", "-j deeper", "-j logs"),
    )  # fmt: skip
    assert {n.rule for n in never(records, {}, "ns0") if n.chain.endswith("FORWARD")} == marked


def test_rules_that_can_never_match() -> None:
    def chain(name: str, *rules: str, table: Table = "filter") -> Chain:
        policy = "ACCEPT" if name.isupper() else None
        return Chain(namespace="ns0", family="ipv4", table=table, name=name, policy=policy, rules=rules)

    records = as_records(
        chain("INPUT", "-p tcp -j DROP", "-p tcp -m tcp --dport 80 -j ACCEPT", "-i eth9 -j DROP", "-j LOG", "-j ACCEPT", "-p udp -j DROP"),
        chain("lonely", "-j DROP"),
    )
    found = [(n.chain.rpartition("/")[2], n.rule, n.reason, n.by, n.interface) for n in never(records, {}, "ns0")]
    assert found == [
        ("INPUT", 2, "shadowed", 1, ""),
        ("INPUT", 3, "no-interface", None, "eth9"),
        ("INPUT", 6, "after-end", 5, ""),
        ("lonely", 0, "unused", None, ""),
    ]


HELP = """=== version iptables v1.8.9 (legacy)
=== -m tcp

tcp match options:
[!] --syn\t\t\t\tmatch when only SYN flag set
[!] --source-port port[:port]
 --sport ...
\t\t\t\tmatch source port(s)
=== -m conntrack
[!] --ctstate {INVALID|NEW}[,...]
                               State(s) to match
=== -j SNAT
 --to-source [<ipaddr>[-<ipaddr>]][:port[-port]]
\t\t\t\tAddress to map source to.
[--random] [--persistent]
"""


def test_the_vocabulary_is_read_from_help() -> None:
    version, extensions = read(HELP)
    assert version == "iptables v1.8.9 (legacy)"
    by_name = {e.name: e for e in extensions}
    syn, sport = by_name["tcp"].options
    assert (syn.names, syn.value, syn.negate) == (("--syn",), "none", True)
    assert (sport.names, sport.argument, sport.value, sport.help) == (
        ("--sport", "--source-port"),
        "port[:port]",
        "port",
        "match source port(s)",
    )
    assert by_name["conntrack"].options[0].choices == ("INVALID", "NEW")
    assert {o.names[0] for o in by_name["SNAT"].options} == {"--to-source", "--random", "--persistent"}
    assert by_name["ACCEPT"].kind == "target"
    assert misplaced("MASQUERADE", "filter", "INPUT") == "MASQUERADE is only for nat, POSTROUTING"
    assert misplaced("MASQUERADE", "nat", "mine") is None
