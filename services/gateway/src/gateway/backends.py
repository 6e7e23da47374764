"""Clients of the services behind the gateway."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, TypeVar

import grpc.aio

from common import rights, telemetry
from common.grpc_client import channel, unwrap, unwrap_stream
from common.identity import Caller, Grant
from common.rights import Right
from common.settings import ServiceSettings
from common.signing import STREAMED, CallSigner, acting_for, digest_of
from gateway.service_states import Answering, states_of
from gateway.sessions.erasure import Erase
from gateway.uploads.file_messages import serialized
from securetranscribe.v1 import (
    admin_pb2_grpc,
    capture_pb2_grpc,
    export_pb2_grpc,
    imports_pb2_grpc,
    library_pb2_grpc,
    live_pb2,
    live_pb2_grpc,
    playback_pb2_grpc,
    queue_pb2_grpc,
    reprocessing_pb2_grpc,
    search_pb2_grpc,
    session_pb2,
    sharing_pb2_grpc,
    speaker_pb2,
    speaker_pb2_grpc,
    status_pb2,
    status_pb2_grpc,
    transcript_pb2_grpc,
    transcription_pb2,
    transcription_pb2_grpc,
    upload_pb2,
    upload_pb2_grpc,
    vocabulary_pb2_grpc,
    workspace_settings_pb2_grpc,
)

Request = TypeVar("Request")
Answer = TypeVar("Answer")
Metadata = tuple[tuple[str, str], ...]

_UPLOAD = "/securetranscribe.v1.TranscriptionService/UploadTranscription"
_APPEND = "/securetranscribe.v1.UploadService/AppendUpload"
_LIVE = "/securetranscribe.v1.LiveService/StreamingRecognize"
_FOLLOW = "/securetranscribe.v1.LiveService/FollowLive"
_READ = "/securetranscribe.v1.TranscriptionService/GetTranscription"
_ANSWER_SECONDS = 15.0
#: Seconds for documents and summaries.
EXPORT_SECONDS = 300.0
_ERASURE_SECONDS = 120.0


class Backends:
    """gRPC stubs. Each call is signed by the gateway and names the session it acts for."""

    def __init__(
        self,
        settings: ServiceSettings,
        *,
        transcriber: str,
        speakers: str,
        exporter: str,
        signer: CallSigner,
    ) -> None:
        """Create the channels. Addresses are `host:port`, and connections open on first use."""
        self._signer = signer
        self._transcriber = channel(settings, transcriber, receiver="transcriber", signer=signer)
        self._speakers = channel(settings, speakers, receiver="speakers", signer=signer)
        self._exporter = channel(settings, exporter, receiver="exporter", signer=signer)
        # A traced channel does not support writing a stream message by message.
        self._uploads = channel(settings, transcriber, traced=False)
        self.uploads = transcription_pb2_grpc.TranscriptionServiceStub(self._uploads)
        self._upload = self._uploads.stream_unary(
            _UPLOAD,
            request_serializer=serialized,
            response_deserializer=transcription_pb2.UploadTranscriptionResponse.FromString,
        )
        self._append = self._uploads.stream_unary(
            _APPEND,
            request_serializer=serialized,
            response_deserializer=upload_pb2.AppendUploadResponse.FromString,
        )
        self._live = live_pb2_grpc.LiveServiceStub(self._uploads)
        self.resumable = upload_pb2_grpc.UploadServiceStub(self._transcriber)
        self.captures = capture_pb2_grpc.CaptureServiceStub(self._transcriber)
        self.transcriptions = transcription_pb2_grpc.TranscriptionServiceStub(self._transcriber)
        self._statuses = status_pb2_grpc.StatusServiceStub(self._transcriber)
        self.transcripts = transcript_pb2_grpc.TranscriptServiceStub(self._transcriber)
        self.searches = search_pb2_grpc.SearchServiceStub(self._transcriber)
        self.vocabulary = vocabulary_pb2_grpc.VocabularyServiceStub(self._transcriber)
        self.playback = playback_pb2_grpc.PlaybackServiceStub(self._transcriber)
        self.admin = admin_pb2_grpc.AdminServiceStub(self._transcriber)
        self.queue = queue_pb2_grpc.QueueServiceStub(self._transcriber)
        self.imports = imports_pb2_grpc.ImportServiceStub(self._transcriber)
        self.reprocessing = reprocessing_pb2_grpc.ReprocessingServiceStub(self._transcriber)
        self.sharing = sharing_pb2_grpc.SharingServiceStub(self._transcriber)
        self.workspace_settings = workspace_settings_pb2_grpc.WorkspaceSettingsServiceStub(
            self._transcriber
        )
        self.library = library_pb2_grpc.LibraryServiceStub(self._transcriber)
        self.speakers = speaker_pb2_grpc.SpeakerServiceStub(self._speakers)
        self.exports = export_pb2_grpc.ExportServiceStub(self._exporter)

    def upload(self, owner: Caller) -> Any:
        """Begin a call of UploadTranscription, to be wrapped as a `ClientStream`.

        Its requests are messages or serialized ones (see `uploads.file_messages`).
        """
        return self._upload(metadata=self._stream_metadata(owner, _UPLOAD))

    def append(self, owner: Caller) -> Any:
        """Begin a call of AppendUpload, as `upload` does."""
        return self._append(metadata=self._stream_metadata(owner, _APPEND))

    def live(self, owner: Caller) -> Any:
        """Begin a call of LiveService.StreamingRecognize, to be written and read step by step."""
        return self._live.StreamingRecognize(metadata=self._stream_metadata(owner, _LIVE))

    def follow_live(self, request: live_pb2.FollowLiveRequest, caller: Caller) -> Any:
        """Begin a call of LiveService.FollowLive, to be read step by step."""
        digest = digest_of(request.SerializeToString())
        metadata = self._stream_metadata(caller, _FOLLOW, digest=digest)
        return self._live.FollowLive(request, metadata=metadata)

    def _stream_metadata(self, owner: Caller, method: str, *, digest: str = STREAMED) -> Metadata:
        """Return the metadata of a stream, with signature and trace added by hand.

        The channel of streams has no interceptors to do it.
        """
        signature = self._signer.sign("transcriber", method, digest=digest, owner=owner)
        return (*signature.items(), *telemetry.inject().items())

    async def ask(
        self,
        method: grpc.aio.UnaryUnaryMultiCallable[Request, Answer],
        request: Request,
        owner: Caller,
        *,
        seconds: float = _ANSWER_SECONDS,
    ) -> Answer:
        """Call a unary method for a session, with a deadline of `seconds`.

        Raises:
            ApplicationError: the service refused the call.
            UnavailableError: the service does not respond.
        """
        return await unwrap(method(request, metadata=acting_for(owner), timeout=seconds))

    async def transcription(
        self, request: transcription_pb2.GetTranscriptionRequest, owner: Caller
    ) -> transcription_pb2.GetTranscriptionResponse:
        """Return a transcription, without the interceptors. They would cost more than the call.

        Raises the errors of `ask`.
        """
        signature = self._signer.sign(
            "transcriber", _READ, digest=digest_of(request.SerializeToString()), owner=owner
        )
        metadata = (*signature.items(), *telemetry.inject().items())
        read = self.uploads.GetTranscription
        return await unwrap(read(request, metadata=metadata, timeout=_ANSWER_SECONDS))

    async def status_versions(self, wanted: Sequence[tuple[int, str]]) -> Sequence[str]:
        """Return the versions of statuses of transcriptions, each given with its workspace.

        A version is empty if the workspace has no such transcription, or while it is processed.
        Raises the errors of `ask`.
        """
        request = status_pb2.GetStatusVersionsRequest(
            transcriptions=[
                status_pb2.OwnedTranscription(transcription_id=number, workspace_id=owner)
                for number, owner in wanted
            ]
        )
        answer = await self.ask(self._statuses.GetStatusVersions, request, Grant())
        return answer.versions

    async def session_statistics(self, owner: Caller) -> session_pb2.SessionStatistics:
        """Return the job statistics of a session's workspace, from the transcriber.

        They are empty for a caller without a workspace to read in.

        Raises:
            UnavailableError: the transcriber does not respond.
        """
        grant = Grant.copy(owner)
        if not rights.permits(grant, grant.own_role, Right.READ):
            return session_pb2.SessionStatistics()
        answer = await self.ask(
            self.transcriptions.GetSessionStatistics,
            transcription_pb2.GetSessionStatisticsRequest(),
            owner,
        )
        return answer.statistics

    async def has_jobs(self, owner: Caller) -> bool:
        """Return whether a session's workspace has waiting or running jobs."""
        statistics = await self.session_statistics(owner)
        return statistics.processing or statistics.queue_position > 0

    def erasures(self) -> Mapping[str, Erase]:
        """Return how each service erases a workspace, by name of the service."""

        async def transcriber(workspace_id: str, reason: str) -> None:
            request = transcription_pb2.EraseWorkspaceRequest(
                workspace_id=workspace_id, reason=reason
            )
            erase = self.transcriptions.EraseWorkspace
            await self.ask(erase, request, Grant(), seconds=_ERASURE_SECONDS)

        async def speakers(workspace_id: str, reason: str) -> None:
            request = speaker_pb2.EraseWorkspaceVoicesRequest(
                workspace_id=workspace_id, reason=reason
            )
            erase = self.speakers.EraseWorkspaceVoices
            await self.ask(erase, request, Grant(), seconds=_ERASURE_SECONDS)

        return {"transcriber": transcriber, "speakers": speakers}

    async def workspaces(self, after: str, limit: int) -> Sequence[str]:
        """Return workspaces with transcriptions, those behind `after` in order."""
        request = transcription_pb2.ListWorkspacesRequest(after=after, limit=limit)
        answer = await self.ask(self.transcriptions.ListWorkspaces, request, Grant())
        return answer.workspace_ids

    async def states(self) -> dict[str, Answering]:
        """Return whether each service answers calls, by name of the service."""
        return await states_of(
            {
                "transcriber": self._transcriber,
                "speakers": self._speakers,
                "exporter": self._exporter,
            }
        )

    def read(
        self,
        method: grpc.aio.UnaryStreamMultiCallable[Request, Answer],
        request: Request,
        owner: Caller,
        *,
        seconds: float = EXPORT_SECONDS,
    ) -> AsyncGenerator[Answer, None]:
        """Call a streaming method for a session. Closing the iterator cancels the call."""
        call = method(request, metadata=acting_for(owner), timeout=seconds)
        return unwrap_stream(call)

    async def close(self) -> None:
        """Close all channels."""
        for connection in (self._transcriber, self._uploads, self._speakers, self._exporter):
            await connection.close()
