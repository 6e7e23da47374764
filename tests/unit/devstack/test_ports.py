import errno
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack import ports
from devstack.errors import ConfigurationError, PortTakenError


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_with_a_listener_is_not_free(taken: int) -> None:
    assert not ports.is_free(taken)


def test_a_closed_port_is_free_at_once(taken: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        server.accept()[0].close()  # the server's side lingers in TIME_WAIT
        client.close()
    assert ports.is_free(port)


def test_listening_on_every_interface_takes_the_loopback_port_too() -> None:
    with socket.create_server(("0.0.0.0", 0)) as server:
        assert not ports.is_free(server.getsockname()[1])


def test_free_ports_differ_and_lie_below_those_of_outgoing_connections(tmp_path: Path) -> None:
    book = ports.PortBook(tmp_path / "ports.json")
    given = [book.take(f"thing-{number}") for number in range(40)]
    assert len(set(given)) == 40
    assert all(15000 <= port < 32000 for port in given)


def test_a_saved_port_is_reused(tmp_path: Path) -> None:
    path = tmp_path / "ports.json"
    book = ports.PortBook(path)
    first = book.take("postgres")
    book.save()
    book.release()
    assert ports.PortBook(path).take("postgres") == first
    assert ports.remembered(path) == {"postgres": first}


def test_a_saved_port_in_use_is_replaced(tmp_path: Path, taken: int) -> None:
    path = tmp_path / "ports.json"
    path.write_text(f'{{"postgres": {taken}}}')
    assert ports.PortBook(path).take("postgres") != taken


def test_two_names_never_share_a_saved_port(tmp_path: Path) -> None:
    path = tmp_path / "ports.json"
    path.write_text('{"one": 15555, "two": 15555}')
    book = ports.PortBook(path)
    assert book.take("one") != book.take("two")


def test_a_second_port_above_can_be_kept_free(tmp_path: Path) -> None:
    path = tmp_path / "ports.json"
    book = ports.PortBook(path)
    port = book.take("admin", above=10_000)
    assert 25000 <= port + 10_000 < 32000
    path.write_text(f'{{"other": {port + 10_000}, "admin": {port}}}')
    book = ports.PortBook(path)
    assert book.take("admin", above=10_000) == port
    assert book.take("other") != port + 10_000
    with socket.create_server(("127.0.0.1", port + 10_000)):
        assert ports.PortBook(path).take("admin", above=10_000) != port


@pytest.fixture
def unused() -> int:
    """Return a port that nobody uses at present."""
    claims = ports.PortClaims()
    port = claims.take()
    claims.release()
    return port


def test_a_variable_fixes_a_port(tmp_path: Path, unused: int) -> None:
    asked = {"DEVSTACK_TRANSCRIBER_API_GRPC_PORT": unused}
    book = ports.PortBook(tmp_path / "ports.json", asked)
    assert book.take("transcriber-api-grpc") == unused


def test_a_fixed_port_is_never_assigned_to_another_name(tmp_path: Path, unused: int) -> None:
    path = tmp_path / "ports.json"
    path.write_text(f'{{"nats": {unused}}}')
    book = ports.PortBook(path, {"DEVSTACK_POSTGRES_PORT": unused})
    assert book.take("nats") != unused
    assert book.take("postgres") == unused


def test_a_fixed_port_in_use_is_reported_with_variable_and_process(
    tmp_path: Path, taken: int
) -> None:
    book = ports.PortBook(tmp_path / "ports.json", {"DEVSTACK_POSTGRES_PORT": taken})
    with pytest.raises(PortTakenError) as caught:
        book.take("postgres")
    message = str(caught.value)
    assert str(taken) in message
    assert "DEVSTACK_POSTGRES_PORT" in message
    assert f"process {os.getpid()} (" in message


def test_one_port_for_two_names_is_an_invalid_configuration(tmp_path: Path, unused: int) -> None:
    asked = {"DEVSTACK_POSTGRES_PORT": unused, "DEVSTACK_NATS_PORT": unused}
    book = ports.PortBook(tmp_path / "ports.json", asked)
    book.take("postgres")
    with pytest.raises(ConfigurationError, match=rf"DEVSTACK_NATS_PORT={unused}.*postgres"):
        book.take("nats")


def test_the_listener_of_a_port_is_found(taken: int) -> None:
    assert ports.listener(taken) == os.getpid()


def test_a_port_without_listener_has_none() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        assert ports.listener(bound.getsockname()[1]) is None


def test_concurrent_choices_differ(tmp_path: Path) -> None:
    path = tmp_path / "ports.json"
    one, other = ports.PortBook(path), ports.PortBook(path)
    first = one.take("postgres")
    one.save()
    assert ports.PortBook(path).take("postgres") != first
    claims = ports.PortClaims()
    assert not claims.claim(first)
    assert other.take("nats", above=10_000) != first
    one.release()
    assert claims.claim(first)
    assert claims.claim(first)


def test_claims_hold_for_other_processes_until_this_one_ends(tmp_path: Path) -> None:
    code = (
        "from devstack.ports import PortClaims; claims = PortClaims(); "
        "print(claims.take(), flush=True); input()"
    )
    claims = ports.PortClaims()
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as other:
        assert other.stdout is not None
        port = int(other.stdout.readline())
        assert not claims.claim(port)
        other.kill()
    assert claims.claim(port)


def test_claiming_a_port_with_a_listener_fails(taken: int) -> None:
    claims = ports.PortClaims()
    assert not claims.claim(taken)
    free = claims.take()
    with socket.create_server(("127.0.0.1", free)):
        assert not claims.claim(free)


def test_claims_end_with_their_owner() -> None:
    claims = ports.PortClaims()
    port = claims.take()
    del claims
    assert ports.PortClaims().claim(port)


def test_without_abstract_names_free_ports_are_still_found(
    monkeypatch: pytest.MonkeyPatch, taken: int
) -> None:
    class Forbidden(socket.socket):
        def bind(self, address: object) -> None:
            if self.family == socket.AF_UNIX:
                raise PermissionError(errno.EPERM, "not permitted")
            super().bind(address)  # type: ignore[arg-type]

    monkeypatch.setattr("devstack.ports.socket.socket", Forbidden)
    claims = ports.PortClaims()
    assert is_usable(claims.take())
    assert not claims.claim(taken)


def is_usable(port: int) -> bool:
    with socket.create_server(("127.0.0.1", port)):
        return True
