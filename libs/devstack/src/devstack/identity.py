"""User of a child process. Postgres runs neither as root nor as a user without a name."""

import enum
import os
import pwd
import subprocess
import sys
from pathlib import Path

from devstack.errors import StartError

LAUNCHER = Path(__file__).with_name("launch.py")
NOBODY = 65534


class ProcessIdentity(enum.Enum):
    """User of a child process."""

    SELF = "self"
    """The user of the stack."""

    NAMESPACE = "namespace"
    """An ordinary user in a user namespace. Outside of it, files are those of the stack's user."""

    NOBODY = "nobody"
    """User 65534, who then owns the data."""


def launcher_command(*options: str) -> list[str]:
    """Return the command line of the launcher up to the program to run."""
    return [sys.executable, "-I", "-S", str(LAUNCHER), *options, "--"]


def works(identity: ProcessIdentity) -> bool:
    """Test whether this machine allows the identity. Some forbid user namespaces."""
    command = [*launcher_command("--identity", identity.value), "/bin/sh", "-c", "exit 0"]
    return subprocess.run(command, check=False, capture_output=True, timeout=30).returncode == 0  # noqa: S603 - our own command


def unprivileged_identity() -> ProcessIdentity:
    """Choose an identity with a name and other than root. Raise StartError if none works."""
    user = os.geteuid()
    if user != 0:
        if _has_name(user):
            return ProcessIdentity.SELF
        if works(ProcessIdentity.NAMESPACE):
            return ProcessIdentity.NAMESPACE
        raise StartError(
            f"The user {user} has no entry in /etc/passwd, which Postgres needs, and this machine "
            "does not allow user namespaces. Add an entry, or start the stack as another user"
        )
    for identity in (ProcessIdentity.NAMESPACE, ProcessIdentity.NOBODY):
        if works(identity):
            return identity
    raise StartError(
        "Postgres does not run as root, and this machine allows neither user namespaces nor "
        "changing to another user. Start the stack as an ordinary user"
    )


def _has_name(user: int) -> bool:
    try:
        pwd.getpwuid(user)
    except KeyError:
        return False
    return True


def hand_over(path: Path, identity: ProcessIdentity) -> None:
    """Change the owner of a tree, unless its top already belongs to the identity."""
    if os.geteuid() != 0:
        return
    owner = NOBODY if identity is ProcessIdentity.NOBODY else 0
    if path.stat().st_uid == owner:
        return
    for directory, _, names in os.walk(path, topdown=False):
        for name in names:
            os.chown(Path(directory, name), owner, owner, follow_symlinks=False)
        # The top comes last, so that an interrupted walk is repeated.
        os.chown(directory, owner, owner, follow_symlinks=False)
    if path.is_file():
        os.chown(path, owner, owner)
