"""Session with resources, for tests of access by another session."""

import json
from dataclasses import dataclass
from typing import Any, TypeAlias

from hypothesis import HealthCheck, settings

from securetranscribe import SecureTranscribeClient
from tests.operations import Operation

_LISTS = ("vocabulary/terms", "vocabulary/corrections", "tags", "folders")
EXAMPLES = settings(max_examples=8, suppress_health_check=list(HealthCheck))
NEVER_GIVEN: dict[str, Any] = {
    "transcription_id": 2**62,
    "job_id": "job_00000000000000000000000000000000",
    "term_id": 2**62,
    "correction_id": 2**62,
    "tag_id": 2**62,
    "folder_id": 2**62,
    "upload_id": "never-given-never-given-never-gi",
    "capture_id": "never-given-never-given-never-gi",
}
Outcome: TypeAlias = tuple[Any, str]


@dataclass(frozen=True, kw_only=True)
class Owner:
    """A session with a resource in every lasting state."""

    client: SecureTranscribeClient
    ids: dict[str, list[Any]]

    def state(self) -> str:
        """Return all resources as seen by their session."""
        statuses = [self.client.get_status(number) for number in self.ids["transcription_id"]]
        for status in statuses:
            # It moves with every use of the session.
            del status["kept_until"]
        return json.dumps(
            [
                self.client.list_transcriptions(),
                statuses,
                [self.client.get_job(job_id) for job_id in self.ids["job_id"]],
                [asked(self.client, "GET", f"/{kind}") for kind in _LISTS],
                self.client.list_uploads(),
                asked(self.client, "GET", "/captures"),
            ],
            sort_keys=True,
        )


def asked(client: SecureTranscribeClient, method: str, path: str, **arguments: Any) -> Any:
    """Return the data of an operation that the client has no method for."""
    return client.request(method, path, **arguments)


def token_of(client: SecureTranscribeClient) -> str:
    assert client.session_token is not None
    return client.session_token


def answer_of(
    case: Any, operation: Operation, ids: dict[str, Any], token: str, *, versioned: bool = False
) -> Outcome:
    """Return the status and the body of an operation with these ids."""
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
    answer = case.call(timeout=60)
    body = answer.json()
    del body["timestamp"]
    return answer.status_code, json.dumps(body)


def _put(body: Any, names: frozenset[str], ids: dict[str, Any]) -> None:
    """Replace all ids in a JSON body."""
    if isinstance(body, list):
        for part in body:
            _put(part, names, ids)
    elif isinstance(body, dict):
        for name in names & body.keys():
            body[name] = ids[name]
        for part in body.values():
            _put(part, names, ids)


def renamed(outcome: Outcome, ids: dict[str, Any]) -> Outcome:
    """Return an outcome with ids replaced, in case its text contains them."""
    status, text = outcome
    for name, value in ids.items():
        text = text.replace(str(NEVER_GIVEN[name]), str(value))
    return status, text
