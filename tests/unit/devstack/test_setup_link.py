"""The link for the first administrator, which `make start` prints."""

import subprocess
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from devstack import cli
from devstack import setup_link as module
from devstack.console import StackConsole
from devstack.errors import DevstackError
from devstack.service_command import AttachedStack
from devstack.setup_link import people_sign_in, setup_link

STACK: Any = AttachedStack.__new__(AttachedStack)
URL = "http://127.0.0.1:8000"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "command_environment", lambda _stack, service: {"FOR": service})


def answering(monkeypatch: pytest.MonkeyPatch, code: int, output: str) -> list[Any]:
    """Have the gateway's command end with a code and an output. Return its calls."""
    calls: list[Any] = []

    def run(command: list[str], **options: Any) -> Any:
        calls.append((command[1:], options["env"]))
        return subprocess.CompletedProcess(command, code, output, "")

    monkeypatch.setattr(subprocess, "run", run)
    return calls


@pytest.mark.parametrize(
    ("variables", "signing_in"),
    [({}, False), ({"AUTH_MODE": "open"}, False), ({"AUTH_MODE": " Accounts "}, True)],
)
def test_people_sign_in_with_accounts_only(variables: Mapping[str, str], signing_in: bool) -> None:
    assert people_sign_in(variables) is signing_in


def test_a_browser_does_not_send_the_token_of_the_link(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = answering(monkeypatch, 0, "a-token\n")
    assert setup_link(STACK, URL) == f"{URL}/setup#a-token"
    assert calls == [(["-m", "gateway", "setup-token"], {"FOR": "gateway"})]


def test_there_is_no_link_where_there_are_users(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, 1, "")
    assert setup_link(STACK, URL) is None


def test_a_command_that_does_not_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], **_options: Any) -> Any:
        raise subprocess.TimeoutExpired(command, 60)

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(DevstackError, match="setup token"):
        setup_link(STACK, URL)


@pytest.mark.parametrize(("mode", "printed"), [("accounts", True), ("open", False)])
def test_the_link_is_printed_once_the_stack_is_up(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    mode: str,
    printed: bool,
) -> None:
    answering(monkeypatch, 0, "a-token")
    monkeypatch.setattr(cli, "attach", lambda _config, _environment: STACK)
    monkeypatch.setattr(cli, "read_state", lambda _path: SimpleNamespace(gateway_url=URL))
    call: Any = SimpleNamespace(
        options=SimpleNamespace(servers_only=False),
        environment={"AUTH_MODE": mode},
        config=None,
        files=SimpleNamespace(state=None),
    )
    cli._offer_setup(call, StackConsole(Console(width=200)))
    assert (f"{URL}/setup#a-token" in capsys.readouterr().out) is printed
