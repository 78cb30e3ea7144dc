"""The text of rules is what iptables-restore takes it for: its words, its files, and what a shell can make that it cannot read."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.apply import execute
from agent.filter import Trial, attempt
from agent.filter.programs import Ended
from tests.kernel.test_apply import Kernel, with_kernel
from topology.edit.commands import ImportRules
from topology.edit.table_edit import put_tables
from topology.model.netfilter import DRIVERS, Driver
from topology.model.problems import Code, ProblemError
from topology.model.records import Chain, Namespace, Records, as_records
from topology.observe import listing
from topology.plan.table_texts import base, imported
from topology.rules import save
from topology.rules.tokens import tokens

APART = settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
ODD = "\t !\"'\\-ab\x0b\x0c\r\x85\u2028é"


def rules_of(kernel: Kernel, name: str = "INPUT") -> tuple[str, ...]:
    found = kernel.observed.records.get(f"chain:ns0/ipv4/filter/{name}")
    return found.rules if isinstance(found, Chain) else ()


def shell(kernel: Kernel, *argv: str, namespace: str = "ns0") -> Ended:
    return kernel.filters.driver.iptables(kernel.namespaces[namespace], "ipv4", list(argv))


@pytest.mark.parametrize("driver", DRIVERS)
def test_words_are_those_of_iptables_restore(driver: Driver) -> None:
    """The same rule by a text and by our words of it: either both are refused, or both are the same."""

    def body(kernel: Kernel) -> None:
        kernel.want(as_records(Namespace(name="host"), Namespace(name="ns0"), Namespace(name="ref")))
        here, there = kernel.namespaces["ns0"], kernel.namespaces["ref"]
        program = kernel.filters.driver

        @APART
        @given(st.text(ODD, max_size=12))
        def check(text: str) -> None:
            rule = f"-m comment --comment {text} -j ACCEPT"
            words = tokens(rule)
            if any(word.open for word in words):
                return  # iptables-restore takes the end of the line into the word: refused by us
            program.iptables(there, "ipv4", ["-F"])
            by_words = program.iptables(there, "ipv4", ["-A", "INPUT", *(w.value for w in words)])
            by_text = program.restore(here, "ipv4", f"*filter\n-A INPUT {rule}\nCOMMIT\n", flush=True)
            assert (by_words.code == 0) == (by_text.code == 0), (rule, by_words, by_text)
            if by_text.code == 0:
                assert program.iptables(here, "ipv4", ["-S"]).out == program.iptables(there, "ipv4", ["-S"]).out

        check()

    with_kernel(body, driver)


@pytest.mark.parametrize("driver", DRIVERS)
def test_comments_that_a_shell_makes(driver: Driver) -> None:
    """Whatever is in them, rules are counted as the kernel does; and what is no line is never carried out as several."""

    def body(kernel: Kernel) -> None:
        kernel.want(as_records(Namespace(name="host"), Namespace(name="ns0")))
        forged = "x\nCOMMIT\n*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j ACCEPT\nCOMMIT\n*filter\n-A INPUT -j DROP"
        for comment in (forged, "a\u2028b\x85c\x0cd\x0be\rf", 'it\'s "so" \\', "a\n-A INPUT -j DROP"):
            shell(kernel, "-A", "INPUT", "-m", "comment", "--comment", comment, "-j", "LOG")
            shell(kernel, "-A", "INPUT", "-j", "ACCEPT")
        kernel.look("ns0")
        rules = rules_of(kernel)
        assert len(rules) == 8
        assert rules[1::2] == ("-j ACCEPT",) * 4
        assert "chain:ns0/ipv4/nat/PREROUTING" not in kernel.observed.records
        # one of the others is deleted: by its number, that of the kernel
        chain = kernel.observed.records["chain:ns0/ipv4/filter/INPUT"]
        assert isinstance(chain, Chain)
        fewer = as_records(Namespace(name="host"), Namespace(name="ns0"), Chain(**_fields(chain, chain.rules[:3] + chain.rules[4:])))
        kernel.want(fewer)
        assert rules_of(kernel) == rules[:3] + rules[4:]
        # and it cannot be made anew from its text
        outcome = kernel.apply(as_records(Namespace(name="host"), Namespace(name="ns0"), Chain(**_fields(chain, (rules[0], rules[0])))))
        assert outcome.problem is not None
        assert (outcome.problem.message, outcome.problem.subject) == ("a rule is one line", chain.id)
        assert rules_of(kernel) == rules[:3] + rules[4:]

    with_kernel(body, driver)


def _fields(chain: Chain, rules: tuple[str, ...]) -> dict[str, object]:
    return {**{f: getattr(chain, f) for f in chain.__struct_fields__}, "rules": rules}


@pytest.mark.parametrize("driver", DRIVERS)
def test_names_that_have_quotes(driver: Driver) -> None:
    def body(kernel: Kernel) -> None:
        kernel.want(as_records(Namespace(name="host"), Namespace(name="ns0")))
        for name in ("c'd", 'a"b'):
            assert shell(kernel, "-N", name).code == 0
            assert shell(kernel, "-A", name, "-j", "ACCEPT").code == 0
            assert shell(kernel, "-A", "INPUT", "-j", name).code == 0
        shell(kernel, "-A", "INPUT", "-m", "recent", "--set", "--name", 'x"y')
        shell(kernel, "-A", "INPUT", "-m", "comment", "--comment", "a b", "-j", "DROP")
        kernel.look("ns0")
        assert len(rules_of(kernel)) == 4
        assert rules_of(kernel, "c'd") == rules_of(kernel, 'a"b') == ("-j ACCEPT",)
        # a chain with a quote in its name is made again from the document
        again = {k: r for k, r in kernel.observed.records.items() if not k.endswith("INPUT")}
        kernel.want(as_records(Namespace(name="host"), Namespace(name="ns0")))
        kernel.want(again)

    with_kernel(body, driver)


HELP = (
    "-h", "-hx", "-fh", "-V", "--he", "--help", "--version", "-m comment --help", "-p tcp --help", "-j LOG --help", "-6 -j DROP",
    "--ipv6 -j DROP", "-v6 -j DROP", "-46 -j DROP", "-m comment --comment x -h",
)  # fmt: skip


@pytest.mark.parametrize("driver", DRIVERS)
def test_options_at_which_nothing_is_loaded(driver: Driver) -> None:
    def body(kernel: Kernel) -> None:
        names = as_records(Namespace(name="host"), Namespace(name="ns0"))
        chain = Chain(namespace="ns0", family="ipv4", table="filter", name="INPUT", policy="ACCEPT", rules=("-j LOG",))
        kernel.want({**names, chain.id: chain})
        for rule in HELP:
            text = f"*filter\n-A INPUT -j LOG\n-A INPUT {rule}\nCOMMIT\n"
            tried = attempt(kernel.namespaces, kernel.filters.driver, "ipv4", Trial(text))
            assert tried.problem is not None, rule
            assert tried.line == 2, (rule, tried)
            tried = attempt(kernel.namespaces, kernel.filters.driver, "ipv4", Trial(text, mode="import"))
            assert (tried.problem is None) == ("6" in rule), rule  # iptables-restore passes over such a line
            tried = attempt(kernel.namespaces, kernel.filters.driver, "ipv4", Trial(text, mode="partly"))
            assert [line for line, _ in tried.left_out] == [2], (rule, tried)
            assert tried.text.count("-A INPUT") == 1

    with_kernel(body, driver)


TABLES = ("filter", "nat", "mangle")
RULES = ("-j ACCEPT", "-s 10.0.0.1/32 -j DROP", "-p tcp -m tcp --dport 80 -j mine", '-m comment --comment "a b" -j ACCEPT', "-j LOG")
BAD = ("-p tcp --dport 99999 -j DROP", "-j nosuch", "-m nosuch -j DROP", "-s 1.2.3", '-m comment --comment "a', "-j", "-h")
LINES = (
    *(f"{counted}-A INPUT {rule}" for rule in RULES for counted in ("", "[1:2] ")), *(f"-A mine {rule}" for rule in RULES[:2]),
    "-AINPUT -j ACCEPT", "-A\tINPUT\t-j\tDROP", "--append INPUT -j DROP", "--insert=INPUT -j LOG", "-I INPUT -j DROP",
    "-I INPUT 2 -j ACCEPT", "-I INPUT 9 -j ACCEPT", "-D INPUT 1", "-D INPUT -j ACCEPT", "-D INPUT 7", "-R INPUT 1 -j LOG", "-F INPUT",
    "-F", "-N mine", "-N other", "-X other", "-X mine", "-P OUTPUT DROP", "-P OUTPUT FOO", "-P mine DROP", "-Z", "-Z INPUT",
    "-E mine renamed", ":mine - [0:0]", ":OUTPUT DROP [5:6]", ":INPUT ACCEPT", ":other -", "# comment", "", "-6 -j DROP", "junk", "*filter",
    "COMMIT",
)  # fmt: skip


@st.composite
def files(draw: st.DrawFn) -> str:
    out: list[str] = []
    for table in draw(st.lists(st.sampled_from(TABLES), min_size=1, max_size=3)):
        out += [f"*{table}", *([":mine - [0:0]"] if draw(st.booleans()) else [])]
        out += draw(st.lists(st.sampled_from(LINES), max_size=6))
        out += draw(st.lists(st.sampled_from(BAD), max_size=1)) if draw(st.integers(0, 3)) == 0 else []
        out += ["COMMIT"] if draw(st.integers(0, 15)) else []
    return "\n".join(out) + draw(st.sampled_from(("\n", "\n", "\n", "")))


BEFORE = '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n:mine - [0:0]\n-A INPUT -j mine\n-A INPUT -j ACCEPT\n' \
    '-A mine -j DROP\nCOMMIT\n*mangle\n:PREROUTING DROP [0:0]\n-A INPUT -j LOG\nCOMMIT\n'  # fmt: skip


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("keep", [False, True])
def test_an_import_is_iptables_restore(driver: Driver, keep: bool) -> None:
    def body(kernel: Kernel) -> None:
        names = as_records(Namespace(name="host"), Namespace(name="ns0"), Namespace(name="ref"))
        kernel.want(names)
        here, there = kernel.namespaces["ns0"], kernel.namespaces["ref"]
        program = kernel.filters.driver

        def saved(reset: bool = False) -> dict[str, object]:
            """Without the tables in which nothing is."""
            tables = listing.read(program.save(there if reset else here, "ipv4", False).out, counters=False)
            return {t.table: t.chains for t in tables if any(c.rules or c.policy != "ACCEPT" for c in t.chains)}

        def start(place: object) -> None:
            empty = "".join(f"*{table}\n{policies}COMMIT\n" for table, policies in EMPTY.items())
            for text in (empty, BEFORE):
                assert program.restore(place, "ipv4", text, flush=True).code == 0  # type: ignore[arg-type]

        @APART
        @given(files())
        def check(text: str) -> None:
            start(here)
            start(there)
            kernel.look("ns0")
            records: Records = dict(kernel.observed.records)
            command = ImportRules(namespace="ns0", family="ipv4", text=text, keep=keep)
            begun = base(records, "ns0", "ipv4")
            tried = attempt(kernel.namespaces, program, "ipv4", Trial(text, begun.text, "keep" if keep else "import"))
            # the end of the last line may be missing, as in a text that was pasted; iptables-nft-restore does not mind either
            real = program.restore(there, "ipv4", text if text.endswith("\n") else text + "\n", flush=not keep)
            ended_early = "-h" in text.split("\n") and real.code == 0
            assert (tried.problem is not None) == (real.code != 0 or ended_early), (text, tried, real)
            if tried.problem is not None:
                assert tried.problem.message, (text, real)
                crashed = real.code < 0  # iptables-nft-restore 1.8.9: two -R of one rule
                assert crashed or tried.line >= 0 or "COMMIT expected" in real.err or "failed" in real.err, (text, tried, real)
                return
            put_tables(records, command, imported(begun, text, tried.text))
            assert kernel.apply(records).problem is None
            assert saved() == saved(True), text
            offline(records, kernel.observed.records, command, begun.text)

        check()

    def offline(_: Records, real: Records, command: ImportRules, before: str) -> None:
        """What the text alone tells is the same, where it tells anything."""
        try:
            found = save.read(command.text, save.read(before), command.keep)
        except ProblemError:
            return
        if driver == "nft" and "-F" in command.text.split("\n"):
            return  # iptables-nft-restore 1.8.9: it does nothing in a table whose chains are not there before, or that was emptied
        for table, chains in found.items():
            for chain in save.chains("ns0", "ipv4", table, chains):
                there = real.get(chain.id)
                rules = there.rules if isinstance(there, Chain) else ()
                assert len(chain.rules) - sum("-6" in rule for rule in chain.rules) == len(rules), (command.text, chain)

    with_kernel(body, driver)


EMPTY = {
    "filter": ":INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n",
    "nat": ":PREROUTING ACCEPT\n:INPUT ACCEPT\n:OUTPUT ACCEPT\n:POSTROUTING ACCEPT\n",
    "mangle": ":PREROUTING ACCEPT\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n:POSTROUTING ACCEPT\n",
}


@pytest.mark.parametrize("driver", DRIVERS)
def test_numbers_that_mean_other_rules_by_now(driver: Driver) -> None:
    """A plan deletes rule 2; meanwhile a shell has put another one before it."""

    def body(kernel: Kernel) -> None:
        def chain(*rules: str) -> Records:
            one = Chain(namespace="ns0", family="ipv4", table="filter", name="INPUT", policy="ACCEPT", rules=rules)
            return as_records(Namespace(name="host"), Namespace(name="ns0"), one)

        a, b, c = (f"-s 10.0.0.{n}/32 -j ACCEPT" for n in (1, 2, 3))
        kernel.want(chain(a, b, c))
        steps = kernel.steps_to(chain(a, c))
        shell(kernel, "-I", "INPUT", "1", "-j", "LOG")
        done = execute(kernel.namespaces, steps, kernel.filters)
        assert done.problem is not None
        assert (done.problem.code, done.problem.subject) == (Code.CONFLICT, "chain:ns0/ipv4/filter/INPUT")
        kernel.look("ns0")
        assert rules_of(kernel) == ("-j LOG", a, b, c)
        assert kernel.apply(chain("-j LOG", a, c)).problem is None
        assert rules_of(kernel) == ("-j LOG", a, c)

    with_kernel(body, driver)


UNPRINTABLE = ('-i "a b" -j DROP', '-m recent --set --name "a b"', '-m physdev --physdev-in "a b"')
PRINTABLE = ('-m comment --comment "a b"', '-j LOG --log-prefix "a \\"b"', '-m string --algo bm --string "a b"', '-i "eth0"', "-i !")


@pytest.mark.parametrize("driver", DRIVERS)
def test_what_could_not_be_loaded_again_is_refused_at_its_place(driver: Driver) -> None:
    """iptables takes a blank in the name of an interface, and does not quote it when it prints it."""

    def body(kernel: Kernel) -> None:
        bare = as_records(Namespace(name="host"), Namespace(name="ns0"))
        kernel.want(bare)

        def with_rule(rule: str) -> Records:
            chain = Chain(namespace="ns0", family="ipv4", table="filter", name="INPUT", policy="ACCEPT", rules=("-p tcp -j ACCEPT", rule))
            return {**bare, **as_records(chain)}

        for rule in UNPRINTABLE:
            text = f"*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -j ACCEPT\n-A INPUT {rule}\nCOMMIT\n"
            tried = attempt(kernel.namespaces, kernel.filters.driver, "ipv4", Trial(text, mode="import"))
            done = kernel.apply(with_rule(rule))
            assert tried.problem is not None
            assert done.problem is not None
            assert tried.line == 3
            assert done.problem.rule == 2
            for problem in (tried.problem, done.problem):
                assert problem.message == "iptables takes this, but prints it so that it cannot be loaded again: Bad argument `b'", problem
                assert problem.span is not None
                assert rule[slice(*problem.span)] == '"a b"'
            assert rules_of(kernel) == ()
        for rule in PRINTABLE:
            assert kernel.apply(with_rule(rule)).problem is None
            assert len(rules_of(kernel)) == 2
            kernel.want(bare)

    with_kernel(body, driver)
