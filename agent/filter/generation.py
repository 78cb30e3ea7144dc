"""Changes of nf_tables that are made only while the rules are what they were seen to be.

nf_tables has no lock, but numbers its transactions, in each network namespace, and refuses one that says to follow another than the last
(NFNL_BATCH_GENID of linux/netfilter/nfnetlink.h). iptables-nft names there the transaction after which it has read the rules whose numbers
it takes; which that is, is seen in its message before the kernel gets it.
"""

import struct

from agent.filter.nfnetlink import Socket
from agent.filter.nft_tables import SUBSYSTEM
from agent.filter.programs import ENVIRONMENT, OVERTAKEN, Ended, started
from agent.linux.namespaces import enter_network
from agent.linux.supervised import supervised
from agent.netlink.namespaces import Netns
from agent.netlink.wire import NLMSGHDR, attributes

_GETGEN, _NFTA_GEN_ID = 16, 1
_BATCH_BEGIN, _BATCH_GENID = 16, 1
_NUMBER = struct.Struct("!I")


def generation(_: object = None) -> int | None:
    """The number of the last transaction in the namespace of the calling thread; None where the kernel does not say."""
    try:
        with Socket() as sock:
            return _number(sock.get(SUBSYSTEM, _GETGEN), 4, _NFTA_GEN_ID)
    except OSError:
        return None


def run_on(place: Netns, argv: list[str], text: str, wanted: int) -> tuple[Ended, int]:
    """`programs.run`, for a program that makes one transaction, only while the last one is `wanted`; and the number of the last one
    afterwards. Code OVERTAKEN: it is another, and nothing was changed. Raises UnsupportedError."""
    others: list[int] = []
    made: list[int] = []  # more than one where the kernel has refused the message

    def allow(message: bytes) -> bool:
        found = _follows(message)
        if found is None:
            return True
        (made if found == wanted else others).append(found)
        return found == wanted

    def start() -> Ended:
        enter_network(place.fd)
        return started(argv, text, ENVIRONMENT)

    ended = supervised(argv[0], start, allow)
    if others:
        return overtaken(), wanted
    return ended, wanted + 1 if made and ended.code == 0 else wanted


def overtaken() -> Ended:
    """How a change ends that comes after another than the one that it was to follow."""
    return Ended(OVERTAKEN, "", "the rules were changed in the meantime")


def _follows(message: bytes) -> int | None:
    """After which transaction a message is to be carried out; None where it is none, or does not say."""
    if len(message) < NLMSGHDR.size or NLMSGHDR.unpack_from(message)[1] != _BATCH_BEGIN:
        return None
    return _number(message[: NLMSGHDR.unpack_from(message)[0]], NLMSGHDR.size + 4, _BATCH_GENID)


def _number(data: bytes, at: int, kind: int) -> int | None:
    found = attributes(data, at).get(kind)
    return _NUMBER.unpack(found)[0] if found is not None else None
