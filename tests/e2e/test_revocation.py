"""Every service rejects an ended session, regardless of its cache."""

import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Any

import grpc
import httpx2
import pytest
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor

from tests import operations
from tests.e2e.grpc_methods import PROCESSES, callable_of, outcome_of
from tests.e2e.owners import NEVER_GIVEN, token_of
from tests.e2e.stack import SESSION_CACHE_SECONDS, Stack

pytestmark = pytest.mark.e2e

#: Far below the cache time of sessions, and far above the time of a revocation.
SOON_SECONDS = SESSION_CACHE_SECONDS / 5
CALLS: Mapping[str, str] = {
    "SessionService": "GetCurrentSession",
    "AccountService": "GetAccount",
    "WorkspaceService": "ListOwnWorkspaces",
    "AccessTokenService": "ListAccessTokens",
    "AuditService": "ListAuditEntries",
    "TranscriptionService": "ListTranscriptions",
    "TranscriptService": "ListRevisions",
    "ImportService": "ImportTranscript",
    "TurnService": "ListTurns",
    "ReprocessingService": "ListConflicts",
    "PlaybackService": "GetPlayback",
    "VocabularyService": "ListTerms",
    "LibraryService": "ListTags",
    "UploadService": "ListUploads",
    "CaptureService": "ListCaptures",
    "LiveService": "StreamingRecognize",
    "SearchService": "Search",
    "SharingService": "ListSharedWithMe",
    "QueueService": "GetQueueStatus",
    "SpeechService": "Recognize",
    "DiarizationService": "Diarize",
    "SpeakerService": "ListSpeakers",
    "ExportService": "ListExportFormats",
}


def test_every_service_rejects_the_session_before_its_cache_expires(
    stack: Stack, show: Callable[[str], None]
) -> None:
    methods = [
        method
        for method in operations.methods()
        if CALLS.get(method.containing_service.name) == method.name
    ]
    assert len(methods) == len(CALLS)
    # The embedder accepts no session at all, and whoever opens a link has none yet.
    assert CALLS.keys() == PROCESSES.keys() - {"EmbeddingService", "LinkService"}
    with contextlib.ExitStack() as channels, stack.client() as client:
        client.get_session()
        token = token_of(client)
        calls = [
            callable_of(
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
            assert _status(call, method, token) is not grpc.StatusCode.UNAUTHENTICATED
        httpx2.delete(
            f"{stack.base_url}/api/sessions/current",
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        ).raise_for_status()
        ended = time.monotonic()
        for call, method in zip(calls, methods, strict=True):
            while _status(call, method, token) is not grpc.StatusCode.UNAUTHENTICATED:
                assert time.monotonic() < ended + SOON_SECONDS, method.full_name
                time.sleep(0.02)
        show(f"all services knew after at most {time.monotonic() - ended:.2f} s")


def _status(call: Any, method: MethodDescriptor, token: str) -> Any:
    request = message_factory.GetMessageClass(method.input_type)()
    return outcome_of(call, method, request, NEVER_GIVEN, token)[0]
