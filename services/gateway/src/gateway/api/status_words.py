"""Words of the segments in a status, read in batches for those who ask for them."""

import asyncio
from collections.abc import Mapping, Sequence

from common import times
from gateway.api.transcription_models import Segment, SegmentWord, StatusData
from gateway.backends import Backends
from gateway.sessions.session import Session
from securetranscribe.v1 import transcription_pb2

#: Statuses with words that are put together at a time. A long recording has 100,000 words.
_AT_ONCE = 2


class StatusWords:
    """Adds words to statuses."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def add(
        self, status: StatusData, transcription: transcription_pb2.Transcription, caller: Session
    ) -> StatusData:
        """Return a status with the words of its segments. `transcription` is its message.

        Raises:
            ApplicationError: the transcriber does not answer.
        """
        if not transcription.segments:
            return status
        async with self._places:
            segments = await self._segments(status.segments, transcription, caller)
        return status.model_copy(update={"segments": segments})

    async def _segments(
        self,
        segments: Sequence[Segment],
        transcription: transcription_pb2.Transcription,
        caller: Session,
    ) -> list[Segment]:
        request = transcription_pb2.StreamTranscriptRequest(
            transcription_id=transcription.transcription_id,
            include_words=True,
            revision=transcription.revision,
        )
        names = {speaker.speaker_label: speaker.name for speaker in transcription.speakers}
        found: list[Segment] = []
        pieces = self._backends.read(
            self._backends.transcriptions.StreamTranscript, request, caller
        )
        async for piece in pieces:
            for segment, message in zip(segments[len(found) :], piece.segments, strict=False):
                words = [_word(word, names) for word in message.words]
                found.append(segment.model_copy(update={"words": words}))
            await asyncio.sleep(0)
        return found


def _word(word: transcription_pb2.Word, names: Mapping[str, str]) -> SegmentWord:
    return SegmentWord(
        text=word.text,
        start=times.seconds(word.start),
        end=times.seconds(word.end),
        confidence=None if word.edited else word.probability,
        speakers=[names.get(label, label) for label in word.speaker_labels],
    )
