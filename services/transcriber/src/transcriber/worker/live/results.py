"""Messages of a live stream: numbers of segments, times in the recording, covered sound."""

from collections.abc import Sequence

from common.audio.resampling import SAMPLE_RATE
from common.times import duration
from securetranscribe.v1 import speech_pb2
from transcriber.worker.engines.protocol import RecognizedWord
from transcriber.worker.live.jobs import Piece

#: Sound, in seconds, after which covered silence is reported.
_REPORTED = 1.0


class Results:
    """Makes the messages of one stream. Segments are numbered over all of its channels."""

    def __init__(self, *, channels: int, offset: float) -> None:
        self._offset = offset
        self._next = 0
        self._segments: list[int | None] = [None] * channels
        self._covered = [0] * channels
        self._reported = 0.0

    def covered(self, channel: int, position: int) -> None:
        """Note that the results so far cover a channel up to a position."""
        self._covered[channel] = max(self._covered[channel], position)

    def piece(
        self, channel: int, piece: Piece, *, language: str, lag: float
    ) -> speech_pb2.StreamingRecognizeResponse:
        """Return the message of words. Those that are final end their segment."""
        number = self._segments[channel]
        if number is None:
            number, self._next = self._next, self._next + 1
        self._segments[channel] = None if piece.final else number
        # News of the lag may come at any time. A draft without words only takes words back.
        message = self._message(lag if piece.words else None)
        message.words.extend(self._words(piece.words))
        message.final = piece.final
        message.language = language
        message.segment = number
        message.channel = channel
        message.continues = piece.continues
        return message

    def sound(
        self, channel: int, segments: Sequence[int], samples: bytes, *, continues: bool
    ) -> speech_pb2.StreamingRecognizeResponse:
        """Return the message of the sound of final segments."""
        message = self._message(None)
        message.channel = channel
        message.segment = segments[-1]
        message.sound.segments.extend(segments)
        message.sound.samples = samples
        message.sound.continues = continues
        return message

    def began(self, channel: int) -> speech_pb2.StreamingRecognizeResponse:
        """Return the message that somebody begins to speak."""
        message = self._message(0.0)
        message.channel = channel
        message.speech_started = True
        return message

    def progress(self, lag: float) -> speech_pb2.StreamingRecognizeResponse | None:
        """Return the message of covered sound, None if it was reported a moment ago."""
        if self._processed < self._reported + _REPORTED:
            return None
        return self._message(lag)

    @property
    def _processed(self) -> float:
        return min(self._covered) / SAMPLE_RATE

    def _message(self, lag: float | None) -> speech_pb2.StreamingRecognizeResponse:
        self._reported = self._processed
        behind = None if lag is None else speech_pb2.StreamingLag(text=duration(lag))
        return speech_pb2.StreamingRecognizeResponse(
            processed_duration=duration(self._offset + self._processed), lag=behind
        )

    def _words(self, words: Sequence[RecognizedWord]) -> list[speech_pb2.StreamingWord]:
        return [
            speech_pb2.StreamingWord(
                word=speech_pb2.RecognizedWord(
                    text=word.text,
                    start=duration(self._offset + max(0.0, word.start)),
                    end=duration(self._offset + max(0.0, word.end)),
                    probability=word.probability,
                )
            )
            for word in words
        ]
