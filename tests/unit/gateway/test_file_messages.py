"""Serialized requests equal those of protobuf, and hold all bytes in order."""

import os

import pytest
from google.protobuf.message import Message

from gateway.uploads.file_messages import CHUNK_BYTES, FileMessages, serialized
from securetranscribe.v1 import transcription_pb2, upload_pb2

REQUESTS = [transcription_pb2.UploadTranscriptionRequest, upload_pb2.AppendUploadRequest]


@pytest.mark.parametrize("request_type", REQUESTS)
@pytest.mark.parametrize("size", [1, 127, 128, 16_383, 16_384, CHUNK_BYTES])
def test_requests_equal_those_of_protobuf(request_type: type[Message], size: int) -> None:
    data = os.urandom(size)
    messages = FileMessages(request_type)
    messages.add(data)
    assert messages.take() == request_type(chunk=data).SerializeToString()


def test_pieces_leave_in_full_requests() -> None:
    data = os.urandom(3 * CHUNK_BYTES + 12_345)
    messages = FileMessages(transcription_pb2.UploadTranscriptionRequest)
    chunks: list[bytes] = []

    def take() -> None:
        request = transcription_pb2.UploadTranscriptionRequest.FromString(messages.take())
        chunks.append(request.chunk)

    for start in range(0, len(data), 200_000):
        messages.add(data[start : start + 200_000])
        while messages.full:
            take()
    assert [len(chunk) for chunk in chunks] == [CHUNK_BYTES] * 3
    assert len(messages) == 12_345
    take()
    assert b"".join(chunks) == data
    assert len(messages) == 0


def test_messages_are_serialized_on_the_way() -> None:
    request = upload_pb2.AppendUploadRequest(chunk=b"sound")
    assert serialized(request) == request.SerializeToString()
    assert serialized(b"ready") == b"ready"
