"""Line formats of scoring tools: turns (RTTM) and words (CTM)."""

from collections import defaultdict
from collections.abc import Iterator

from transcriber.domain.transcripts import Turn
from transcriber.imports.clock import number
from transcriber.imports.content import (
    ImportedSegment,
    ImportedTranscript,
    ImportedWord,
    ImportFormat,
)
from transcriber.imports.passages import passages
from transcriber.imports.problems import Omissions, problem, shown

#: Beginning of a comment.
COMMENT = ";;"
#: Types of lines in RTTM.
RTTM_TYPES = frozenset(
    {
        *("SPEAKER", "SPKR-INFO", "SEGMENT", "NOSCORE", "NO_RT_METADATA", "LEXEME", "NON-LEX"),
        *("NON-SPEECH", "FILLER", "EDIT", "IP", "SU", "CB", "A/P"),
    }
)
#: Most turns of a file.
MOST_TURNS = 50_000
_ABSENT = "<NA>"
_LEAST_RTTM, _LEAST_CTM, _MOST_CTM = 8, 5, 7


def read_rttm(text: str) -> ImportedTranscript:
    """Read the turns of one recording.

    Raises:
        ValidationError: a line is malformed, or the turns belong to several recordings.
    """
    omissions = Omissions()
    turns: list[Turn] = []
    recordings: dict[str, None] = {}
    for line, fields in _lines(text):
        if fields[0] not in RTTM_TYPES:
            raise problem(f"{shown(fields[0])} is not a type of RTTM.", line=line)
        if fields[0] != "SPEAKER":
            omissions.add(f"lines of the type {fields[0]}")
            continue
        if len(fields) < _LEAST_RTTM:
            raise problem("A turn has its speaker in the eighth field.", line=line)
        recordings[fields[1]] = None
        start, length = number(fields[3], line), number(fields[4], line, "duration")
        if start < 0 or length < 0 or fields[7] == _ABSENT:
            raise problem("A turn needs a time, a duration and a speaker.", line=line)
        channel = _channel(fields[2], line)
        turns.append(Turn(start=start, end=start + length, speaker=fields[7], channel=channel))
        if len(turns) > MOST_TURNS:
            raise problem(f"A file has at most {MOST_TURNS} turns.")
    _require_one(list(recordings))
    if len({turn.channel for turn in turns}) <= 1:
        turns = [Turn(start=turn.start, end=turn.end, speaker=turn.speaker) for turn in turns]
    return ImportedTranscript(format=ImportFormat.RTTM, turns=turns, notes=omissions.notes())


def read_ctm(text: str) -> ImportedTranscript:
    """Read the words of one recording. They become passages as recognized words do.

    Raises:
        ValidationError: a line is malformed, or the words belong to several recordings.
    """
    words: dict[str, list[ImportedWord]] = defaultdict(list)
    recordings: dict[str, None] = {}
    for line, fields in _lines(text):
        if not _LEAST_CTM <= len(fields) <= _MOST_CTM:
            raise problem(
                "A word has a recording, a channel, a start, a duration, a text and perhaps a "
                "confidence.",
                line=line,
            )
        if fields[2] == "*":
            raise problem("Alternatives cannot be imported. Leave one of each.", line=line)
        recordings[fields[0]] = None
        start, length = number(fields[2], line), number(fields[3], line, "duration")
        if start < 0 or length < 0:
            raise problem("A word needs a time and a duration.", line=line)
        words[fields[1]].append(
            ImportedWord(
                text=fields[4],
                start=start,
                end=start + length,
                probability=_confidence(fields, line),
            )
        )
    _require_one(list(recordings))
    segments: list[ImportedSegment] = []
    for name, own in words.items():
        channel = _channel(name, 0) if len(words) > 1 else 0
        segments += passages(own, channel=channel)
    segments.sort(key=lambda segment: (segment.start, segment.channel))
    return ImportedTranscript(format=ImportFormat.CTM, segments=segments)


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    for line, content in enumerate(text.split("\n"), start=1):
        if content.strip() and not content.lstrip().startswith(COMMENT):
            yield line, content.split()


def _confidence(fields: list[str], line: int) -> float | None:
    if len(fields) == _LEAST_CTM or fields[5] in {_ABSENT, "NA"}:
        return None
    return min(1.0, max(0.0, number(fields[5], line, "confidence")))


def _channel(text: str, line: int) -> int:
    """Return the number of a channel, which some programs write as a letter."""
    if text.isascii() and text.isdigit() and len(text) <= 3:
        return int(text)
    if len(text) == 1 and "A" <= text.upper() <= "Z":
        return ord(text.upper()) - ord("A") + 1
    raise problem(f"{shown(text)} is not a channel.", line=line)


def _require_one(recordings: list[str]) -> None:
    if len(recordings) > 1:
        first, second = map(shown, recordings[:2])
        raise problem(
            f"The file is about several recordings: {first}, {second}. Import the lines of one."
        )
