"""Sessions are ended by calls that a channel signs."""

from typing import Any

from common.signing import SESSION_HEADER
from securetranscribe.v1 import session_pb2
from transcriber.api.session_ends import SessionEnds


class RecordingChannel:
    """Records the metadata of calls."""

    def __init__(self) -> None:
        self.metadata: list[dict[str, str]] = []

    def unary_unary(self, *_args: Any, **_options: Any) -> Any:
        async def call(request: Any, *, metadata: Any = (), **_others: Any) -> Any:
            self.metadata.append(dict(metadata))
            return session_pb2.EndSessionsResponse(
                workspace_ids=["session_a", "lasting"], lasting_workspace_ids=["lasting"]
            )

        return call


async def test_calls_are_a_services_own() -> None:
    channel = RecordingChannel()
    ended = await SessionEnds(channel).end("session_a")  # type: ignore[arg-type]
    assert ended.workspaces == {"session_a", "lasting"}
    assert ended.lasting == {"lasting"}
    assert SESSION_HEADER in channel.metadata[0]
