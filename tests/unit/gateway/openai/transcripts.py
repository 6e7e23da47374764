"""Finished transcripts for tests."""

from collections.abc import Sequence

from common import times
from gateway.openai.calls import Transcript
from securetranscribe.v1 import speech_pb2, transcription_pb2


def segment(
    text: str, *, start: float, speaker: str = "Speaker_1", index: int = 0, each: float = 0.5
) -> transcription_pb2.Segment:
    """Return a segment whose words last `each` seconds."""
    words = text.split()
    return transcription_pb2.Segment(
        index=index,
        speaker_label=speaker,
        text=text,
        start=times.duration(start),
        end=times.duration(start + each * len(words)),
        words=[
            transcription_pb2.Word(
                text=word,
                start=times.duration(start + each * place),
                end=times.duration(start + each * (place + 1)),
                probability=0.5,
            )
            for place, word in enumerate(words)
        ],
    )


def transcript(segments: Sequence[transcription_pb2.Segment]) -> Transcript:
    """Return the transcript of a German recording of 9.5 seconds."""
    return Transcript(
        transcription=transcription_pb2.Transcription(
            file=transcription_pb2.AudioFile(duration=times.duration(9.5)),
            language_detected="de",
            languages=[speech_pb2.LanguageSpan(language="de")],
        ),
        segments=tuple(segments),
    )
