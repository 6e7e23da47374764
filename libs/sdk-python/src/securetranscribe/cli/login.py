"""Commands to keep and remove the login of a server."""

import argparse
import getpass
import sys
from typing import Any

from securetranscribe.cli import arguments, credentials, output
from securetranscribe.cli.credentials import Login
from securetranscribe.client import SecureTranscribeClient
from securetranscribe.errors import ApiError, AuthenticationError, ConnectionFailedError

_ACCESS_TOKEN = "sta_"  # noqa: S105 - the beginning of all of them


def add_commands(commands: Any) -> None:
    """Add the commands to the parser."""
    login = arguments.add_command(
        commands,
        "login",
        _login,
        help="keep the address of a server and a token for it",
        description="Sign in where people have accounts, or keep a session elsewhere. The token is "
        "stored in the user's configuration directory, readable for its owner only.",
    )
    login.add_argument("--name", help="name or e-mail address to sign in with (default: asked for)")
    login.add_argument(
        "--with-token", action="store_true", help="read a token from standard input and keep it"
    )
    arguments.add_command(
        commands, "logout", _logout, help="remove the stored token, and end a sign-in"
    )


def _login(options: argparse.Namespace) -> int:
    chosen = credentials.chosen(options)
    given = sys.stdin.readline().strip() if options.with_token else options.token
    if options.with_token and not given:
        output.error("there is no token on standard input")
        return 2
    with SecureTranscribeClient(chosen.url, given) as client:
        told = client.get_sign_in_options()
        if given:
            session = client.get_session()
            who = session["user_identifier"] or session["session_id"]
        elif told["mode"] == "open":
            who = _open_session(client, credentials.stored(chosen.url))["session_id"]
        elif not told["passwords"]:
            output.error(
                "people sign in with a provider here. Create an access token in the web interface, "
                "and give it to login --with-token"
            )
            return 1
        else:
            who = _sign_in(client, options)["user"]["name"]
        credentials.store(Login(url=chosen.url, token=client.session_token))
    shown = {"url": chosen.url, "user": who, "file": str(credentials.path())}
    output.show(options, shown, [f"{chosen.url}: {who}, stored in {credentials.path()}"])
    return 0


def _open_session(client: SecureTranscribeClient, known: str | None) -> dict[str, Any]:
    """Return the session of the last login, resumed if it has ended, or else a new one."""
    if known is not None:
        client.session_token = known
        try:
            return client.get_session()
        except AuthenticationError:
            pass
        try:
            return client.resume()
        except ApiError:
            output.note("The former session has ended for good. This is a new one.")
            client.session_token = None
    return client.create_session()


def _sign_in(client: SecureTranscribeClient, options: argparse.Namespace) -> dict[str, Any]:
    name = options.name or _asked("Name: ")
    if sys.stdin.isatty():
        password = getpass.getpass("Password: ")
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    return client.sign_in(name, password)


def _asked(question: str) -> str:
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def _logout(options: argparse.Namespace) -> int:
    login = credentials.chosen(options)
    # Not a token of an option or the environment, which others may use.
    known = credentials.stored(login.url)
    if not credentials.forget(login.url):
        output.error(f"there is no login for {login.url}")
        return 1
    _end_sign_in(Login(url=login.url, token=known))
    output.show(options, {"url": login.url}, [f"{login.url}: logged out"])
    return 0


def _end_sign_in(login: Login) -> None:
    """End a sign-in. Sessions of the open mode and access tokens stay: others may use them."""
    if login.token is None or login.token.startswith(_ACCESS_TOKEN):
        return
    try:
        with SecureTranscribeClient(login.url, login.token) as client:
            if client.get_sign_in_options()["mode"] == "accounts":
                client.sign_out()
    except (ApiError, ConnectionFailedError) as error:
        output.note(f"The sign-in could not be ended: {error}")
