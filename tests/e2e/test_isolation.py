"""What one session owns does not exist for another: whatever it asks, and on every way in.

For every operation that takes an id, the answer about an id of another session has to be the same
as the answer about an id that was never given.
"""

import contextlib
import json
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import grpc
import httpx2
import pytest
import schemathesis
from google.protobuf import message_factory
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from securetranscribe import SecureTranscribeClient
from tests import surface
from tests.e2e.conftest import Completed, Stack

pytestmark = pytest.mark.e2e

EXAMPLES = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
NEVER_GIVEN: dict[str, Any] = {
    "transcription_id": 2**62,
    "job_id": "job_00000000000000000000000000000000",
}
Outcome: TypeAlias = tuple[Any, str]
PROCESSES = {
    "SessionService": "gateway",
    "TranscriptionService": "transcriber-api",
    "QueueService": "transcriber-api",
    "SpeechService": "transcriber-worker-1",
    "DiarizationService": "diarizer-1",
    "SpeakerService": "speakers",
    "ExportService": "exporter",
}


@dataclass(frozen=True, kw_only=True)
class Owner:
    """A session with something in every state that lasts."""

    client: SecureTranscribeClient
    ids: dict[str, list[Any]]

    def state(self) -> str:
        """All that it owns, as it sees it."""
        return json.dumps(
            [
                self.client.list_transcriptions(),
                [self.client.get_status(number) for number in self.ids["transcription_id"]],
                [self.client.get_job(job_id) for job_id in self.ids["job_id"]],
            ],
            sort_keys=True,
        )


@pytest.fixture(scope="module")
def owner(stack: Stack, completed: Completed, sample: Path) -> Iterator[Owner]:
    """The session of the completed sample, with a pending one and a cancelled job besides."""
    with stack.client(completed.token) as client:
        with sample.open("rb") as file:
            pending = client.upload_audio(file, auto_start=False)
        with sample.open("rb") as file:
            cancelled = client.upload_audio(file, auto_start=True)
        client.cancel_job(cancelled["job_id"])
        yield Owner(
            client=client,
            ids={
                "transcription_id": [
                    completed.transcription_id,
                    pending["transcription_id"],
                    cancelled["transcription_id"],
                ],
                "job_id": [completed.job_id, cancelled["job_id"]],
            },
        )


@pytest.fixture(scope="module")
def stranger(stack: Stack) -> Iterator[SecureTranscribeClient]:
    """Another session."""
    with stack.client() as client:
        client.get_session()
        yield client


def token_of(client: SecureTranscribeClient) -> str:
    assert client.session_token is not None
    return client.session_token


class TestRest:
    """Every operation of the OpenAPI document."""

    def test_operations_with_ids(
        self, stack: Stack, owner: Owner, stranger: SecureTranscribeClient
    ) -> None:
        schema = schemathesis.openapi.from_url(f"{stack.base_url}/openapi.json")
        schema.config.update(base_url=stack.base_url)
        before = owner.state()
        checked = 0
        for operation in surface.operations(schema.raw_schema):
            if operation.owned:
                self._check(schema, operation, owner, token_of(stranger))
                checked += 1
        assert checked >= 7
        assert owner.state() == before

    def _check(self, schema: Any, operation: surface.Operation, owner: Owner, token: str) -> None:
        cases = schema[operation.path][operation.method].as_strategy()

        @EXAMPLES
        @given(case=cases, data=st.data(), versioned=st.booleans())
        def about(case: Any, data: st.DataObject, versioned: bool) -> None:
            theirs = {name: data.draw(st.sampled_from(owner.ids[name])) for name in operation.owned}
            told, expected = (
                self._ask(case, operation, ids, token, versioned=versioned)
                for ids in (theirs, NEVER_GIVEN)
            )
            assert told == _renamed(expected, theirs), (operation, theirs)

        about()

    def _ask(
        self, case: Any, operation: surface.Operation, ids: dict[str, Any], token: str, *,
        versioned: bool,
    ) -> Outcome:  # fmt: skip
        path = operation.path.replace("/api/", "/api/v1/") if versioned else operation.path
        case.headers = {"Authorization": f"Bearer {token}"}
        case.cookies = {}
        for name in operation.owned:
            if name in case.path_parameters:
                case.path_parameters[name] = ids[name]
            if case.query and name in case.query:
                case.query[name] = ids[name]
        _put(case.body, operation.owned, ids)
        case.path = path
        answer = case.call()
        body = answer.json()
        del body["timestamp"]
        return answer.status_code, json.dumps(body)

    def test_operations_without_ids_show_nothing(
        self, stack: Stack, owner: Owner, stranger: SecureTranscribeClient
    ) -> None:
        """Lists and figures: they say nothing of what the other session owns."""
        schema = schemathesis.openapi.from_url(f"{stack.base_url}/openapi.json")
        secrets_of_owner = [*owner.ids["job_id"], owner.client.get_session()["session_id"]]
        headers = {"Authorization": f"Bearer {token_of(stranger)}"}
        for operation in surface.operations(schema.raw_schema):
            if operation.method == "GET" and not operation.ids:
                text = httpx2.get(f"{stack.base_url}{operation.path}", headers=headers).text
                assert not [one for one in secrets_of_owner if one in text], operation
                if '"total"' in text and "speakers" not in operation.path:
                    assert json.loads(text)["data"]["total"] == 0, operation


