"""The server and the token of a command: options, environment, or the stored login."""

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from securetranscribe.cli import files
from securetranscribe.client import SecureTranscribeClient
from securetranscribe.connection import DEFAULT_URL

URL_VARIABLE, TOKEN_VARIABLE = (
    "SECURETRANSCRIBE_URL",
    "SECURETRANSCRIBE_TOKEN",
)  # pragma: allowlist secret


@dataclass(frozen=True, kw_only=True)
class Login:
    """A server and the token for it, None for a new session."""

    url: str
    token: str | None


def chosen(options: argparse.Namespace) -> Login:
    """Return the login of a command.

    The address is that of the option, the environment, the last login, or the default, in this
    order. So is the token. Stored tokens are sent to their own server only.
    """
    last = files.read_json(path()).get("url")
    url = (options.url or os.environ.get(URL_VARIABLE) or last or DEFAULT_URL).rstrip("/")
    token = options.token or os.environ.get(TOKEN_VARIABLE) or stored(url)
    return Login(url=url, token=token)


def stored(url: str) -> str | None:
    """Return the stored token for a server."""
    token: str | None = files.read_json(path()).get("tokens", {}).get(url)
    return token


def connect(options: argparse.Namespace) -> SecureTranscribeClient:
    """Return a client for a command."""
    login = chosen(options)
    return SecureTranscribeClient(login.url, login.token)


def store(login: Login) -> None:
    """Keep a login for later commands."""
    known = files.read_json(path()).get("tokens", {})
    tokens = {**known, login.url: login.token}
    files.write_json(path(), {"url": login.url, "tokens": tokens})


def forget(url: str) -> bool:
    """Remove the login of a server. Return whether there was one."""
    known = files.read_json(path())
    tokens = dict(known.get("tokens", {}))
    if tokens.pop(url, None) is None:
        return False
    if tokens:
        last = known["url"] if known.get("url") in tokens else next(iter(tokens))
        files.write_json(path(), {"url": last, "tokens": tokens})
    else:
        path().unlink(missing_ok=True)
    return True


def path() -> Path:
    """Return the file of logins in the user's configuration directory."""
    return platformdirs.user_config_path("securetranscribe", appauthor=False) / "login.json"
