"""The same that is asked of each service directly, all of it through Envoy."""

import grpc
import grpc.aio
import pytest

from securetranscribe.v1 import session_pb2, session_pb2_grpc
from tests.e2e.test_native_grpc import (
    content,
    test_direct_diarization,
    test_direct_recognition,
    test_upload_watch_and_read_a_transcript,
)

__all__ = [
    "content",
    "test_direct_diarization",
    "test_direct_recognition",
    "test_upload_watch_and_read_a_transcript",
]


async def test_what_services_ask_each_other_is_not_for_outside(door: grpc.aio.Channel) -> None:
    stub = session_pb2_grpc.SessionServiceStub(door)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.AuthenticateSession(session_pb2.AuthenticateSessionRequest())
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
