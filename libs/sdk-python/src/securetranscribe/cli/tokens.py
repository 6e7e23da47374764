"""Commands about access tokens."""

import argparse
from typing import Any

from securetranscribe.cli import arguments, output
from securetranscribe.cli.credentials import connect

_SCOPES = ("read", "export", "write", "admin")


def add_commands(commands: Any) -> None:
    """Add the command to the parser."""
    tokens = arguments.add_command(
        commands, "tokens", _list, help="list, create and revoke access tokens of programs"
    )
    actions = tokens.add_subparsers(dest="action", metavar="ACTION")
    arguments.add_command(actions, "list", _list, help="list access tokens (default)")
    create = arguments.add_command(
        actions, "create", _create, help="create an access token and print its secret"
    )
    create.add_argument("name", help="its purpose")
    create.add_argument(
        "--scope",
        action="append",
        choices=_SCOPES,
        help="permission. Can be repeated (default: read and export)",
    )
    create.add_argument("--workspace", metavar="ID", help="its workspace (default: the active one)")
    create.add_argument("--days", type=int, metavar="N", help="days until it ends (default: 90)")
    revoke = arguments.add_command(actions, "revoke", _revoke, help="revoke access tokens")
    revoke.add_argument("ids", nargs="+", metavar="TOKEN_ID", help="ids of the tokens, as listed")


def _list(options: argparse.Namespace) -> int:
    with connect(options) as client:
        found = client.list_access_tokens()
    output.show(options, found, map(_line, found))
    return 0


def _line(token: dict[str, Any]) -> str:
    used = token["last_used_at"] or "never used"
    scopes = ",".join(token["scopes"])
    return (
        f"{token['token_id']}  {token['hint']:<10}  until {token['expires_at']}  {used:<20}  "
        f"{scopes:<24}  {token['name']}"
    )


def _create(options: argparse.Namespace) -> int:
    with connect(options) as client:
        created = client.create_access_token(
            options.name,
            options.scope or ("read", "export"),
            workspace_id=options.workspace,
            expires_in_days=options.days,
        )
    output.show(options, created, [created["secret"]])
    if not options.json:
        token = created["access_token"]
        output.note(f"{token['token_id']}, until {token['expires_at']}. Shown only this once.")
    return 0


def _revoke(options: argparse.Namespace) -> int:
    with connect(options) as client:
        for token_id in options.ids:
            client.revoke_access_token(token_id)
    output.show(options, {"revoked": options.ids}, (f"revoked {one}" for one in options.ids))
    return 0
