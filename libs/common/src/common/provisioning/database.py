"""The database, its roles and their rights. Every statement is idempotent."""

from collections.abc import Mapping
from typing import LiteralString

import psycopg
from psycopg import sql

from common.errors import ApplicationError

DATABASE = "securetranscribe"
ROLES = ("gateway", "transcriber", "speakers")
"""One role per service that stores rows. Its schema has the same name."""

_Statements = tuple[LiteralString, ...]

_DATABASE_EXISTS = "SELECT FROM pg_database WHERE datname = %s"
# From template0, because a server may have been initialized with another encoding.
_CREATE_DATABASE = "CREATE DATABASE {database} TEMPLATE template0 ENCODING 'UTF8'"
_ENCODING = "SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = %s"

_CLOSE_DATABASES: _Statements = (
    "REVOKE ALL ON DATABASE postgres FROM PUBLIC",
    "REVOKE ALL ON DATABASE template1 FROM PUBLIC",
    "REVOKE ALL ON DATABASE {database} FROM PUBLIC",
)

_PREPARE_DATABASE: _Statements = (
    "CREATE EXTENSION IF NOT EXISTS vector",
    # Types and functions of the extension live in `public`. Nobody may add anything to it.
    "REVOKE ALL ON SCHEMA public FROM PUBLIC",
    # DETAIL lines of the log quote values, such as names of people.
    "ALTER DATABASE {database} SET log_error_verbosity = 'terse'",
)

_ROLE_EXISTS = "SELECT FROM pg_roles WHERE rolname = %s"
_CREATE_ROLE = "CREATE ROLE {role}"

_PREPARE_ROLE: _Statements = (
    "ALTER ROLE {role} WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION"
    " NOBYPASSRLS PASSWORD {verifier}",
    "ALTER ROLE {role} IN DATABASE {database} SET search_path = {role}, public",
    "GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {role}",
    "GRANT USAGE ON SCHEMA public TO {role}",
    "CREATE SCHEMA IF NOT EXISTS {role} AUTHORIZATION {role}",
    "ALTER SCHEMA {role} OWNER TO {role}",
    "REVOKE ALL ON SCHEMA {role} FROM PUBLIC",
)


def provision(superuser_url: str, passwords: Mapping[str, str]) -> None:
    """Bring the database, its extension, roles and rights to the expected state.

    `superuser_url` may name any database of the server. `passwords` holds the passwords of the
    roles to provision, by role.

    Raises:
        psycopg.Error: the server does not answer or refuses.
        ApplicationError: the database exists in another encoding than UTF-8.
    """
    with psycopg.connect(superuser_url, dbname="postgres", autocommit=True) as connection:
        if connection.execute(_DATABASE_EXISTS, [DATABASE]).fetchone() is None:
            connection.execute(_compose(_CREATE_DATABASE))
        encoding = connection.execute(_ENCODING, [DATABASE]).fetchone()
        if encoding not in (("UTF8",), (b"UTF8",)):  # bytes where the server has no encoding
            raise ApplicationError(
                f"The database {DATABASE} is not in UTF-8. Create it again with ENCODING 'UTF8'."
            )
    with psycopg.connect(superuser_url, dbname=DATABASE) as connection:
        for statement in (*_CLOSE_DATABASES, *_PREPARE_DATABASE):
            connection.execute(_compose(statement))
        for role, password in passwords.items():
            _provision_role(connection, role, password)


def _provision_role(
    connection: psycopg.Connection[tuple[object, ...]], role: str, password: str
) -> None:
    if connection.execute(_ROLE_EXISTS, [role]).fetchone() is None:
        connection.execute(_compose(_CREATE_ROLE, role=sql.Identifier(role)))
    # Hashed here, so that the password itself appears in no statement and no server log.
    hashed = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    for statement in _PREPARE_ROLE:
        connection.execute(
            _compose(statement, role=sql.Identifier(role), verifier=sql.Literal(hashed.decode()))
        )


def _compose(statement: LiteralString, **names: sql.Composable) -> sql.Composed:
    return sql.SQL(statement).format(database=sql.Identifier(DATABASE), **names)
