"""Resources of a session do not exist for another session, by JSON and WebSocket.

For every operation that takes an id, the answer about an id of another session has to be the same
as the answer about an id that was never given.
"""

import contextlib
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from securetranscribe import ApiError, SecureTranscribeClient
from tests import operations
from tests.e2e.owners import (
    EXAMPLES,
    NEVER_GIVEN,
    Owner,
    answer_of,
    asked,
    renamed,
    token_of,
)
from tests.e2e.stack import Completed, Stack, eventually

pytestmark = pytest.mark.e2e


class TestRest:
    """Operations of the OpenAPI document."""

    def test_operations_with_ids(
        self, stack: Stack, owner: Owner, stranger: SecureTranscribeClient
    ) -> None:
        schema = schemathesis.openapi.from_url(f"{stack.base_url}/openapi.json")
        schema.config.update(base_url=stack.base_url)
        before = owner.state()
        checked = 0
        for operation in operations.operations(schema.raw_schema):
            if operation.owned:
                self._check(schema, operation, owner, token_of(stranger))
                checked += 1
        assert checked >= 7
        assert owner.state() == before

    def _check(
        self, schema: Any, operation: operations.Operation, owner: Owner, token: str
    ) -> None:
        cases = schema[operation.path][operation.method].as_strategy()

        @EXAMPLES
        @given(case=cases, data=st.data(), versioned=st.booleans())
        def about(case: Any, data: st.DataObject, versioned: bool) -> None:
            theirs = {name: data.draw(st.sampled_from(owner.ids[name])) for name in operation.owned}
            told, expected = (
                answer_of(case, operation, ids, token, versioned=versioned)
                for ids in (theirs, NEVER_GIVEN)
            )
            assert told == renamed(expected, theirs), (operation, theirs)

        about()

    def test_operations_without_ids_reveal_nothing(
        self, stack: Stack, owner: Owner, client: SecureTranscribeClient
    ) -> None:
        """Lists and figures contain nothing about resources of the other session.

        The caller has named none of them before: the audit log has what its readers asked for.
        """
        client.get_session()
        schema = schemathesis.openapi.from_url(f"{stack.base_url}/openapi.json")
        secrets_of_owner = [*owner.ids["job_id"], owner.client.get_session()["session_id"]]
        headers = {"Authorization": f"Bearer {token_of(client)}"}
        for operation in operations.operations(schema.raw_schema):
            if operation.method == "GET" and not operation.ids:
                text = httpx2.get(
                    f"{stack.base_url}{operation.path}",
                    headers=headers,
                    timeout=60,
                    verify=stack.encrypted,
                ).text
                assert not [one for one in secrets_of_owner if one in text], operation
                if '"total"' in text and "speakers" not in operation.path:
                    assert json.loads(text)["data"]["total"] == 0, operation

    def test_audit_log_does_not_tell_ids_of_others_from_unknown_ones(
        self, owner: Owner, client: SecureTranscribeClient
    ) -> None:
        """Attempts are logged for the caller, with the same outcome for both."""
        session_id = client.get_session()["session_id"]
        tried = [owner.ids["job_id"][0], NEVER_GIVEN["job_id"]]
        for job_id in tried:
            with pytest.raises(ApiError):
                client.cancel_job(job_id)

        def entries() -> list[Any]:
            found = asked(client, "GET", "/audit", params={"action": "job."})["entries"]
            return found if len(found) == len(tried) else []

        logged = eventually(entries)[::-1]
        assert [entry["target"]["ids"] for entry in logged] == [[job_id] for job_id in tried]
        for entry in logged:
            assert entry["actor"]["session_id"] == session_id
            assert (entry["outcome"], entry["code"]) == ("failed", "NOT_FOUND")
        assert session_id not in json.dumps(asked(owner.client, "GET", "/audit"))


class TestWebSocket:
    """Events are sent to their own session only, and connections require a token."""

    def test_events_of_another_session_do_not_arrive(
        self, stack: Stack, stranger: SecureTranscribeClient, sample: Path
    ) -> None:
        with stack.client() as client, _watching(stack, token_of(stranger)) as theirs:
            client.get_session()
            with _watching(stack, token_of(client)) as own, sample.open("rb") as file:
                started = client.upload_audio(file, auto_start=True)
                client.cancel_job(started["job_id"])
                kinds = []
                while "job_cancelled" not in kinds:
                    message = json.loads(own.recv(60))
                    kinds.append(message["type"])
                    if message["type"].startswith("job_"):
                        assert message["data"]["job_id"] == started["job_id"]
            seen = []
            with contextlib.suppress(TimeoutError):
                while True:
                    seen.append(json.loads(theirs.recv(1.5))["type"])
            assert set(seen) <= {"queue_update"}

    @settings(EXAMPLES, max_examples=15)
    @given(data=st.data())
    def test_connection_requires_a_token(
        self, stack: Stack, owner: Owner, completed: Completed, data: st.DataObject
    ) -> None:
        session = completed.state["session_id"]
        number = str(completed.transcription_id)
        words = [session, completed.job_id, number, completed.token[:-1], ""]
        word = data.draw(
            st.sampled_from(words) | st.builds(lambda: secrets.token_urlsafe(32)), label="token"
        )
        way = data.draw(st.sampled_from(["bearer", "cookie", "query"]), label="way")
        headers = {
            "bearer": {"Authorization": f"Bearer {word}"},
            "cookie": {"Cookie": f"session_token={word}"},
            "query": {},
        }[way]
        query = f"?token={word}" if way == "query" else ""
        with pytest.raises(InvalidStatus) as caught:
            connect(
                f"{_socket_url(stack)}{query}",
                additional_headers=headers,
                proxy=None,
                open_timeout=60,
            )
        assert caught.value.response.status_code == 401


def _socket_url(stack: Stack) -> str:
    return stack.base_url.replace("http", "ws", 1) + "/ws"


@contextlib.contextmanager
def _watching(stack: Stack, token: str) -> Iterator[ClientConnection]:
    url = f"{_socket_url(stack)}?token={token}"
    with connect(url, proxy=None, open_timeout=60) as socket:
        assert json.loads(socket.recv(60))["type"] == "queue_update"
        yield socket
