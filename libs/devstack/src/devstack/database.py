"""The database, its roles and who may see what; applied at every start."""

from collections.abc import Callable
from typing import LiteralString

import psycopg
from psycopg import sql

from devstack.credentials import Credentials

DATABASE = "securetranscribe"
SUPERUSER = "postgres"
ROLES = ("gateway", "transcriber", "speakers")
"""One role and one schema of the same name a service that stores rows."""

_Statements = tuple[LiteralString, ...]

_DATABASE_EXISTS = "SELECT FROM pg_database WHERE datname = %s"
_CREATE_DATABASE = "CREATE DATABASE {database}"

_CLOSE_DATABASES: _Statements = (
    "REVOKE ALL ON DATABASE postgres FROM PUBLIC",
    "REVOKE ALL ON DATABASE template1 FROM PUBLIC",
    "REVOKE ALL ON DATABASE {database} FROM PUBLIC",
)

_PREPARE_DATABASE: _Statements = (
    "CREATE EXTENSION IF NOT EXISTS vector",
    # Types and functions of the extension live in `public`; nobody may add anything to it.
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


def provision(url: Callable[[str, str], str], credentials: Credentials) -> None:
    """Bring database, extension, roles and rights to the wanted state.

    `url(role, database)` gives connection URLs. Every statement may be run again at any time.
    """
    with psycopg.connect(url(SUPERUSER, "postgres"), autocommit=True) as connection:
        if connection.execute(_DATABASE_EXISTS, [DATABASE]).fetchone() is None:
            connection.execute(_compose(_CREATE_DATABASE))
    with psycopg.connect(url(SUPERUSER, DATABASE)) as connection:
        for statement in (*_CLOSE_DATABASES, *_PREPARE_DATABASE):
            connection.execute(_compose(statement))
        for role in ROLES:
            _provision_role(connection, role, credentials.postgres_password(role))


def _provision_role(
    connection: psycopg.Connection[tuple[object, ...]], role: str, password: str
) -> None:
    if connection.execute(_ROLE_EXISTS, [role]).fetchone() is None:
        connection.execute(_compose(_CREATE_ROLE, role=sql.Identifier(role)))
    # Hashed here, so that the password itself is in no statement and can reach no server log.
    hashed = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    for statement in _PREPARE_ROLE:
        connection.execute(
            _compose(statement, role=sql.Identifier(role), verifier=sql.Literal(hashed.decode()))
        )


def _compose(statement: LiteralString, **names: sql.Composable) -> sql.Composed:
    return sql.SQL(statement).format(database=sql.Identifier(DATABASE), **names)
