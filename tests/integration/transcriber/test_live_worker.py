"""Live streams of a worker over gRPC, as the api calls it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from common.auth import CallAuthenticator
from common.call_limits import WORKER_LIMITS
from common.errors import ResourceExhaustedError, UnavailableError, ValidationError
from common.grpc_client import channel
from common.grpc_server import GrpcServer
from common.identity import Grant
from common.inference import Inference
from common.runtime import Supervisor
from common.signing import CallSigner, CallVerifier, receiver_key
from securetranscribe.v1 import speech_pb2_grpc
from tests.integration.common.grpc_service import SECRET, Tokens, settings
from tests.unit.transcriber.worker.live.streams import LiveFake, Response, config, finals, pcm
from tests.unit.transcriber.worker.live.test_streams import speech
from transcriber.live.recognizer import LiveRecognizer, RecognizerStream
from transcriber.worker.live.streams import LiveStreams
from transcriber.worker.recognizer import Recognizer
from transcriber.worker.servicer import SpeechServicer

NAME = "securetranscribe.v1.SpeechService"
WORKER = "transcriber-worker"
OWNER = Grant(session_id="session_1", workspace_id="workspace_1")


@dataclass(frozen=True, kw_only=True)
class Worker:
    """A worker that serves live streams, and a client of it."""

    client: LiveRecognizer
    streams: LiveStreams
    supervisor: Supervisor

    async def begin(self, data: bytes = b"") -> RecognizerStream:
        """Begin a stream, and send sound."""
        stream = self.client.stream(OWNER)
        await stream.begin(config().streaming_config)
        if data:
            await stream.write(data, starts_stream=True)
        return stream


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    recognizer, inference = Recognizer(LiveFake(), 5), Inference("test")
    streams = LiveStreams(recognizer, inference.lane("live", at_once=1, most=2), limit=1, threads=1)
    servicer = SpeechServicer(recognizer, inference, live=streams)
    chosen = settings()
    server = GrpcServer(
        chosen,
        services={
            NAME: lambda one: speech_pb2_grpc.add_SpeechServiceServicer_to_server(servicer, one)
        },
        authenticator=CallAuthenticator(
            tokens=Tokens(), verifier=CallVerifier(receiver_key(SECRET, WORKER), WORKER), access={}
        ),
        limits=WORKER_LIMITS,
    )
    await server.start()
    await server.ready()
    supervisor = Supervisor()
    draining = asyncio.create_task(streams.drain(supervisor))
    async with channel(chosen, f"127.0.0.1:{server.port}") as open_channel:
        client = LiveRecognizer(open_channel, CallSigner(SECRET, "transcriber-api"))
        yield Worker(client=client, streams=streams, supervisor=supervisor)
    draining.cancel()
    await server.stop(1)
    inference.close()


async def collect(stream: RecognizerStream) -> list[Response]:
    return [response async for response in stream.responses()]


async def test_a_stream_ends_after_its_sound(worker: Worker) -> None:
    stream = await worker.begin(pcm(speech()))
    await stream.finish()
    assert finals(await collect(stream))


async def test_a_refusal_comes_before_any_result(worker: Worker) -> None:
    stream = await worker.begin(pcm(speech()))
    responses = stream.responses()
    await anext(responses)
    refused = await worker.begin()
    with pytest.raises(ResourceExhaustedError, match="LIVE_SESSIONS"):
        await collect(refused)
    await stream.finish()
    assert finals([response async for response in responses])


async def test_a_client_that_leaves_makes_room(worker: Worker) -> None:
    for _ in range(3):
        stream = await worker.begin(pcm(speech()))
        await anext(stream.responses())
        stream.cancel()
        async with asyncio.timeout(60):
            while worker.streams._load.streams:  # noqa: ASYNC110 - nothing tells it
                await asyncio.sleep(0.01)


async def test_invalid_sound_is_an_error_of_the_client(worker: Worker) -> None:
    stream = worker.client.stream(OWNER)
    first = config(encoding=4, sample_rate_hertz=0)
    await stream.begin(first.streaming_config)
    await stream.write(b"no sound" * 10_000, starts_stream=True)
    with pytest.raises(ValidationError, match="WebM"):
        await collect(stream)


async def test_a_worker_that_shuts_down_is_unavailable(worker: Worker) -> None:
    stream = await worker.begin(pcm(speech()))
    responses = stream.responses()
    await anext(responses)
    worker.supervisor.stop()
    with pytest.raises(UnavailableError, match="another one"):
        _ = [response async for response in responses]
    with pytest.raises(UnavailableError):
        await collect(await worker.begin())
