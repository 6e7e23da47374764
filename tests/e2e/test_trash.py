"""Nothing finds a transcription in the trash, whatever the interface.

For every operation that takes an id, the answer about a transcription in the trash has to be the
same as the answer about an id that was never given.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import httpx2
import pytest
import schemathesis
from google.protobuf.descriptor import MethodDescriptor
from hypothesis import given
from hypothesis import strategies as st

from securetranscribe import SecureTranscribeClient
from tests import operations
from tests.e2e.grpc_methods import PROCESSES, callable_of, outcome_of
from tests.e2e.owners import EXAMPLES, NEVER_GIVEN, answer_of, asked, renamed, token_of
from tests.e2e.stack import JOB_SECONDS, Stack, eventually
from tests.e2e.test_isolation_grpc import requests_of

pytestmark = pytest.mark.e2e

NAME = "kept-in-the-trash.wav"
#: Ids of things that lie in the trash.
TRASHED = frozenset({"transcription_id", "job_id"})
#: Figures for holders of ADMIN_TOKEN, refused to sessions.
_ADMINISTRATION = "/api/admin/"
#: They tell what was done with which id, and never a name.
_AUDIT = frozenset({"/api/audit", "/api/audit/export"})
#: Refused with 409 where nobody signs in, as here.
_ACCOUNTS = frozenset(
    {"/api/auth/me", "/api/auth/sessions", "/api/users", "/api/workspaces", "/api/tokens"}
)
#: They are about the trash.
MEANT = frozenset(
    {
        ("POST", "/api/transcription/{transcription_id}/trash"),
        ("POST", "/api/transcription/{transcription_id}/restore"),
        ("DELETE", "/api/transcription/{transcription_id}"),
    }
)
MEANT_METHODS = frozenset({"TrashTranscription", "RestoreTranscription", "DeleteTranscription"})


@dataclass(frozen=True, kw_only=True)
class Trashed:
    """A session with a completed transcription in the trash, and its status before."""

    client: SecureTranscribeClient
    ids: dict[str, Any]
    before: dict[str, Any]
    digest: str


@pytest.fixture(scope="module")
def trashed(stack: Stack, sample: Path) -> Iterator[Trashed]:
    with stack.client() as client:
        with sample.open("rb") as file:
            uploaded = client.upload_audio(file, filename=NAME, auto_start=True)
        number = uploaded["transcription_id"]
        client.wait(number, poll_seconds=0.2, timeout_seconds=JOB_SECONDS)
        # The title follows in the background.
        eventually(lambda: client.get_status(number)["title_source"] == "suggested")
        before = client.get_status(number)
        asked(client, "POST", f"/transcription/{number}/trash")
        ids = {**NEVER_GIVEN, "transcription_id": number, "job_id": uploaded["job_id"]}
        digest = hashlib.sha256(sample.read_bytes()).hexdigest()
        yield Trashed(client=client, ids=ids, before=before, digest=digest)


def test_operations_with_ids(stack: Stack, trashed: Trashed) -> None:
    schema = schemathesis.openapi.from_url(f"{stack.base_url}/openapi.json")
    schema.config.update(base_url=stack.base_url)
    checked = 0
    for operation in operations.operations(schema.raw_schema):
        if operation.owned & TRASHED and (operation.method, operation.path) not in MEANT:
            _check(schema, operation, trashed)
            checked += 1
    assert checked >= 20


def _check(schema: Any, operation: operations.Operation, trashed: Trashed) -> None:
    token = token_of(trashed.client)
    ids = {name: trashed.ids[name] for name in operation.owned}

    @EXAMPLES
    @given(case=schema[operation.path][operation.method].as_strategy())
    def about(case: Any) -> None:
        told, expected = (answer_of(case, operation, each, token) for each in (ids, NEVER_GIVEN))
        assert told == renamed(expected, ids), operation

    about()


@pytest.mark.parametrize(
    "method",
    [
        method
        for method in operations.methods()
        if operations.takes(method) & TRASHED and method.name not in MEANT_METHODS
    ],
    ids=lambda method: method.full_name.removeprefix("securetranscribe.v1."),
)
def test_methods_with_ids(stack: Stack, trashed: Trashed, method: MethodDescriptor) -> None:
    token = token_of(trashed.client)
    address = stack.services.address(PROCESSES[method.containing_service.name])
    owned = operations.takes(method) & operations.OWNED
    ids = {name: trashed.ids[name] for name in owned}
    with grpc.insecure_channel(address) as channel:
        call = callable_of(channel, method)

        @EXAMPLES
        @given(request=requests_of(method), data=st.data())
        def about(request: Any, data: st.DataObject) -> None:
            told, expected = (
                outcome_of(call, method, request, each, token) for each in (ids, NEVER_GIVEN)
            )
            assert told == renamed(expected, ids)

        about()


def test_lists_do_not_have_it(stack: Stack, trashed: Trashed) -> None:
    document = httpx2.get(f"{stack.base_url}/openapi.json", timeout=60).json()
    headers = {"Authorization": f"Bearer {token_of(trashed.client)}"}
    hidden = (NAME.encode(), trashed.ids["job_id"].encode())
    checked = 0
    for operation in operations.operations(document):
        if operation.method != "GET" or operation.ids - operations.OWNED or "{" in operation.path:
            continue
        if operation.path.startswith(_ADMINISTRATION):
            continue
        wanted = {"q": "kept", "sha256": trashed.digest}
        known = document["paths"][operation.path]["get"].get("parameters", ())
        answer = httpx2.get(
            f"{stack.base_url}{operation.path}",
            params={one["name"]: wanted[one["name"]] for one in known if one["name"] in wanted},
            headers=headers,
            timeout=60,
            verify=stack.encrypted,
        )
        expected = 409 if operation.path in _ACCOUNTS else 200
        assert answer.status_code == expected, operation
        secrets = hidden[:1] if operation.path in _AUDIT else hidden
        found = [one for one in secrets if one in answer.content]
        assert bool(found) == (operation.path == "/api/trash"), operation
        checked += answer.status_code == 200
    assert checked >= 8


def test_restored_transcription_is_as_before(trashed: Trashed) -> None:
    number = trashed.ids["transcription_id"]
    asked(trashed.client, "POST", f"/transcription/{number}/restore")
    after = trashed.client.get_status(number)
    moving = {"kept_until": None}  # It moves with every use of the session.
    assert json.dumps(after | moving) == json.dumps(trashed.before | moving)
    asked(trashed.client, "POST", f"/transcription/{number}/trash")
