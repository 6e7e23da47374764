"""Fixtures: the service on real servers, and its callers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio
import pytest

from common import bus
from common.bus import Delivery
from common.grpc_client import channel, unwrap
from common.identity import Grant
from common.postgres import Database
from common.runtime import Supervisor
from common.signing import CallSigner, acting_for
from common.times import duration
from securetranscribe.v1 import diarization_pb2, speaker_pb2, speaker_pb2_grpc
from speakers import app
from speakers.settings import SpeakersSettings
from tests.integration.emptying import empty
from tests.integration.serving import healthy, migrated
from tests.integration.speakers.fakes import Peers, running_peers, voiceprint
from tests.limits import UNLIMITED_FIELDS
from tests.ports import free_port

SECRET = "a secret for tests that is long enough"
_TABLES = (
    "profiles",
    "gone_profiles",
    "trash",
    "voice_models",
    "decisions",
    "recognitions",
    "observations",
    "prototypes",
    "outbox",
    "item_attempts",
)
_PROTOTYPES = """
SELECT p.name, m.name AS model, m.version, t.place::real[] AS place, p.confidence,
       p.sample_count, p.speech_seconds
FROM prototypes t JOIN profiles p USING (profile_id) JOIN voice_models m USING (model_id)
ORDER BY p.name_key, m.name, m.version
"""


@pytest.fixture(scope="session")
async def peers() -> AsyncIterator[Peers]:
    """Run the fake peers."""
    async with running_peers() as running:
        yield running


@pytest.fixture(scope="session")
async def database(postgres_url: Callable[[str], str]) -> AsyncIterator[Database]:
    """Open the migrated database of the service."""
    async with migrated(postgres_url("speakers"), "speakers") as database:
        yield database


@pytest.fixture(scope="session")
async def client(nats_url: str) -> AsyncIterator[Any]:
    """Connect to NATS."""
    client = await bus.connect(nats_url, name="tests")
    yield client
    await bus.close(client)


@pytest.fixture(autouse=True)
async def clean(database: Database, client: Any, peers: Peers) -> None:
    """Remove the state of earlier tests."""
    await empty(database, *_TABLES)
    await bus.ensure_streams(client.jetstream(), Delivery())
    peers.diarizer.error = None
    peers.diarizer.calls = 0
    peers.diarizer.callers.clear()


@dataclass(frozen=True, kw_only=True)
class Named:
    """A voice of a recording and the name given by a person."""

    label: str
    name: str
    values: Sequence[float] | None
    seconds: float = 10.0
    speech: float = 12.0
    clip: bytes = b""
    content_type: str = "audio/flac"
    model: str = "voices-for-tests"
    version: str = "1"
    speaker_id: int = 0
    clip_gone: bool = False

    def voice(self) -> speaker_pb2.Voice:
        """Return the message of the voice."""
        message = speaker_pb2.Voice(speaker_label=self.label, speech_duration=duration(self.speech))
        if self.values is not None:
            heard = voiceprint(
                list(self.values), seconds=self.seconds, model=self.model, version=self.version
            )
            message.voiceprint.CopyFrom(heard)
        return message

    def decision(self) -> speaker_pb2.VoiceDecision:
        """Return the message of the decision."""
        return speaker_pb2.VoiceDecision(
            voice=self.voice(),
            name=self.name,
            clip=self.clip,
            clip_content_type=self.content_type if self.clip else "",
            speaker_id=self.speaker_id,
            clip_gone=self.clip_gone,
        )


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A caller of the service: a session, or the transcriber."""

    stub: Any
    metadata: tuple[tuple[str, str], ...]

    async def call(self, method: str, request: Any) -> Any:
        """Call a method. Raise the error returned by the service."""
        return await unwrap(getattr(self.stub, method)(request, metadata=self.metadata))

    async def create(self, name: str, **fields: Any) -> speaker_pb2.Speaker:
        """Create a profile."""
        request = speaker_pb2.CreateSpeakerRequest(name=name, **fields)
        answer: speaker_pb2.CreateSpeakerResponse = await self.call("CreateSpeaker", request)
        return answer.speaker

    async def get(self, speaker_id: int) -> speaker_pb2.Speaker:
        """Return a profile."""
        request = speaker_pb2.GetSpeakerRequest(speaker_id=speaker_id)
        answer: speaker_pb2.GetSpeakerResponse = await self.call("GetSpeaker", request)
        return answer.speaker

    async def update(self, speaker_id: int, **fields: Any) -> speaker_pb2.Speaker:
        """Change a profile."""
        request = speaker_pb2.UpdateSpeakerRequest(speaker_id=speaker_id, **fields)
        answer: speaker_pb2.UpdateSpeakerResponse = await self.call("UpdateSpeaker", request)
        return answer.speaker

    async def delete(self, speaker_id: int, *, permanent: bool = False) -> None:
        """Delete a profile."""
        request = speaker_pb2.DeleteSpeakerRequest(speaker_id=speaker_id, permanent=permanent)
        await self.call("DeleteSpeaker", request)

    async def names(self, **fields: Any) -> list[str]:
        """Return the names of all profiles in the order of the list."""
        request = speaker_pb2.ListSpeakersRequest(page_size=200, **fields)
        return [item.name for item in (await self.call("ListSpeakers", request)).speakers]

    async def found(self, query: str, **fields: Any) -> list[str]:
        """Return the names of the profiles found by a search."""
        request = speaker_pb2.SearchSpeakersRequest(query=query, **fields)
        return [item.name for item in (await self.call("SearchSpeakers", request)).speakers]

    async def statistics(self, speaker_id: int) -> speaker_pb2.SpeakerStatistics:
        """Return the statistics of a profile."""
        request = speaker_pb2.GetSpeakerStatisticsRequest(speaker_id=speaker_id)
        answer: speaker_pb2.GetSpeakerStatisticsResponse = await self.call(
            "GetSpeakerStatistics", request
        )
        return answer.statistics

    async def observations(self, speaker_id: int) -> list[speaker_pb2.Observation]:
        """Return the ledger of a profile."""
        request = speaker_pb2.ListObservationsRequest(speaker_id=speaker_id, page_size=200)
        return list((await self.call("ListObservations", request)).observations)

    async def decide(self, transcription_id: int, *decisions: Named) -> dict[str, Any]:
        """Set the decisions about a recording. Return links by label."""
        request = speaker_pb2.SetVoiceDecisionsRequest(
            transcription_id=transcription_id, decisions=[item.decision() for item in decisions]
        )
        answer = await self.call("SetVoiceDecisions", request)
        return {link.speaker_label: link for link in answer.links}

    async def recognize(self, transcription_id: int, *voices: Named) -> dict[str, Any]:
        """Recognize the voices of a recording. Return matches by label."""
        request = speaker_pb2.RecognizeVoicesRequest(
            transcription_id=transcription_id, voices=[item.voice() for item in voices]
        )
        answer = await self.call("RecognizeVoices", request)
        return {match.speaker_label: match for match in answer.matches}

    async def search_voices(
        self, heard: diarization_pb2.Voiceprint, limit: int = 0
    ) -> list[speaker_pb2.VoiceCandidate]:
        """Return the profiles nearest to a voice."""
        request = speaker_pb2.SearchVoicesRequest(voiceprint=heard, limit=limit)
        return list((await self.call("SearchVoices", request)).candidates)

    async def clip(self, speaker_id: int) -> Any:
        """Return the clip of a profile."""
        request = speaker_pb2.GetProfileClipRequest(speaker_id=speaker_id)
        return await self.call("GetProfileClip", request)


