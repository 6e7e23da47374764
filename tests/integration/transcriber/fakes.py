"""Fakes of the other services behind real gRPC, and real workers around fake engines."""

import asyncio
import contextlib
import io
import wave
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import grpc
import grpc.aio
import numpy as np

from common import bus, status
from common.bus import Delivery
from common.disk_reserve import DiskReserve
from common.errors import AuthenticationError, DiarizationError, TranscriptionError
from common.objects import RangedObject
from common.signed_objects import SignedObjects
from common.signing import receiver_key
from common.tasks.worker import TaskControl, TaskHandler, TaskWorker, WorkerOptions
from common.times import duration
from securetranscribe.v1 import (
    diarization_pb2,
    identity_pb2,
    queue_pb2,
    session_pb2,
    session_pb2_grpc,
    speaker_pb2,
    speaker_pb2_grpc,
    speech_pb2,
)

RATE = 8000


def wav(seconds: float, *, rate: int = RATE, tones: Sequence[float] = (220,)) -> bytes:
    """Return a WAV file with a tone (Hz) on each channel."""
    time = np.arange(int(seconds * rate)) / rate
    samples = np.sin(np.outer(time, tones) * 2 * np.pi) * 8000
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(len(tones))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return buffer.getvalue()


def recognition(
    *passages: tuple[float, str], language: str = "en", model: str = "whisper-test"
) -> speech_pb2.Recognition:
    """Return a recognition of passages (start, text), with one word per half second."""
    segments = []
    for start, text in passages:
        words = [
            speech_pb2.RecognizedWord(
                text=word,
                start=duration(start + n * 0.5),
                end=duration(start + n * 0.5 + 0.4),
                probability=0.8,
            )
            for n, word in enumerate(text.split())
        ]
        segments.append(
            speech_pb2.RecognizedSegment(
                start=words[0].start, end=words[-1].end, text=text, words=words, language=language
            )
        )
    return speech_pb2.Recognition(
        segments=segments,
        languages=[
            speech_pb2.LanguageSpan(
                start=duration(0), end=duration(10), language=language, probability=0.9
            )
        ],
        model=model,
    )


def diarization(*turns: tuple[str, float, float]) -> diarization_pb2.Diarization:
    """Return a diarization of turns (label, start, end), all clean, with voiceprints."""
    messages = [
        diarization_pb2.Turn(start=duration(start), end=duration(end), speaker_label=label)
        for label, start, end in turns
    ]
    labels = list(dict.fromkeys(label for label, _, _ in turns))
    return diarization_pb2.Diarization(
        turns=messages,
        exclusive_turns=messages,
        speakers=[
            diarization_pb2.DiarizedSpeaker(
                speaker_label=label,
                voiceprint=diarization_pb2.Voiceprint(
                    values=[float(number == n) for n in range(4)],
                    model="voice-test",
                    model_version="1",
                    speech_duration=duration(3),
                ),
                speech_duration=duration(4),
                clean_turns=[turn for turn in messages if turn.speaker_label == label],
            )
            for number, label in enumerate(labels)
        ],
        model="diarize-test",
    )


TWO_SPEAKERS = diarization(("Speaker_1", 0.0, 2.0), ("Speaker_2", 2.0, 4.0))
TWO_PASSAGES = recognition((0.0, "Good morning."), (2.0, "Hello to you."))


class FakeSessions(session_pb2_grpc.SessionServiceServicer):
    """Accepts every token `token-x` for the session `session_x`.

    `token-y@x` is that of `session_y`, which took over the workspace of `session_x`. Rights follow:
    `token-y@x;user=ann;role=viewer;scopes=read+export`, or `token-y;link=link_7`.
    """

    def __init__(self) -> None:
        self.preferences: dict[str, session_pb2.SessionPreferences] = {}
        self.ended: list[str] = []
        #: Tokens with the rights of others by now.
        self.changed: dict[str, str] = {}

    async def AuthenticateSession(
        self, request: session_pb2.AuthenticateSessionRequest, context: Any
    ) -> session_pb2.AuthenticateSessionResponse:
        token = self.changed.get(request.session_token, request.session_token)
        name = token.removeprefix("token-")
        if name == token:
            await context.abort_with_status(status.to_status(AuthenticationError("No.")))
        name, *more = name.split(";")
        rights = dict(item.split("=") for item in more)
        session, _, earlier = name.partition("@")
        return session_pb2.AuthenticateSessionResponse(
            session_id=f"session_{session}",
            workspace_id="" if "link" in rights else f"session_{earlier or session}",
            preferences=self.preferences.get(request.session_token),
            user_id=rights.get("user", ""),
            role=identity_pb2.Role.Value(f"ROLE_{rights.get('role', 'unspecified').upper()}"),
            scopes=[
                identity_pb2.Scope.Value(f"SCOPE_{scope.upper()}")
                for scope in rights.get("scopes", "").split("+")
                if scope
            ],
            link_id=rights.get("link", ""),
        )

    async def EndSessions(
        self, request: session_pb2.EndSessionsRequest, _context: Any
    ) -> session_pb2.EndSessionsResponse:
        self.ended.append(request.owner)
        # The session `session_y` took over the workspace of `session_x`.
        workspaces = {"session_y": "session_x"}
        return session_pb2.EndSessionsResponse(
            workspace_ids=[workspaces.get(request.owner, request.owner)]
        )


