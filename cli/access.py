"""token: addresses that give access to one lab."""

from argparse import Namespace as Args
from typing import Literal

from cli import output
from cli.client import Client
from protocol.access import TokenInfo
from protocol.public import ListTokens, MakeToken, RevokeToken, TokenMade, Tokens


def token(client: Client, args: Args) -> int:
    """Create one (the default), list them, or revoke one."""
    if args.revoke:
        client.request(RevokeToken(id=client.next_id(), lab=args.lab, name=args.revoke))
        print(f"token {args.revoke} is revoked")
        return 0
    if args.list:
        return _list(client, args)
    role: Literal["edit", "view"] = "view" if args.view else "edit"
    request = MakeToken(id=client.next_id(), lab=args.lab, role=role, name=args.name, terminals=not args.no_terminals)
    made = client.request(request)
    assert isinstance(made, TokenMade)
    if args.json:
        output.as_json(made)
    else:
        print(f"{client.url}/?token={made.token}&lab={args.lab}")
    return 0


def _list(client: Client, args: Args) -> int:
    found = client.request(ListTokens(id=client.next_id(), lab=args.lab))
    assert isinstance(found, Tokens)
    if args.json:
        output.as_json(found.tokens)
    else:
        output.table(("NAME", "ALLOWS", "MADE"), [(t.name, _allows(t), t.made) for t in found.tokens])
    return 0


def _allows(token: TokenInfo) -> str:
    return token.role if token.terminals else f"{token.role}, no terminals"
