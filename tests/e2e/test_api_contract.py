"""The documented JSON API and its sessions, tested against the running product."""

import httpx2
import pytest

from tests.e2e.contract import (
    SESSION,
    Api,
    client,
    either,
    integer,
    moment,
    number,
    session_id,
    shape,
    text,
)
from tests.e2e.stack import Completed, Stack

pytestmark = pytest.mark.e2e


class TestAnswers:
    """Rules for the whole API."""

    def test_health(self, stack: Stack) -> None:
        answer = httpx2.get(f"{stack.base_url}/health", timeout=60)
        assert answer.status_code == 200
        assert shape(status=either("healthy"), version=text, timestamp=moment)(answer.json())
        assert httpx2.get(f"{stack.base_url}/health/db", timeout=60).status_code == 200

    def test_documentation(self, stack: Stack) -> None:
        for path in ("/docs", "/redoc"):
            answer = httpx2.get(stack.base_url + path, timeout=60)
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/html")
        document = httpx2.get(f"{stack.base_url}/openapi.json", timeout=60).json()
        assert document["openapi"].startswith("3.")
        assert "/api/transcription/upload" in document["paths"]

    def test_version_in_the_path(self, stack: Stack, done: Api, completed: Completed) -> None:
        path = f"/transcription/status/{completed.transcription_id}"
        assert done.data("GET", f"/v1{path}") == done.data("GET", path)
        done.refused("GET", f"/v2{path}", 404, "NOT_FOUND")

    def test_security_headers(self, stack: Stack) -> None:
        headers = httpx2.get(f"{stack.base_url}/", timeout=60).headers
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-XSS-Protection"] == "1; mode=block"
        assert headers["Content-Security-Policy"].startswith("default-src 'self'")

    def test_validation_names_field_and_value(self, api: Api) -> None:
        details = api.refused("GET", "/transcription/status/abc", 400, "VALIDATION_ERROR")
        assert details == {"field": "transcription_id", "value": "abc"}

    def test_unknown_paths(self, api: Api) -> None:
        api.refused("GET", "/no/such/thing", 404, "NOT_FOUND")


class TestSessions:
    """`/sessions`."""

    def test_first_request_creates_a_session(self, api: Api) -> None:
        first = api.data("GET", "/sessions/current")
        assert SESSION(first)
        assert first["is_authenticated"] is False
        assert (first["is_active"], first["is_valid"]) == (True, True)
        assert first["processing_efficiency"] == 0.0
        assert api.data("GET", "/sessions/current")["session_id"] == first["session_id"]
        assert "session_token" in api.http.cookies

    def test_create(self, stack: Stack, api: Api) -> None:
        made = api.data(
            "POST",
            "/sessions/create",
            201,
            json={
                "user_identifier": "john.doe@example.com",
                "user_agent": "Mozilla/5.0...",
                "ip_address": "192.168.1.100",
            },
        )
        assert shape(
            id=integer, session_id=session_id, session_token=text, created_at=moment,
            expires_at=moment,
        )(made)  # fmt: skip
        with client(stack, made["session_token"]) as http:
            seen = Api(http=http).data("GET", "/sessions/current")
        assert seen["session_id"] == made["session_id"]
        assert seen["user_identifier"] == "john.doe@example.com"

    def test_update(self, api: Api) -> None:
        preferences = {"default_language": "en", "auto_start_processing": True, "theme": "dark"}
        body = {"user_identifier": "john.doe@example.com", "preferences": preferences}
        changed = api.data("PUT", "/sessions/current", json=body)
        assert changed["user_identifier"] == "john.doe@example.com"
        assert changed["preferences"] == preferences

    def test_extend(self, api: Api) -> None:
        data = api.data("POST", "/sessions/extend", json={"hours": 2})
        assert shape(message=text, expires_at=moment, time_until_expiry=number)(data)
        assert data["message"] == "Session extended by 2 hours"
        assert 7190 <= data["time_until_expiry"] <= 7200
        api.refused("POST", "/sessions/extend", 400, "VALIDATION_ERROR", json={"hours": 25})

    def test_invalidate(self, stack: Stack) -> None:
        with client(stack) as http:
            api = Api(http=http)
            token = api.data("POST", "/sessions/create", 201)["session_token"]
            data = api.data("DELETE", "/sessions/current")
            assert data["message"] == "Session invalidated successfully"
        with client(stack, token) as http:
            Api(http=http).refused("GET", "/queue/status", 401, "AUTHENTICATION_ERROR")

    def test_invalid_token(self, stack: Stack) -> None:
        with client(stack, "your_session_token") as http:
            Api(http=http).refused("GET", "/sessions/current", 401, "AUTHENTICATION_ERROR")

    def test_figures_are_computed_from_jobs(self, done: Api, completed: Completed) -> None:
        data = done.data("GET", "/sessions/current")
        assert data["total_files_processed"] >= 1
        assert data["processing_efficiency"] > 0
        assert data["average_confidence"] > 0
        assert data["session_id"] == completed.state["session_id"]