class FakeSpeakers(speaker_pb2_grpc.SpeakerServiceServicer):
    """Makes a profile per name and recognizes the voices in `known`."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Drop all state."""
        self.down = False
        self.profiles: dict[str, int] = {}
        #: New names of renamed profiles, empty for deleted ones.
        self.renamed: dict[int, str] = {}
        #: Called while a request is being answered.
        self.meanwhile: Callable[[], Awaitable[None]] | None = None
        self.known: dict[int, tuple[int, str]] = {}
        self.decisions: dict[int, list[speaker_pb2.VoiceDecision]] = {}
        self.sessions: set[str] = set()
        self.erased: list[int] = []

    async def RecognizeVoices(
        self, request: speaker_pb2.RecognizeVoicesRequest, context: Any
    ) -> speaker_pb2.RecognizeVoicesResponse:
        await self._check(context)
        matches = []
        for voice in request.voices:
            axis = int(np.argmax(list(voice.voiceprint.values) or [0]))
            match = speaker_pb2.VoiceMatch(
                speaker_label=voice.speaker_label,
                outcome=speaker_pb2.VOICE_MATCH_OUTCOME_UNKNOWN,
            )
            if axis in self.known and voice.HasField("voiceprint"):
                match.outcome = speaker_pb2.VOICE_MATCH_OUTCOME_KNOWN
                match.speaker_id, match.name = self.known[axis]
                match.confidence = 0.9
            matches.append(match)
        if self.meanwhile is not None:
            await self.meanwhile()
        return speaker_pb2.RecognizeVoicesResponse(matches=matches)

    async def SetVoiceDecisions(
        self, request: speaker_pb2.SetVoiceDecisionsRequest, context: Any
    ) -> speaker_pb2.SetVoiceDecisionsResponse:
        await self._check(context)
        self.decisions[request.transcription_id] = list(request.decisions)
        if self.meanwhile is not None:
            await self.meanwhile()
        links = []
        for decision in request.decisions:
            link = speaker_pb2.VoiceLink(speaker_label=decision.voice.speaker_label)
            number = decision.speaker_id
            if not number:
                link.created = decision.name not in self.profiles
                number = self.profiles.setdefault(decision.name, len(self.profiles) + 1)
            if name := self.renamed.get(number, decision.name):
                link.speaker.speaker_id, link.speaker.name = number, name
            links.append(link)
        return speaker_pb2.SetVoiceDecisionsResponse(links=links)

    async def EraseVoices(
        self, request: speaker_pb2.EraseVoicesRequest, context: Any
    ) -> speaker_pb2.EraseVoicesResponse:
        await self._check(context)
        self.erased += request.speaker_ids
        return speaker_pb2.EraseVoicesResponse(erased=len(request.speaker_ids))

    async def EraseWorkspaceVoices(
        self, _request: speaker_pb2.EraseWorkspaceVoicesRequest, context: Any
    ) -> speaker_pb2.EraseWorkspaceVoicesResponse:
        await self._check(context)
        return speaker_pb2.EraseWorkspaceVoicesResponse()

    async def _check(self, context: Any) -> None:
        metadata = dict(context.invocation_metadata())
        assert metadata["x-service-auth"].startswith("v2:transcriber:")
        self.sessions.add(metadata["x-session-id"])
        if self.down:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "away")


