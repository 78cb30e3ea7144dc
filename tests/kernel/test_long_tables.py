"""Tables that are longer than one transaction of nf_tables can be."""

import pytest

from agent.apply import Undo
from agent.filter import Trial, attempt
from tests.kernel.test_apply import Kernel, with_kernel
from topology.model.records import Chain, Namespace, Records, as_records

MANY = 2_000


def _wanted(*rules: str, name: str = "INPUT") -> Records:
    chain = Chain(namespace="ns0", family="ipv4", table="filter", name=name, policy="ACCEPT", rules=rules)
    return as_records(Namespace(name="host"), Namespace(name="ns0"), chain)


def _many(port: int) -> tuple[str, ...]:
    return tuple(f"-s 10.0.{n // 256}.{n % 256}/32 -p tcp -m tcp --dport {port} -j ACCEPT" for n in range(MANY))


def _listed(kernel: Kernel) -> list[str]:
    return kernel.filters.driver.iptables(kernel.namespaces["ns0"], "ipv4", ["-S"]).out.splitlines()


def test_many_rules_come_and_change_and_go() -> None:
    def body(kernel: Kernel) -> None:
        first, second = _many(80), _many(81)
        kernel.want(_wanted(*first))
        assert _listed(kernel)[3:] == [f"-A INPUT {rule}" for rule in first]
        mixed = tuple(b if n % 3 else a for n, (a, b) in enumerate(zip(first, second, strict=True)))
        kernel.want(_wanted(*mixed))
        assert _listed(kernel)[3:] == [f"-A INPUT {rule}" for rule in mixed]
        kernel.want(_wanted(*second[::2]))
        assert _listed(kernel)[3:] == [f"-A INPUT {rule}" for rule in second[::2]]

    with_kernel(body, "nft")


def test_rules_of_which_few_fit_at_once() -> None:
    """A rule with u32 takes 2 kB of a transaction."""

    def body(kernel: Kernel) -> None:
        tests = "&&".join(f"0x{n:x}&0xff=0x{n:x}" for n in range(10))
        rules = tuple(f'-s 10.0.0.{n}/32 -m u32 --u32 "{tests}" -j ACCEPT' for n in range(250))
        kernel.apply(_wanted(*rules))
        assert len(_listed(kernel)) == 3 + len(rules)

    with_kernel(body, "nft")


def test_a_long_text_is_tried() -> None:
    def body(kernel: Kernel) -> None:
        rules = "".join(f"-A mine {rule}\n" for rule in _many(80))
        tried = attempt(kernel.namespaces, kernel.filters.driver, "ipv4", Trial(f"*filter\n:mine - [0:0]\n{rules}COMMIT\n"))
        assert tried.problem is None
        assert tried.text.count("-A mine") == MANY

    with_kernel(body, "nft")


@pytest.mark.parametrize("bad", ["-j MASQUERADE", "-j NOWHERE"])
def test_the_last_of_many_is_refused_and_all_is_as_it_was(bad: str) -> None:
    """`--test` does not ask the kernel, which takes MASQUERADE in nat only, nor looks for chains: the rules before are there by then,
    and are taken back."""

    def body(kernel: Kernel) -> None:
        kernel.want(_wanted("-s 10.9.9.9/32 -j DROP"))
        before = _listed(kernel)
        undo = Undo(kernel.baseline, kernel.read_now())
        wanted = _wanted("-s 10.9.9.9/32 -j DROP", *_many(80), bad, "-j ACCEPT")
        steps = kernel.steps_to(wanted)
        done = kernel.apply(wanted)
        assert done.problem is not None
        assert done.failed == 0
        assert (done.problem.rule, done.problem.subject) == (MANY + 2, "chain:ns0/ipv4/filter/INPUT")
        assert len(_listed(kernel)) > MANY / 2
        assert undo.back(kernel, steps) == ()
        assert _listed(kernel) == before

    with_kernel(body, "nft")


def test_a_mistake_in_the_last_of_many_changes_nothing_at_all() -> None:
    def body(kernel: Kernel) -> None:
        kernel.want(_wanted("-s 10.9.9.9/32 -j DROP"))
        before = _listed(kernel)
        done = kernel.apply(_wanted(*_many(80), "-p tcp -m tcp --dport nowhere -j DROP"))
        assert done.problem is not None
        assert done.problem.rule == MANY + 1
        assert _listed(kernel) == before

    with_kernel(body, "nft")
