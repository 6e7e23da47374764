"""Fake services behind the gateway, in memory and over real gRPC.

They follow the contracts where the gateway depends on them: ownership, errors, and upload streams.
No speech is processed.
"""

from collections.abc import Mapping
from typing import Any

from common.auth import Access, CallAuthenticator
from common.errors import ValidationError
from common.grpc_server import GrpcServer, method_names
from common.identity import Grant
from common.settings import ServiceSettings
from common.signing import CallVerifier
from securetranscribe.v1 import (
    admin_pb2_grpc,
    export_pb2_grpc,
    imports_pb2_grpc,
    playback_pb2_grpc,
    queue_pb2_grpc,
    reprocessing_pb2_grpc,
    sharing_pb2_grpc,
    speaker_pb2_grpc,
    status_pb2_grpc,
    transcript_pb2_grpc,
    transcription_pb2_grpc,
    upload_pb2_grpc,
    vocabulary_pb2_grpc,
    workspace_settings_pb2_grpc,
)
from tests.integration.gateway.fake_admin import FakeAdmin
from tests.integration.gateway.fake_exporter import FakeExporter
from tests.integration.gateway.fake_imports import FakeImports
from tests.integration.gateway.fake_playback import FakePlayback
from tests.integration.gateway.fake_reprocessing import FakeReprocessing
from tests.integration.gateway.fake_sharing import FakeSharing
from tests.integration.gateway.fake_speakers import FakeSpeakers
from tests.integration.gateway.fake_statuses import FakeStatuses
from tests.integration.gateway.fake_transcriber import FakeTranscriber
from tests.integration.gateway.fake_transcripts import FakeTranscripts
from tests.integration.gateway.fake_vocabulary import FakeVocabulary
from tests.integration.gateway.fake_workspace_settings import FakeWorkspaceSettings


class Peers:
    """The three services, on free ports unless `ports` names them."""

    def __init__(self, secret_key: str, ports: Mapping[str, int] | None = None) -> None:
        ports = ports or {}
        self.transcriber = FakeTranscriber()  # type: ignore[abstract]
        self.speakers = FakeSpeakers()  # type: ignore[abstract]
        self.exporter = FakeExporter(self.transcriber)  # type: ignore[abstract]
        self.playback = FakePlayback(self.transcriber)
        add_playback = playback_pb2_grpc.add_PlaybackServiceServicer_to_server
        package = "securetranscribe.v1"
        add_uploads = upload_pb2_grpc.add_UploadServiceServicer_to_server
        add_queue = queue_pb2_grpc.add_QueueServiceServicer_to_server
        add_transcriptions = transcription_pb2_grpc.add_TranscriptionServiceServicer_to_server
        add_transcripts = transcript_pb2_grpc.add_TranscriptServiceServicer_to_server
        transcripts = FakeTranscripts(self.transcriber)  # type: ignore[abstract]
        add_reprocessing = reprocessing_pb2_grpc.add_ReprocessingServiceServicer_to_server
        self.reprocessing = FakeReprocessing(self.transcriber)
        add_imports = imports_pb2_grpc.add_ImportServiceServicer_to_server
        self.imports = FakeImports(self.transcriber)
        add_statuses = status_pb2_grpc.add_StatusServiceServicer_to_server
        self.statuses = FakeStatuses(self.transcriber)
        add_vocabulary = vocabulary_pb2_grpc.add_VocabularyServiceServicer_to_server
        self.vocabulary = FakeVocabulary()
        add_admin = admin_pb2_grpc.add_AdminServiceServicer_to_server
        self.admin = FakeAdmin()  # type: ignore[abstract]
        self.sharing = FakeSharing()
        add_sharing = sharing_pb2_grpc.add_SharingServiceServicer_to_server
        self.workspace_settings = FakeWorkspaceSettings()
        add_settings = workspace_settings_pb2_grpc.add_WorkspaceSettingsServiceServicer_to_server
        add_speakers = speaker_pb2_grpc.add_SpeakerServiceServicer_to_server
        add_exports = export_pb2_grpc.add_ExportServiceServicer_to_server
        self._servers = {
            "transcriber": _server(
                "transcriber",
                secret_key,
                ports.get("transcriber", 0),
                {
                    f"{package}.TranscriptionService": lambda server: add_transcriptions(
                        self.transcriber, server
                    ),
                    f"{package}.TranscriptService": lambda server: add_transcripts(
                        transcripts, server
                    ),
                    f"{package}.ReprocessingService": lambda server: add_reprocessing(
                        self.reprocessing, server
                    ),
                    f"{package}.ImportService": lambda server: add_imports(self.imports, server),
                    f"{package}.StatusService": lambda server: add_statuses(self.statuses, server),
                    f"{package}.VocabularyService": lambda server: add_vocabulary(
                        self.vocabulary, server
                    ),
                    f"{package}.SharingService": lambda server: add_sharing(self.sharing, server),
                    f"{package}.WorkspaceSettingsService": lambda server: add_settings(
                        self.workspace_settings, server
                    ),
                    f"{package}.AdminService": lambda server: add_admin(self.admin, server),
                    f"{package}.PlaybackService": lambda server: add_playback(
                        self.playback, server
                    ),
                    f"{package}.UploadService": lambda server: add_uploads(
                        self.transcriber, server
                    ),
                    f"{package}.QueueService": lambda server: add_queue(self.transcriber, server),
                },
            ),
            "speakers": _server(
                "speakers",
                secret_key,
                ports.get("speakers", 0),
                {f"{package}.SpeakerService": lambda server: add_speakers(self.speakers, server)},
            ),
            "exporter": _server(
                "exporter",
                secret_key,
                ports.get("exporter", 0),
                {f"{package}.ExportService": lambda server: add_exports(self.exporter, server)},
            ),
        }

    async def start(self) -> None:
        for server in self._servers.values():
            await server.start()
            await server.ready()

    async def stop(self) -> None:
        for server in self._servers.values():
            await server.stop(0.1)

    def address(self, name: str) -> str:
        return f"127.0.0.1:{self._servers[name].port}"


class _NoTokens:
    """Rejects tokens, because the gateway signs its calls instead."""

    async def authenticate(self, token: str) -> Grant:
        raise ValidationError("no token was expected")


def _server(name: str, secret_key: str, port: int, services: Any) -> GrpcServer:
    settings = ServiceSettings(secret_key=secret_key, grpc_port=port)
    authenticator = CallAuthenticator(
        tokens=_NoTokens(),
        verifier=CallVerifier(settings.call_key(name), name),
        access=dict.fromkeys(method_names("StatusService", ["GetStatusVersions"]), Access.SERVICE),
    )
    return GrpcServer(
        settings, services=services, authenticator=authenticator, version=f"1.2.3-{name}"
    )