@dataclass(frozen=True, kw_only=True)
class Peers:
    """Fakes of the other services, and their address."""

    sessions: FakeSessions
    speakers: FakeSpeakers
    address: str


@contextlib.asynccontextmanager
async def running_peers() -> AsyncIterator[Peers]:
    """Serve the fakes of the other services."""
    server = grpc.aio.server()
    # The other methods are unimplemented, as in generated servicers.
    sessions, speakers = FakeSessions(), FakeSpeakers()  # type: ignore[abstract]
    session_pb2_grpc.add_SessionServiceServicer_to_server(sessions, server)
    speaker_pb2_grpc.add_SpeakerServiceServicer_to_server(speakers, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield Peers(sessions=sessions, speakers=speakers, address=f"127.0.0.1:{port}")
    finally:
        await server.stop(0)


Engine = Callable[[queue_pb2.Task, TaskControl], bytes]


def gives(message: Any) -> Engine:
    """Return an engine with this result. It reports progress once."""

    def work(_task: queue_pb2.Task, control: TaskControl) -> bytes:
        control.progress(0.5, "Half way")
        data: bytes = message.SerializeToString()
        return data

    return work


def fails(error: Exception) -> Engine:
    """Return an engine with this error."""

    def work(_task: queue_pb2.Task, _control: TaskControl) -> bytes:
        raise error

    return work


@dataclass
class WorkerFactory:
    """Runs real workers around fake engines."""

    nats_url: str
    delivery: Delivery
    secret: str
    models: tuple[str, ...] = ("whisper-small", "moonshine-base")
    done: list[queue_pb2.Task] = field(default_factory=list)

    @contextlib.asynccontextmanager
    async def worker(
        self, stage: str, engine: Engine, *, grace_seconds: float = 5
    ) -> AsyncIterator[TaskWorker]:
        """Run a worker of a stage until the end of the block."""

        def handle(task: queue_pb2.Task, audio: RangedObject, control: TaskControl) -> bytes:
            result = engine(task, control)
            self.done.append(task)
            return result

        async with self.handling(stage, handle, grace_seconds=grace_seconds) as worker:
            yield worker

    @contextlib.asynccontextmanager
    async def handling(
        self, stage: str, handle: TaskHandler, *, grace_seconds: float = 5
    ) -> AsyncIterator[TaskWorker]:
        """Run a worker with a handler that reads the recording."""
        client = await bus.connect(self.nats_url, name=f"{stage} worker")
        kind = "transcriber-worker" if stage == "transcribe" else "diarizer"
        objects = SignedObjects(
            DiskReserve(None, reserve_bytes=0), service_key=receiver_key(self.secret, kind)
        )
        worker = TaskWorker(
            client=client,
            stream=client.jetstream(),
            objects=objects,
            handler=handle,
            options=WorkerOptions(
                worker_id=f"{stage}-{uuid4().hex[:6]}",
                stage=stage,
                device="cpu",
                failure=TranscriptionError if stage == "transcribe" else DiarizationError,
                delivery=self.delivery,
                shutdown_grace_seconds=grace_seconds,
                models=self.models if stage == "transcribe" else (),
            ),
        )
        running = [asyncio.create_task(worker.run()), asyncio.create_task(worker.heartbeat())]
        try:
            yield worker
        finally:
            await worker.stop()
            for task in running:
                task.cancel()
            await asyncio.wait(running)
            # The server drops the worker's open requests with its connection.
            await client.close()
            objects.close()

    @contextlib.asynccontextmanager
    async def both(
        self, words: Any = TWO_PASSAGES, turns: Any = TWO_SPEAKERS
    ) -> AsyncIterator[None]:
        """Run one worker per stage."""
        async with (
            self.worker("transcribe", words if callable(words) else gives(words)),
            self.worker("diarize", turns if callable(turns) else gives(turns)),
        ):
            yield


async def until(
    condition: Callable[[], Awaitable[Any]], *, seconds: float = 60, every: float = 0.1
) -> Any:
    """Wait until a condition is true and return its value."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        value = await condition()
        if value:
            return value
        assert asyncio.get_running_loop().time() < deadline, (
            "the condition did not become true in time"
        )
        await asyncio.sleep(every)


def chunked(data: bytes, size: int = 64 * 1024) -> Iterator[bytes]:
    """Yield the data in chunks."""
    for start in range(0, len(data), size):
        yield data[start : start + size]
