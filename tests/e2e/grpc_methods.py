"""Calls of contract methods by their descriptors."""

from typing import Any

import grpc
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message

from tests import operations
from tests.e2e.owners import Outcome

#: Process of each service.
PROCESSES = {
    "SessionService": "gateway",
    "AccountService": "gateway",
    "WorkspaceService": "gateway",
    "AccessTokenService": "gateway",
    "AuditService": "gateway",
    "TranscriptionService": "transcriber-api",
    "TranscriptService": "transcriber-api",
    "ImportService": "transcriber-api",
    "TurnService": "transcriber-api",
    "ReprocessingService": "transcriber-api",
    "PlaybackService": "transcriber-api",
    "VocabularyService": "transcriber-api",
    "LibraryService": "transcriber-api",
    "QueueService": "transcriber-api",
    "SearchService": "transcriber-api",
    "SharingService": "transcriber-api",
    "LinkService": "gateway",
    "UploadService": "transcriber-api",
    "CaptureService": "transcriber-api",
    "LiveService": "transcriber-api",
    "EmbeddingService": "transcriber-embedder",
    "SpeechService": "transcriber-worker-1",
    "DiarizationService": "diarizer-1",
    "SpeakerService": "speakers",
    "ExportService": "exporter",
}


def callable_of(channel: grpc.Channel, method: MethodDescriptor) -> Any:
    """Return a method as a function of a request."""
    make: Any = channel.unary_stream if method.server_streaming else channel.unary_unary
    if method.client_streaming:
        make = channel.stream_stream if method.server_streaming else channel.stream_unary
    answer = message_factory.GetMessageClass(method.output_type)
    call = make(
        f"/{method.containing_service.full_name}/{method.name}",
        request_serializer=lambda request: request.SerializeToString(),
        response_deserializer=answer.FromString,
    )
    if not method.client_streaming:
        return call
    return lambda request, **options: call(iter([request]), **options)


def outcome_of(
    call: Any, method: MethodDescriptor, request: Message, ids: dict[str, Any], token: str
) -> Outcome:
    """Return the status of a call, with its message or its response."""
    for path, names in operations.id_fields(method.input_type).items():
        part: Any = request
        for step in path.split(".")[1:]:
            part = getattr(part, step)
        for name in names & operations.OWNED:
            setattr(part, name, ids[name])
    try:
        answer = call(request, metadata=[("authorization", f"Bearer {token}")], timeout=60)
        first = next(answer) if method.server_streaming else answer
    except grpc.RpcError as error:
        return error.code(), error.details() or ""
    return grpc.StatusCode.OK, str(first)
