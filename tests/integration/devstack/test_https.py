"""A stack that serves HTTPS."""

import re
import socket
import ssl

import pytest

from devstack.authority import fingerprint
from tests.integration.devstack.operating import Operator
from tests.ports import free_port


@pytest.fixture
def ports(operator: Operator) -> tuple[int, int]:
    plain, https = free_port(), free_port()
    operator.environment |= {"PORT": str(plain), "HTTPS_PORT": str(https), "HOST": "127.0.0.1"}
    return plain, https


def test_https_in_the_background(operator: Operator, ports: tuple[int, int]) -> None:
    plain, https = ports
    started = operator.run("up", "--tls", "--detach")
    assert started.returncode == 0, started.stdout + started.stderr
    authority = (operator.data / "tls" / "authority.crt").read_text()
    assert f"https://127.0.0.1:{https}/docs" in started.stdout
    assert f"http://127.0.0.1:{plain}/local-authority.crt" in started.stdout
    assert fingerprint(authority) in started.stdout
    operator.well()  # without --tls

    context = ssl.create_default_context(cadata=authority)
    with (
        socket.create_connection(("127.0.0.1", https)) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as trusted,
    ):
        names = trusted.getpeercert()
    assert names is not None
    assert ("DNS", "localhost") in names["subjectAltName"]

    again = operator.run("up", "--tls", "--detach")
    assert again.returncode == 0, again.stdout + again.stderr
    assert fingerprint(authority) in again.stdout
    stopped = operator.run("down")
    assert (stopped.returncode, stopped.stdout) == (0, "stopped\n"), stopped.stderr


def test_a_stack_without_https_is_not_taken_for_one(
    operator: Operator, ports: tuple[int, int]
) -> None:
    assert operator.run("up", "--detach").returncode == 0
    asked = operator.run("up", "--tls", "--detach")
    assert asked.returncode == 4
    assert re.search(r"runs the stack without HTTPS\. Stop it first", asked.stderr)
