"""Problems that the doctor finds, and its advice."""

import copy
import importlib.metadata
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from securetranscribe import SecureTranscribeClient
from securetranscribe.cli import checks
from securetranscribe.cli.doctor import examine
from securetranscribe.cli.findings import Finding

VERSION = importlib.metadata.version("securetranscribe")
GIB = 2**30
WELL: dict[str, Any] = {
    "/health": {"status": "healthy", "version": VERSION},
    "/health/ready": {"status": "ready", "checks": {"database": "ok"}},
    "/api/auth/providers": {"mode": "open", "setup_required": False},
    "/api/sessions/current": {"expires_at": "2026-11-29T12:00:00Z"},
    "/api/queue/status": {
        "queued_jobs": 1, "queue_size": 50, "processing_jobs": 1,
        "transcribe_workers": 1, "diarize_workers": 1,
    },
    "/api/admin/system": {
        "services": [{"name": "gateway", "state": "serving", "version": VERSION}],
        "workers": [{"stage": "transcribe", "device": "cpu"}],
        "stages": [{"stage": "transcribe", "running": 0, "workers": 1}],
        "unpublished_messages": 0,
    },
    "/api/admin/storage": {
        "disk": {"free_bytes": 9 * GIB, "total_bytes": 10 * GIB, "reserve_bytes": GIB},
        "recordings": {"count": 1, "bytes": GIB},
    },
    "/api/admin/set-aside": {"items": []},
}  # fmt: skip
Diagnose = Callable[..., dict[str, Finding]]


@pytest.fixture
def diagnose(monkeypatch: pytest.MonkeyPatch) -> Diagnose:
    """Return a function that examines a server whose answers differ from those of a well one."""

    def one(*keys: str, value: Any = None, token: str | None = "t") -> dict[str, Finding]:
        answers = copy.deepcopy(WELL)
        if keys:
            place = answers
            for key in keys[:-1]:
                place = place[key]
            place[keys[-1]] = value

        def handler(request: httpx2.Request) -> httpx2.Response:
            answer = answers[request.url.path]
            if isinstance(answer, httpx2.Response):
                return answer
            is_api = request.url.path.startswith("/api")
            return httpx2.Response(200, json={"data": answer} if is_api else answer)

        transport = httpx2.MockTransport(handler)
        # These two need a server.
        monkeypatch.setattr(
            checks,
            "CHECKS",
            {
                name: check
                for name, check in checks.CHECKS.items()
                if name not in ("clock", "events")
            },
        )
        with SecureTranscribeClient(
            "http://test/api", "t", transport=transport, retries=0
        ) as client:
            return {finding.check: finding for finding in examine(client, token)}

    return one


def refused(status: int, code: str) -> httpx2.Response:
    error = {"code": code, "message": "No.", "details": {}}
    return httpx2.Response(status, json={"error": error})


def test_a_well_installation_has_no_problem(diagnose: Diagnose) -> None:
    findings = diagnose()
    assert {finding.state for finding in findings.values()} == {"ok"}
    assert findings["workers transcribe"].text == "1 with their models loaded, on: cpu"
    assert "9.0 of 10.0 GiB are free" in findings["disk"].text


@pytest.mark.parametrize(
    ("keys", "value", "check", "state", "told"),
    [
        (("/health", "version"), "9.9", "version", "warning", "9.9"),
        (("/health/ready",), refused(503, "SERVICE_UNAVAILABLE"), "readiness", "problem", "No."),
        (("/api/auth/providers", "setup_required"), True, "session", "problem", "administrator"),
        (("/api/sessions/current",), refused(401, "AUTHENTICATION_ERROR"), "session", "problem",
         "No."),
        (("/api/queue/status", "diarize_workers"), 0, "queue", "problem", "diarize"),
        (("/api/queue/status", "queued_jobs"), 50, "queue", "warning", "50 of at most 50"),
        (("/api/admin/system", "services"),
         [{"name": "speakers", "state": "silent", "version": None}],
         "service speakers", "problem", "silent"),
        (("/api/admin/system", "services"),
         [{"name": name, "state": "serving", "version": name} for name in ("1", "2")],
         "versions", "warning", "different"),
        (("/api/admin/system", "stages"), [{"stage": "diarize", "running": 0, "workers": 0}],
         "workers diarize", "problem", "0 with"),
        (("/api/admin/system", "unpublished_messages"), 7, "messages", "warning", "7"),
        (("/api/admin/storage", "disk", "free_bytes"), GIB // 2, "disk", "problem", "0.5 of"),
        (("/api/admin/storage", "disk"), None, "disk", "skipped", "another machine"),
        (("/api/admin/system",), refused(403, "AUTHORIZATION_ERROR"), "services", "problem", "No."),
        (("/api/admin/set-aside", "items"),
         [{"service": "transcriber", "step": "clips", "item": "41", "reason": "It broke."}],
         "set aside transcriber", "warning", "clips 41: It broke."),
    ],
)  # fmt: skip
def test_problems_are_found_with_advice(
    diagnose: Diagnose, keys: tuple[str, ...], value: Any, check: str, state: str, told: str
) -> None:
    finding = diagnose(*keys, value=value)[check]
    assert finding.state == state
    assert told in finding.text
    assert finding.advice


def test_services_need_the_token_of_administrators(diagnose: Diagnose) -> None:
    findings = diagnose(token=None)
    assert findings["services"].state == "skipped"
    assert "disk" not in findings


def test_another_server_at_the_address_is_recognized(diagnose: Diagnose) -> None:
    page = httpx2.Response(200, text="<html>")
    findings = diagnose("/health", value=page)
    assert list(findings) == ["address"]
    assert findings["address"].state == "problem"
