"""Native gRPC through Envoy, with the tests of the services themselves."""

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


async def test_internal_methods_are_not_exposed(envoy: grpc.aio.Channel) -> None:
    stub = session_pb2_grpc.SessionServiceStub(envoy)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.AuthenticateSession(session_pb2.AuthenticateSessionRequest())
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
