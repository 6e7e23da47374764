"""REST and gRPC behind one protocol, for tests of both."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import grpc

from securetranscribe.v1 import (
    session_pb2,
    session_pb2_grpc,
    speaker_pb2,
    speaker_pb2_grpc,
    transcription_pb2,
    transcription_pb2_grpc,
)
from tests.e2e.stack import JOB_SECONDS, Stack

_ANSWER_SECONDS = 120.0
_SOURCES = {
    transcription_pb2.SPEAKER_NAME_SOURCE_NONE: "none",
    transcription_pb2.SPEAKER_NAME_SOURCE_SUGGESTED: "suggested",
    transcription_pb2.SPEAKER_NAME_SOURCE_CONFIRMED: "confirmed",
}


@dataclass(frozen=True, kw_only=True)
class Voice:
    """A voice of a transcription: its label, its displayed name, and the source of the name."""

    label: str
    name: str
    source: str
    speaker_id: int
    confidence: float


class Interface(Protocol):
    """Calls of a client with a session."""

    def transcribe(self, content: bytes) -> int:
        """Upload a recording and wait until it is transcribed. Return its id."""
        ...

    def voices(self, transcription_id: int) -> list[Voice]:
        """Return the voices of a transcription."""
        ...

    def shown(self, transcription_id: int) -> list[str]:
        """Return the names in the segments of a transcription, in order of appearance."""
        ...

    def assign(self, transcription_id: int, names: Mapping[str, str]) -> None:
        """Name voices."""
        ...

    def delete(self, transcription_id: int) -> None:
        """Delete a transcription."""
        ...

    def profiles(self) -> dict[str, int]:
        """Return the ids of all active profiles by name."""
        ...

    def ledger(self, speaker_id: int) -> list[tuple[int, str]]:
        """Return transcription and label of each observation decided by a person."""
        ...


class RestInterface:
    """JSON over HTTP."""

    def __init__(self, stack: Stack) -> None:
        self.client = stack.client()

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def transcribe(self, content: bytes) -> int:
        """Upload a recording and wait until it is transcribed. Return its id."""
        uploaded = self.client.upload_audio(
            io.BytesIO(content), filename="talk.wav", language="en", auto_start=True
        )
        number: int = uploaded["transcription_id"]
        state = self.client.wait(number, poll_seconds=0.2, timeout_seconds=JOB_SECONDS)
        assert state["status"] == "completed", state["error"]
        return number

    def voices(self, transcription_id: int) -> list[Voice]:
        """Return the voices of a transcription."""
        return [
            Voice(
                label=voice["speaker_label"],
                name=voice["name"],
                source=voice["name_source"],
                speaker_id=voice["speaker_id"] or 0,
                confidence=voice["confidence_score"] or 0.0,
            )
            for voice in self.client.list_voices(transcription_id)
        ]

    def shown(self, transcription_id: int) -> list[str]:
        """Return the names in the segments of a transcription, in order of appearance."""
        segments = self.client.get_status(transcription_id)["segments"]
        return list(dict.fromkeys(segment["speaker"] for segment in segments))

    def assign(self, transcription_id: int, names: Mapping[str, str]) -> None:
        """Name voices."""
        self.client.assign_speakers(transcription_id, names)

    def delete(self, transcription_id: int) -> None:
        """Delete a transcription."""
        self.client.delete_transcription(transcription_id)

    def profiles(self) -> dict[str, int]:
        """Return the ids of all active profiles by name."""
        return {speaker["name"]: speaker["id"] for speaker in self.client.list_speakers()}

    def ledger(self, speaker_id: int) -> list[tuple[int, str]]:
        """Return transcription and label of each observation decided by a person."""
        return sorted(
            (row["transcription_id"], row["speaker_label"])
            for row in self.client.list_observations(speaker_id)
            if row["decided_by"] == "person"
        )


class GrpcInterface:
    """gRPC with the published stubs, directly to the services."""

    def __init__(self, stack: Stack) -> None:
        self._channels = {
            name: grpc.insecure_channel(stack.services.address(name))
            for name in ("gateway", "transcriber-api", "speakers")
        }
        sessions = session_pb2_grpc.SessionServiceStub(self._channels["gateway"])
        created = sessions.CreateSession(session_pb2.CreateSessionRequest(user_identifier="grpc"))
        self._metadata = (("authorization", f"Bearer {created.session_token}"),)
        self._transcriptions = transcription_pb2_grpc.TranscriptionServiceStub(
            self._channels["transcriber-api"]
        )
        self._speakers = speaker_pb2_grpc.SpeakerServiceStub(self._channels["speakers"])

    def close(self) -> None:
        """Close the connections."""
        for channel in self._channels.values():
            channel.close()

    def transcribe(self, content: bytes) -> int:
        """Upload a recording and wait until it is transcribed. Return its id."""
        answer = self._transcriptions.UploadTranscription(
            _upload(content), metadata=self._metadata, timeout=JOB_SECONDS
        )
        number: int = answer.transcription.transcription_id
        watched = self._transcriptions.WatchTranscription(
            transcription_pb2.WatchTranscriptionRequest(transcription_id=number),
            metadata=self._metadata,
            timeout=JOB_SECONDS,
        )
        last = list(watched)[-1].transcription
        assert last.status == transcription_pb2.TRANSCRIPTION_STATUS_COMPLETED, last.failure
        return number

    def voices(self, transcription_id: int) -> list[Voice]:
        """Return the voices of a transcription."""
        return [
            Voice(
                label=voice.speaker_label,
                name=voice.name,
                source=_SOURCES[voice.name_source],
                speaker_id=voice.speaker_id,
                confidence=voice.match_confidence,
            )
            for voice in self._get(transcription_id).speakers
        ]

    def shown(self, transcription_id: int) -> list[str]:
        """Return the names in the segments of a transcription, in order of appearance."""
        segments = self._get(transcription_id).segments
        return list(dict.fromkeys(segment.speaker_name for segment in segments))

    def assign(self, transcription_id: int, names: Mapping[str, str]) -> None:
        """Name voices."""
        request = transcription_pb2.AssignSpeakersRequest(
            transcription_id=transcription_id, names=names
        )
        self._transcriptions.AssignSpeakers(
            request, metadata=self._metadata, timeout=_ANSWER_SECONDS
        )

    def delete(self, transcription_id: int) -> None:
        """Delete a transcription."""
        request = transcription_pb2.DeleteTranscriptionRequest(transcription_id=transcription_id)
        self._transcriptions.DeleteTranscription(
            request, metadata=self._metadata, timeout=_ANSWER_SECONDS
        )

    def profiles(self) -> dict[str, int]:
        """Return the ids of all active profiles by name."""
        request = speaker_pb2.ListSpeakersRequest(page_size=200)
        answer = self._speakers.ListSpeakers(
            request, metadata=self._metadata, timeout=_ANSWER_SECONDS
        )
        return {speaker.name: speaker.speaker_id for speaker in answer.speakers}

    def ledger(self, speaker_id: int) -> list[tuple[int, str]]:
        """Return transcription and label of each observation decided by a person."""
        request = speaker_pb2.ListObservationsRequest(speaker_id=speaker_id, page_size=200)
        answer = self._speakers.ListObservations(
            request, metadata=self._metadata, timeout=_ANSWER_SECONDS
        )
        return sorted(
            (row.transcription_id, row.speaker_label)
            for row in answer.observations
            if row.decided_by == speaker_pb2.DECISION_SOURCE_PERSON
        )

    def _get(self, transcription_id: int) -> Any:
        request = transcription_pb2.GetTranscriptionRequest(
            transcription_id=transcription_id, view=transcription_pb2.TRANSCRIPTION_VIEW_FULL
        )
        answer = self._transcriptions.GetTranscription(
            request, metadata=self._metadata, timeout=_ANSWER_SECONDS
        )
        return answer.transcription


def _upload(content: bytes) -> Iterator[transcription_pb2.UploadTranscriptionRequest]:
    config = transcription_pb2.UploadConfig(filename="talk.wav", language="en", auto_start=True)
    yield transcription_pb2.UploadTranscriptionRequest(config=config)
    yield transcription_pb2.UploadTranscriptionRequest(chunk=content)
