"""The database, its roles and who may see what; applied at every start."""

from collections.abc import Callable

from common.provisioning import database
from common.provisioning.database import DATABASE, ROLES
from devstack.credentials import StackCredentials

__all__ = ["DATABASE", "ROLES", "SUPERUSER", "provision"]

SUPERUSER = "postgres"


def provision(url: Callable[[str, str], str], credentials: StackCredentials) -> None:
    """Bring database, extension, roles and rights to the wanted state.

    `url(role, database)` gives connection URLs. Every statement may be run again at any time.
    """
    passwords = {role: credentials.postgres_password(role) for role in ROLES}
    database.provision(url(SUPERUSER, "postgres"), passwords)
