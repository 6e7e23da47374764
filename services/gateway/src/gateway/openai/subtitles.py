"""Subtitles without names of speakers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from common import times, writing_systems
from securetranscribe.v1 import transcription_pb2

_LONGEST_SECONDS = 7.0
_MOST_CHARACTERS = 84
#: A cue of this length ends with a sentence.
_ENOUGH_CHARACTERS = 42

Word = transcription_pb2.Word
# Players interpret these signs as markup, and `-->` as a time.
_LOOKALIKES = str.maketrans({"<": "‹", ">": "›", "{": "(", "}": ")"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Cue:
    """A text with its time in seconds."""

    start: float
    end: float
    text: str


def srt(segments: Iterable[transcription_pb2.Segment]) -> str:
    """Return subtitles as SubRip."""
    return "".join(
        f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n{cue.text}\n\n"
        for number, cue in enumerate(cues(segments), start=1)
    )


def vtt(segments: Iterable[transcription_pb2.Segment]) -> str:
    """Return subtitles as WebVTT."""
    found = (
        f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n{cue.text}\n\n"
        for cue in cues(segments)
    )
    return "WEBVTT\n\n" + "".join(found)


def cues(segments: Iterable[transcription_pb2.Segment]) -> Iterator[Cue]:
    """Yield cues of at most seven seconds and 84 characters, unless a single word is longer."""
    for segment in segments:
        if not segment.words:
            yield _cue(times.seconds(segment.start), times.seconds(segment.end), segment.text)
        together: list[Word] = []
        for word in segment.words:
            if together and _is_full(together, word):
                yield _of_words(together)
                together = []
            together.append(word)
        if together:
            yield _of_words(together)


def _is_full(words: Sequence[Word], following: Word) -> bool:
    """Return whether a cue ends before the following word."""
    text = writing_systems.joined(word.text for word in words)
    longer = writing_systems.joined([text, following.text])
    seconds = times.seconds(following.end) - times.seconds(words[0].start)
    if len(longer) > _MOST_CHARACTERS or seconds > _LONGEST_SECONDS:
        return True
    return len(text) >= _ENOUGH_CHARACTERS and writing_systems.ends_sentence(text)


def _of_words(words: Sequence[Word]) -> Cue:
    end = max(times.seconds(word.end) for word in words)
    text = writing_systems.joined(word.text for word in words)
    return _cue(times.seconds(words[0].start), end, text)


def _cue(start: float, end: float, text: str) -> Cue:
    shown = " ".join(text.replace("-->", "→").split()).translate(_LOOKALIKES)
    return Cue(start=start, end=end, text=shown)


def _clock(seconds: float, separator: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d}{separator}{rest % 1000:03d}"
