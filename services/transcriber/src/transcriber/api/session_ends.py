"""End of sessions with data erased by an administrator."""

from dataclasses import dataclass

import grpc.aio

from common.grpc_client import unwrap
from common.signing import acting_for
from securetranscribe.v1 import session_pb2, session_pb2_grpc

_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """The workspaces whose sessions ended, and those workspaces that go on to exist."""

    workspaces: frozenset[str]
    lasting: frozenset[str]


class SessionEnds:
    """Ends sessions through SessionService. The channel must sign calls."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = session_pb2_grpc.SessionServiceStub(channel)

    async def end(self, owner: str) -> Ended:
        """End all sessions of a workspace and return it, nothing if it is unknown.

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
        return Ended(
            workspaces=frozenset(answer.workspace_ids),
            lasting=frozenset(answer.lasting_workspace_ids),
        )
