"""Results of one recognizer's stream, numbered for the session and without repetitions.

A stream that takes over from another hears the sound again from where final texts end. Words that
an earlier stream has made final are left out by their times.
"""

from collections.abc import Mapping

from common import times
from securetranscribe.v1 import speech_pb2
from transcriber.domain.live import LiveSegment, LiveWord


class StreamResults:
    """Conversion of the results of one stream."""

    def __init__(self, *, first_segment: int, ends: Mapping[int, float], separate: bool) -> None:
        """Initialize with the ends of earlier final texts in seconds, by channel."""
        self._first_segment = first_segment
        self._ends = ends
        self._separate = separate

    def text(self, response: speech_pb2.StreamingRecognizeResponse) -> LiveSegment | None:
        """Return the text of a response, None if all of its words are known already.

        A draft without words, which takes its segment back, is a segment without words.
        """
        channel = response.channel + 1 if self._separate else 0
        until = self._ends.get(channel, 0.0)
        words = tuple(map(_word, response.words))
        new = tuple(word for word in words if (word.start + word.end) / 2 >= until)
        if not new and (words or response.final):
            return None
        labels = [label for word in response.words for label in word.speaker_labels]
        return LiveSegment(
            segment=self.segment(response.segment),
            words=new,
            language=response.language,
            channel=channel,
            continues=response.continues,
            label=labels[0] if len(set(labels)) == 1 else "",
        )

    def segment(self, number: int) -> int:
        """Return the number in the session of a segment of the stream."""
        return self._first_segment + number


def _word(message: speech_pb2.StreamingWord) -> LiveWord:
    word = message.word
    return LiveWord(
        text=word.text,
        start=times.seconds(word.start),
        end=times.seconds(word.end),
        probability=word.probability,
    )
