"""The live streams of a worker, which share its engine."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor

from common import logging
from common.errors import UnavailableError, ValidationError
from common.inference import Inference
from common.runtime import Supervisor
from securetranscribe.v1 import speech_pb2
from transcriber.worker.live.load import LiveLoad
from transcriber.worker.live.options import options_of
from transcriber.worker.live.session import LiveContext, LiveSession, Requests, Response
from transcriber.worker.recognizer import Recognizer

_log = logging.get(__name__)


class LiveStreams:
    """Live streams of a worker. They share its engine, on threads of their own next to tasks."""

    def __init__(
        self, recognizer: Recognizer, lane: Inference, *, limit: int, threads: int
    ) -> None:
        """Take up to `limit` streams at a time. `lane` recognizes on so many `threads`."""
        self._recognizer = recognizer
        self._lane = lane
        self._load = LiveLoad(limit=limit, threads=threads)
        self._detection = ThreadPoolExecutor(1, thread_name_prefix="live-detection")
        self._draining = asyncio.Event()

    async def drain(self, supervisor: Supervisor) -> None:
        """Let streams end at the end of their utterances once the process is to stop."""
        await supervisor.stopped()
        self._draining.set()

    async def recognize(self, requests: Requests) -> AsyncGenerator[Response, None]:
        """Yield the results of one stream.

        Raises:
            ValidationError: the configuration or the audio is invalid.
            UnimplementedError: the engine does not recognize live speech.
            ResourceExhaustedError: the worker has no place for it.
            UnavailableError: the worker shuts down.
        """
        config = await _configuration(requests)
        engine, recognition = self._recognizer.live(config.config)
        options = options_of(config, recognition)
        if self._draining.is_set():
            raise UnavailableError("The worker shuts down. Use another one.")
        context = LiveContext(
            engine=engine,
            lane=self._lane,
            detection=self._detection,
            load=self._load,
            draining=self._draining,
        )
        with self._load.place(time.monotonic()):
            _log.info("live stream begins", streams=self._load.streams)
            session = LiveSession(options, context)
            async with contextlib.aclosing(session.run(requests)) as results:
                async for result in results:
                    yield result
            _log.info("live stream ended")


async def _configuration(requests: Requests) -> speech_pb2.StreamingRecognitionConfig:
    first = await anext(requests, None)
    if first is None or first.WhichOneof("streaming_request") != "streaming_config":
        raise ValidationError.of("streaming_config", "The first request has the configuration.")
    return first.streaming_config
