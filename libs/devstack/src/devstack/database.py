"""Database, roles and rights, applied at every start."""

from collections.abc import Callable

from common.provisioning import database
from common.provisioning.database import DATABASE, ROLES
from devstack.credentials import StackCredentials

__all__ = ["DATABASE", "ROLES", "SUPERUSER", "provision"]

SUPERUSER = "postgres"


def provision(url: Callable[[str, str], str], credentials: StackCredentials) -> None:
    """Create or update the database, extension, roles and rights.

    `url(role, database)` returns a connection URL.
    """
    passwords = {role: credentials.postgres_password(role) for role in ROLES}
    database.provision(url(SUPERUSER, "postgres"), passwords)
