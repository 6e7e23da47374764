"""SpeechService: direct calls of the recognizer, without a stored recording."""

import contextlib
import io
import math
from collections.abc import AsyncIterator
from typing import Any

from common.errors import UnimplementedError, ValidationError
from common.inference import Inference
from common.tasks.signals import planned_sounds
from common.tasks.task import TaskControl
from common.times import duration
from securetranscribe.v1 import speech_pb2, speech_pb2_grpc
from transcriber.worker.live.streams import LiveStreams
from transcriber.worker.recognizer import Recognizer


class SpeechServicer(speech_pb2_grpc.SpeechServiceServicer):
    """Direct calls. They share the engine with tasks, which go first."""

    def __init__(
        self,
        recognizer: Recognizer,
        inference: Inference,
        *,
        longest: float = math.inf,
        live: LiveStreams | None = None,
    ) -> None:
        """`longest` is the most sound of one call, in seconds. Without `live`, none is streamed."""
        self._recognizer = recognizer
        self._inference = inference
        self._longest = longest
        self._live = live

    async def Recognize(
        self, request: speech_pb2.RecognizeRequest, _context: Any
    ) -> speech_pb2.RecognizeResponse:
        """Recognize a recording sent in one message, each party on a channel by itself."""
        if not request.content:
            raise ValidationError.of("content", "The request carries no audio.")

        def work(control: TaskControl) -> speech_pb2.Recognition:
            return self._recognizer.recognize(
                planned_sounds(io.BytesIO(request.content), longest=self._longest),
                request.config,
                on_progress=control.progress,
                cancelled=control.cancelled,
            )

        return speech_pb2.RecognizeResponse(recognition=await self._inference.call(work))

    async def AlignWords(
        self, request: speech_pb2.AlignWordsRequest, _context: Any
    ) -> speech_pb2.AlignWordsResponse:
        """Find the times of words in a short sound."""
        if not request.content:
            raise ValidationError.of("content", "The request carries no audio.")

        def work(_control: TaskControl) -> list[tuple[float, float]]:
            return self._recognizer.align(request.content, request.language, request.words)

        return speech_pb2.AlignWordsResponse(
            times=[
                speech_pb2.WordTimes(start=duration(start), end=duration(end))
                for start, end in await self._inference.call(work)
            ]
        )

    async def StreamingRecognize(
        self, requests: AsyncIterator[speech_pb2.StreamingRecognizeRequest], _context: Any
    ) -> AsyncIterator[speech_pb2.StreamingRecognizeResponse]:
        """Recognize speech while it is spoken."""
        if self._live is None:
            raise UnimplementedError(
                "This worker does not recognize live speech. Send the whole recording."
            )
        async with contextlib.aclosing(self._live.recognize(requests)) as results:
            async for result in results:
                yield result
