"""A session that owns something, for tests in which another session asks for it."""

import json
from dataclasses import dataclass
from typing import Any, TypeAlias

from hypothesis import HealthCheck, settings

from securetranscribe import SecureTranscribeClient

EXAMPLES = settings(max_examples=12, suppress_health_check=list(HealthCheck))
NEVER_GIVEN: dict[str, Any] = {
    "transcription_id": 2**62,
    "job_id": "job_00000000000000000000000000000000",
}
Outcome: TypeAlias = tuple[Any, str]


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


def token_of(client: SecureTranscribeClient) -> str:
    assert client.session_token is not None
    return client.session_token


def renamed(outcome: Outcome, ids: dict[str, Any]) -> Outcome:
    """The same about other ids, should the text repeat them."""
    status, text = outcome
    for name, value in ids.items():
        text = text.replace(str(NEVER_GIVEN[name]), str(value))
    return status, text
