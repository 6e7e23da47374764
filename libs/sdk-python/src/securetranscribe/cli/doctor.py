"""The command `doctor`."""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from typing import Any

import httpx2

from securetranscribe.cli import arguments, checks, credentials, deployment_checks, output
from securetranscribe.cli.findings import Finding
from securetranscribe.client import SecureTranscribeClient
from securetranscribe.errors import ApiError, ConnectionFailedError, SecureTranscribeError

_FORBIDDEN = 403


def add_commands(commands: Any) -> None:
    """Add the command to the parser."""
    arguments.add_command(
        commands,
        "doctor",
        _doctor,
        help="check an installation, and advise about problems",
        description="Check an installation from here: its address, versions, services, workers "
        "with their models, storage and clock. Services, workers and storage need the token of "
        "administrators, in the environment variable ADMIN_TOKEN or the file that ADMIN_TOKEN_FILE "
        "names. The exit status is 1 if there is a problem.",
    )


def _doctor(options: argparse.Namespace) -> int:
    login = credentials.chosen(options)
    admin_token = arguments.admin_token()
    with SecureTranscribeClient(login.url, login.token, timeout_seconds=10, retries=0) as client:
        findings = []
        for finding in examine(client, admin_token):
            findings.append(finding)
            if not options.json:
                print(_line(finding), flush=True)
    if options.json:
        output.print_json([asdict(finding) for finding in findings])
    return int(any(finding.state == "problem" for finding in findings))


def examine(client: SecureTranscribeClient, admin_token: str | None) -> Iterator[Finding]:
    """Yield the findings of all checks. Without a connection, the first one is the last."""
    reached = checks.reachable(client)
    yield reached
    if reached.state == "problem":
        return
    for name, check in checks.CHECKS.items():
        yield _safely(name, partial(check, client))
    if admin_token is None:
        yield Finding(
            check="services",
            state="skipped",
            text="Services, workers, models and storage were not checked.",
            advice="Set ADMIN_TOKEN to that of the deployment.",
        )
        return
    try:
        yield from deployment_checks.system(client.get_system(admin_token))
        yield from deployment_checks.storage(client.get_storage(admin_token))
        yield from deployment_checks.set_aside(client.list_set_aside(admin_token))
    except ApiError as error:
        yield Finding(
            check="services",
            state="problem",
            text=str(error),
            advice="Compare ADMIN_TOKEN with that of the deployment."
            if error.status == _FORBIDDEN
            else "",
        )
    except ConnectionFailedError as error:
        yield Finding(check="services", state="problem", text=str(error))


def _safely(name: str, check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except (SecureTranscribeError, httpx2.HTTPError, KeyError, ValueError) as error:
        return Finding(check=name, state="problem", text=str(error))


_MARKS = {"ok": "ok      ", "warning": "warning ", "problem": "PROBLEM ", "skipped": "skipped "}


def _line(finding: Finding) -> str:
    line = f"{_MARKS[finding.state]} {finding.check}: {finding.text}"
    return f"{line}\n          {finding.advice}" if finding.advice else line