class TestGrpc:
    """Every method of every service that takes an id."""

    @pytest.mark.parametrize(
        "method",
        [method for method in surface.methods() if surface.takes(method) & surface.OWNED],
        ids=lambda method: method.full_name.removeprefix("securetranscribe.v1."),
    )
    def test_methods_with_ids(
        self, stack: Stack, owner: Owner, stranger: SecureTranscribeClient, method: MethodDescriptor
    ) -> None:
        before = owner.state()
        token = token_of(stranger)
        address = stack.services.address(PROCESSES[method.containing_service.name])
        owned = surface.takes(method) & surface.OWNED
        with grpc.insecure_channel(address) as channel:
            call = _callable(channel, method)

            @EXAMPLES
            @given(request=_requests(method), data=st.data())
            def about(request: Message, data: st.DataObject) -> None:
                theirs = {name: data.draw(st.sampled_from(owner.ids[name])) for name in owned}
                told, expected = (
                    _outcome(call, method, request, ids, token) for ids in (theirs, NEVER_GIVEN)
                )
                assert told == _renamed(expected, theirs)

            about()
        assert owner.state() == before

    def test_no_method_is_forgotten(self) -> None:
        assert {method.containing_service.name for method in surface.methods()} == set(PROCESSES)
        found = [method for method in surface.methods() if surface.takes(method) & surface.OWNED]
        assert len(found) >= 12


