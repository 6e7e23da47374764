"""Fixtures for integration tests: real servers, started once per run."""

import os
import signal
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

from common.settings import ObjectSettings
from devstack.stack import EmbeddedServers
from devstack.testing import embedded_servers

pytest_plugins = ["tests.skips", "tests.stalls", "tests.scheduling", "tests.e2e.fixtures"]
_SHOWN = "shown"
# The same examples in every run, without a deadline, so that slow machines do not fail. Random
# examples are generated with `--hypothesis-profile=default`.
settings.register_profile(
    "steady",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("steady")
_NO_CONSTANTS = Constants()
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that runs tests in the background has them and their processes ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
collect_ignore = ["containers"]  # unless requested: they need images and an engine


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    """Keep examples of the profile independent of the modules that earlier tests imported.

    Hypothesis also draws constants from the sources of all imported modules.
    """
    if settings.get_current_profile_name() == "steady":
        providers._get_local_constants = lambda: _NO_CONSTANTS


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServers]:
    """Run Postgres, NATS and S3 on free ports with their own data.

    From package wheels, or with INFRA=containers from the images of docker-compose.yml.
    """
    if os.environ.get("INFRA") == "containers":
        from tests.container_servers import container_servers

        with container_servers() as containers:
            yield cast("EmbeddedServers", containers)
        return
    directory: Path = tmp_path_factory.mktemp("servers")
    with embedded_servers(directory) as running:
        yield running


@pytest.fixture(scope="session")
def postgres_url(servers: EmbeddedServers) -> Callable[[str], str]:
    """Return a function for DATABASE_URL of `gateway`, `transcriber` or `speakers`."""
    return lambda service: servers.environment(service)["DATABASE_URL"]


@pytest.fixture
def empty_schema(servers: EmbeddedServers, postgres_url: Callable[[str], str]) -> Iterator[str]:
    """Yield the URL of an empty schema that belongs to the role `speakers`."""

    def as_superuser(statement: str) -> None:
        with psycopg.connect(servers.postgres.url("postgres")) as connection:
            connection.execute(statement.encode())

    schema = f"test_{uuid.uuid4().hex}"
    as_superuser(f"CREATE SCHEMA {schema} AUTHORIZATION speakers")
    yield f"{postgres_url('speakers')}?options=-csearch_path%3D{schema}"
    as_superuser(f"DROP SCHEMA {schema} CASCADE")


@pytest.fixture(scope="session")
def nats_url(servers: EmbeddedServers) -> str:
    """Return NATS_URL with all permissions, for the tests' own clients."""
    return servers.nats.service_url


@pytest.fixture(scope="session")
def service_nats_url(servers: EmbeddedServers) -> Callable[[str], str]:
    """Return a function for NATS_URL of a service, with the permissions of its work."""
    return lambda service: servers.environment(service)["NATS_URL"]


@pytest.fixture(scope="session")
def s3(servers: EmbeddedServers) -> ObjectSettings:
    """Return the settings of the object store."""
    variables = servers.environment("transcriber")
    return ObjectSettings(
        **{name.lower(): value for name, value in variables.items() if name.startswith("S3_")}  # type: ignore[arg-type]
    )


@pytest.fixture
def show(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Return a function that prints a measurement of a test at the end of the run."""
    return lambda text: record_property(_SHOWN, text)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the measurements of passed tests from all test processes."""
    for report in terminalreporter.getreports("passed"):
        for name, text in report.user_properties:
            if name == _SHOWN:
                terminalreporter.section(report.nodeid, sep="-")
                terminalreporter.write_line(str(text))
