import errno

import pytest

from topology.model import names
from topology.model.problems import ProblemError


@pytest.mark.parametrize("name", ["veth0", "a" * 15, "eth0.10", "br-lan", "ü" * 7, "x@y"])
def test_interface_names_that_the_kernel_takes(name: str) -> None:
    assert names.interface_name(name) == name


@pytest.mark.parametrize("name", ["", "a" * 16, "ü" * 8, "a/b", "a:b", "a b", "à", ".", "..", "a\tb", "a\x01", "veth%d", "all", "default"])
def test_interface_names_that_it_refuses(name: str) -> None:
    with pytest.raises(ProblemError, match="not a valid ifname"):
        names.interface_name(name, "interface:ns0/x")


@pytest.mark.parametrize("name", ["", "a/b", ".", "..", "a\nb", "x" * 256, "host"])
def test_namespace_names_that_are_no_file_name(name: str) -> None:
    with pytest.raises(ProblemError, match="Invalid netns name"):
        names.namespace_name(name)
    assert names.namespace_name("host", host=True) == "host"
    assert names.namespace_name("my ns") == "my ns"


def test_macs() -> None:
    assert names.mac("02:0:0:0:0:A") == "02:00:00:00:00:0a"
    for bad in ("01:00:5e:00:00:01", "00:00:00:00:00:00"):
        with pytest.raises(ProblemError) as caught:
            names.mac(bad, "interface:ns0/veth0")
        assert caught.value.problem.message == "Cannot assign requested address"
        assert caught.value.problem.errno == errno.EADDRNOTAVAIL
    with pytest.raises(ProblemError, match="invalid lladdr"):
        names.mac("02:00:00:00:00")
    assert names.any_mac("01:00:5E:00:00:01") == "01:00:5e:00:00:01"


def test_addresses() -> None:
    assert names.interface_address("10.0.1.1/255.255.255.0") == "10.0.1.1/24"
    assert names.interface_address("2001:DB8:0::1/64") == "2001:db8::1/64"
    for bad in ("10.0.1.1", "10.0.1.300/24", "10.0.1.1/33", "fe80::1%eth0/64", "x/24", ""):
        with pytest.raises(ProblemError, match="any valid prefix is expected"):
            names.interface_address(bad)
    assert names.address("::0001") == "::1"
    with pytest.raises(ProblemError, match="any valid address"):
        names.address("10.0.0.0/8")


def test_destinations() -> None:
    assert names.destination("default") == "default"
    assert names.destination("0.0.0.0/0") == "default"
    assert names.destination("default", via="fe80::1") == "::/0"
    assert names.destination("10.0.0.1") == "10.0.0.1/32"
    with pytest.raises(ProblemError, match=r"10\.0\.0\.0/24"):
        names.destination("10.0.0.1/24")


def test_next_free_name_is_the_kernels() -> None:
    assert names.free_name("veth", {"veth0", "veth1", "veth3"}) == "veth2"