class TestWebSocket:
    """Events go to the session that they concern; nothing but a token opens a connection."""

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
                    message = json.loads(own.recv(20))
                    kinds.append(message["type"])
                    if message["type"].startswith("job_"):
                        assert message["data"]["job_id"] == started["job_id"]
            seen = []
            with contextlib.suppress(TimeoutError):
                while True:
                    seen.append(json.loads(theirs.recv(1.5))["type"])
            assert set(seen) <= {"queue_update"}

    @settings(EXAMPLES, max_examples=25)
    @given(data=st.data())
    def test_nothing_but_a_token_opens_it(
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
            connect(f"{_socket_url(stack)}{query}", additional_headers=headers, proxy=None)
        assert caught.value.response.status_code == 401


class TestRevocation:
    """A session that was ended is refused by every service, whatever it has cached."""

    CALLS: Mapping[str, str] = {
        "SessionService": "GetCurrentSession",
        "TranscriptionService": "ListTranscriptions",
        "QueueService": "GetQueueStatus",
        "SpeechService": "Recognize",
        "DiarizationService": "Diarize",
        "SpeakerService": "ListSpeakers",
        "ExportService": "ListExportFormats",
    }

    def test_within_a_second(self, stack: Stack) -> None:
        methods = [
            method
            for method in surface.methods()
            if self.CALLS[method.containing_service.name] == method.name
        ]
        assert len(methods) == len(PROCESSES)
        with contextlib.ExitStack() as channels, stack.client() as client:
            client.get_session()
            token = token_of(client)
            calls = [
                _callable(
                    channels.enter_context(
                        grpc.insecure_channel(
                            stack.services.address(PROCESSES[method.containing_service.name])
                        )
                    ),
                    method,
                )
                for method in methods
            ]
            for call, method in zip(calls, methods, strict=True):
                assert self._status(call, method, token) is not grpc.StatusCode.UNAUTHENTICATED
            httpx2.delete(
                f"{stack.base_url}/api/sessions/current",
                headers={"Authorization": f"Bearer {token}"},
            ).raise_for_status()
            ended = time.monotonic()
            for call, method in zip(calls, methods, strict=True):
                while self._status(call, method, token) is not grpc.StatusCode.UNAUTHENTICATED:
                    assert time.monotonic() < ended + 1.0, method.full_name
                    time.sleep(0.02)

    def _status(self, call: Any, method: MethodDescriptor, token: str) -> Any:
        request = message_factory.GetMessageClass(method.input_type)()
        return _outcome(call, method, request, {}, token)[0]


def _put(body: Any, names: frozenset[str], ids: dict[str, Any]) -> None:
    """Sets ids wherever a JSON body has them."""
    if isinstance(body, list):
        for part in body:
            _put(part, names, ids)
    elif isinstance(body, dict):
        for name in names & body.keys():
            body[name] = ids[name]
        for part in body.values():
            _put(part, names, ids)


def _renamed(outcome: Outcome, ids: dict[str, Any]) -> Outcome:
    """The same about other ids, should the text repeat them."""
    status, text = outcome
    for name, value in ids.items():
        text = text.replace(str(NEVER_GIVEN[name]), str(value))
    return status, text


def _callable(channel: grpc.Channel, method: MethodDescriptor) -> Any:
    assert not method.client_streaming, f"{method.full_name}: say how to stream requests with ids"
    make = channel.unary_stream if method.server_streaming else channel.unary_unary
    answer = message_factory.GetMessageClass(method.output_type)
    return make(
        f"/{method.containing_service.full_name}/{method.name}",
        request_serializer=lambda request: request.SerializeToString(),
        response_deserializer=answer.FromString,
    )


def _outcome(
    call: Any, method: MethodDescriptor, request: Message, ids: dict[str, Any], token: str
) -> Outcome:
    """The status of a call, and what it says or returns."""
    for path, names in surface.id_fields(method.input_type).items():
        part: Any = request
        for step in path.split(".")[1:]:
            part = getattr(part, step)
        for name in names & surface.OWNED:
            setattr(part, name, ids[name])
    try:
        answer = call(request, metadata=[("authorization", f"Bearer {token}")], timeout=20)
        first = next(answer) if method.server_streaming else answer
    except grpc.RpcError as error:
        return error.code(), error.details() or ""
    return grpc.StatusCode.OK, str(first)


def _requests(method: MethodDescriptor) -> st.SearchStrategy[Message]:
    """Requests with some fields set to something that makes sense."""
    return st.builds(lambda data: _filled(method, data), st.data())


def _filled(method: MethodDescriptor, data: st.DataObject) -> Message:
    request = message_factory.GetMessageClass(method.input_type)()
    for field in method.input_type.fields:
        if field.name not in surface.OWNED and data.draw(st.booleans(), label=field.name):
            _set(request, field, data)
    return request


def _set(request: Any, field: FieldDescriptor, data: st.DataObject) -> None:
    if field.message_type is not None:
        if field.message_type.GetOptions().map_entry:
            getattr(request, field.name)["Speaker_1"] = "Anybody"
        return
    kinds: dict[int, st.SearchStrategy[Any]] = {
        FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
        FieldDescriptor.CPPTYPE_INT32: st.integers(0, 12),
        FieldDescriptor.CPPTYPE_INT64: st.integers(0, 12),
        FieldDescriptor.CPPTYPE_DOUBLE: st.floats(0, 1),
        FieldDescriptor.CPPTYPE_STRING: st.sampled_from(["", "en", "Speaker_1", "x" * 40]),
    }
    if field.enum_type is not None:
        values: st.SearchStrategy[Any] = st.sampled_from(list(field.enum_type.values)).map(
            lambda value: value.number
        )
    else:
        values = kinds[field.cpp_type]
    if field.is_repeated:
        getattr(request, field.name).extend(data.draw(st.lists(values, max_size=2)))
    else:
        setattr(request, field.name, data.draw(values))


def _socket_url(stack: Stack) -> str:
    return stack.base_url.replace("http", "ws", 1) + "/ws"


@contextlib.contextmanager
def _watching(stack: Stack, token: str) -> Iterator[ClientConnection]:
    with connect(f"{_socket_url(stack)}?token={token}", proxy=None) as socket:
        assert json.loads(socket.recv(20))["type"] == "queue_update"
        yield socket
