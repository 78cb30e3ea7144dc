"""The cookies that hold a browser's tokens: one for the administrator's and one for each lab, and others for another port of the same host.

Browsers send the cookies of a host to all its ports, and a link that is opened must not take the place of who one was before.
"""

from collections.abc import Iterator, Mapping

from server.access import Access, TokenStore

COOKIE = "vethboard"


def name(host: str, lab: str | None) -> str:
    """Of the cookie for a lab (None: the administrator's), at this `Host` header."""
    port = host.rpartition(":")[2] if not host.endswith("]") and ":" in host else ""
    return "-".join(part for part in (COOKIE, port) if part) + (f".{lab}" if lab is not None else "")


def access(tokens: TokenStore, cookies: Mapping[str, str], host: str, lab: str | None = None, link: str | None = None) -> Access | None:
    """What the cookies of a request allow. First what was meant by the `link` that this page was opened with, then the administrator's
    token, then that for `lab`, then any."""
    for key in (*([name(host, link)] if link is not None else []), *_in_order(cookies, host, lab)):
        if (found := tokens.access(cookies.get(key))) is not None:
            return found
    return None


def _in_order(cookies: Mapping[str, str], host: str, lab: str | None) -> Iterator[str]:
    admin = name(host, None)
    yield admin
    if lab is not None:
        yield name(host, lab)
    yield from (key for key in cookies if key.startswith(f"{admin}."))
