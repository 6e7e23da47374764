"""As whom a program runs: Postgres refuses to run as root, and nothing else should mind."""

import enum
import os
import subprocess
import sys
from pathlib import Path

from devstack.errors import StartError

LAUNCHER = Path(__file__).with_name("launch.py")
NOBODY = 65534


class ProcessIdentity(enum.Enum):
    """The user a child process is turned into before it starts."""

    SELF = "self"
    """The user of the stack."""

    NAMESPACE = "namespace"
    """An ordinary user in a user namespace; outside, files still belong to root."""

    NOBODY = "nobody"
    """User 65534, to whom the data is handed over."""


def launcher_command(*options: str) -> list[str]:
    """Command line of the launcher with the given options, up to the program to run."""
    return [sys.executable, "-I", "-S", str(LAUNCHER), *options, "--"]


def works(identity: ProcessIdentity) -> bool:
    """Try out whether this machine lets us take the identity (some forbid user namespaces)."""
    command = [*launcher_command("--identity", identity.value), "/bin/sh", "-c", "exit 0"]
    return subprocess.run(command, check=False, capture_output=True, timeout=30).returncode == 0  # noqa: S603 - our own command


def unprivileged_identity() -> ProcessIdentity:
    """Choose an identity that is not root. Raises StartError when root has no way to give it up."""
    if os.geteuid() != 0:
        return ProcessIdentity.SELF
    for identity in (ProcessIdentity.NAMESPACE, ProcessIdentity.NOBODY):
        if works(identity):
            return identity
    raise StartError(
        "Postgres will not run as root, and this machine allows neither user namespaces nor "
        "changing to another user: start the stack as an ordinary user"
    )


def hand_over(path: Path, identity: ProcessIdentity) -> None:
    """Make a tree belong to the identity. Costs one `stat` when it already does."""
    if os.geteuid() != 0:
        return
    owner = NOBODY if identity is ProcessIdentity.NOBODY else 0
    if path.stat().st_uid == owner:
        return
    for directory, _, names in os.walk(path, topdown=False):
        for name in names:
            os.chown(Path(directory, name), owner, owner, follow_symlinks=False)
        # The top comes last, so that an interrupted walk is done again.
        os.chown(directory, owner, owner, follow_symlinks=False)
    if path.is_file():
        os.chown(path, owner, owner)
