"""Link to create the first administrator, where people sign in."""

import subprocess
import sys
from collections.abc import Mapping

from devstack.errors import DevstackError
from devstack.service_command import AttachedStack, command_environment

_SECONDS = 60.0
_PAGE = "/setup"


def people_sign_in(environment: Mapping[str, str]) -> bool:
    """Return whether people sign in at a stack with these variables."""
    return environment.get("AUTH_MODE", "").strip().lower() == "accounts"


def setup_link(stack: AttachedStack, gateway_url: str) -> str | None:
    """Return a new link, in place of earlier ones. None if there are users already.

    Raises DevstackError if the gateway's command does not end in time.
    """
    command = [sys.executable, "-m", "gateway", "setup-token"]
    try:
        done = subprocess.run(  # noqa: S603 - a command of ours
            command,
            env=command_environment(stack, "gateway"),
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise DevstackError("the gateway's command for a setup token does not end") from error
    token = done.stdout.strip()
    # The token is behind `#`, so that browsers do not send it with the address.
    return f"{gateway_url}{_PAGE}#{token}" if done.returncode == 0 and token else None