@dataclass(frozen=True, kw_only=True)
class Service:
    """A running service."""

    channel: grpc.aio.Channel
    signed: grpc.aio.Channel

    def session(self, name: str = "a") -> Caller:
        """Return a session as caller."""
        return self._caller((("authorization", f"Bearer token-{name}"),))

    def transcriber(self, session: str = "session_a") -> Caller:
        """Return the transcriber on behalf of a session as caller."""
        return Caller(
            stub=speaker_pb2_grpc.SpeakerServiceStub(self.signed),
            metadata=acting_for(Grant.of(session)),
        )

    def service(self) -> Caller:
        """Return the transcriber on its own behalf as caller."""
        return self.transcriber("")

    def nobody(self) -> Caller:
        """Return a caller without credentials."""
        return self._caller(())

    def _caller(self, metadata: tuple[tuple[str, str], ...]) -> Caller:
        return Caller(stub=speaker_pb2_grpc.SpeakerServiceStub(self.channel), metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class ServiceFactory:
    """Factory of running services."""

    variables: Mapping[str, Any]

    @contextlib.asynccontextmanager
    async def run(self, **overrides: Any) -> AsyncIterator[Service]:
        """Run a service in the process of the test until the end of the block."""
        own = {**UNLIMITED_FIELDS, **self.variables, "grpc_port": free_port()}
        settings = SpeakersSettings(**{**own, **overrides})
        supervisor = Supervisor()
        serving = asyncio.create_task(app.serve(settings, supervisor))
        address = f"127.0.0.1:{settings.grpc_port}"
        signer = CallSigner(SECRET, "transcriber")
        async with (
            grpc.aio.insecure_channel(address) as plain,
            channel(settings, address, receiver="speakers", signer=signer) as signed,
        ):
            try:
                await healthy(plain, serving.done)
                yield Service(channel=plain, signed=signed)
            finally:
                supervisor.stop()
                await serving
        await supervisor.cancel()
        assert not supervisor.failed


@pytest.fixture(scope="session")
def services(
    postgres_url: Callable[[str], str], service_nats_url: Callable[[str], str], peers: Peers
) -> ServiceFactory:
    """Return a factory for services on the servers of this test run."""
    return ServiceFactory(
        variables={
            "secret_key": SECRET,
            "database_url": postgres_url("speakers"),
            "nats_url": service_nats_url("speakers"),
            "gateway_grpc": peers.address,
            "diarizer_grpc": peers.address,
            "shutdown_grace_seconds": 2,
        }
    )


@pytest.fixture(scope="module")
async def service(services: ServiceFactory, database: Database) -> AsyncIterator[Service]:
    """Run a service with default settings for the tests of a module.

    It ends with the module, or it would do the work that tests of single steps have made.
    """
    async with services.run() as running:
        yield running


@pytest.fixture
def user(service: Service) -> Caller:
    """Return a session as caller."""
    return service.session()


@pytest.fixture
def transcriber(service: Service) -> Caller:
    """Return the transcriber on behalf of the same session as caller."""
    return service.transcriber()


async def prototypes(database: Database) -> list[tuple[Any, ...]]:
    """Return all data derived from the ledger, exact to the bit."""
    return [
        (row["name"], row["model"], row["version"], tuple(row["place"]), row["confidence"],
         row["sample_count"], row["speech_seconds"])
        for row in await database.fetch_all(_PROTOTYPES)
    ]  # fmt: skip
