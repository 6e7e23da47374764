"""End of sessions with data erased by an administrator."""

from collections.abc import Sequence

import grpc.aio

from common.grpc_client import unwrap
from common.signing import acting_for
from securetranscribe.v1 import session_pb2, session_pb2_grpc

_TIMEOUT_SECONDS = 10.0


class SessionEnds:
    """Ends sessions through SessionService. The channel must sign calls."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = session_pb2_grpc.SessionServiceStub(channel)

    async def end(self, owner: str) -> Sequence[str]:
        """End all sessions of a workspace and return its identifier, nothing if it is unknown.

        `owner` is the identifier of the workspace or of one of its sessions.

        Raises:
            UnavailableError: the gateway does not answer.
        """
        request = session_pb2.EndSessionsRequest(owner=owner)
        answer = await unwrap(
            self._stub.EndSessions(
                request, timeout=_TIMEOUT_SECONDS, metadata=acting_for(), wait_for_ready=True
            )
        )
        return list(answer.workspace_ids)
