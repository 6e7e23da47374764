"""JSON of WhisperX, and of the OpenAI API: `verbose_json` and `diarized_json`."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from common.writing_systems import needs_blank
from transcriber.imports.clock import LATEST_SECONDS
from transcriber.imports.content import (
    ImportedSegment,
    ImportedTranscript,
    ImportedWord,
    ImportFormat,
)
from transcriber.imports.passages import passages, with_words
from transcriber.imports.problems import Omissions, problem, shown

_Json = Any


def load(text: str) -> Mapping[str, _Json]:
    """Return the object in a JSON file.

    Raises:
        ValidationError: it is not JSON, or not an object.
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise problem(f"This is not JSON: {error.msg}.", line=error.lineno) from error
    except (RecursionError, ValueError) as error:
        raise problem("This JSON is nested too deeply or has numbers out of range.") from error
    if not isinstance(value, dict):
        raise problem("The JSON of a transcript is an object with `segments`.")
    return value


def format_of(content: Mapping[str, _Json]) -> ImportFormat:
    """Return the format of a JSON object.

    Raises:
        ValidationError: it is none of those that are known.
    """
    if isinstance(content.get("segments"), list):
        own = content["segments"][:1]
        first = own[0] if own and isinstance(own[0], dict) else {}
        openai = {"task", "duration", "usage"} & content.keys() or {"seek", "tokens"} & first.keys()
        by_word = "word_segments" in content or "words" in first
        return ImportFormat.OPENAI if openai and not by_word else ImportFormat.WHISPERX
    if isinstance(content.get("words"), list):
        return ImportFormat.OPENAI
    raise problem(
        "This JSON has no `segments`. JSON of WhisperX and the `verbose_json` and `diarized_json` "
        "of the OpenAI API can be imported."
    )


def read_whisperx(content: Mapping[str, _Json]) -> ImportedTranscript:
    """Read the output of WhisperX, with words and speakers if it has them.

    Words without times get them from the words around them.

    Raises:
        ValidationError: a member is missing or of another type.
    """
    omissions = Omissions()
    segments = []
    for place, item in enumerate(_objects(content, "segments")):
        where = f"segments[{place}]"
        text = _text(item, "text", where)
        words = _whisperx_words(item, where)
        if not text and not words:
            omissions.add("segments without text")
            continue
        start, end = _span(item, where)
        segments.append(
            ImportedSegment(
                start=start,
                end=end,
                text=text or _joined(words),
                speaker=_text(item, "speaker", where),
                words=words,
            )
        )
    return ImportedTranscript(
        format=ImportFormat.WHISPERX,
        segments=segments,
        language=_text(content, "language", ""),
        notes=omissions.notes(),
    )


def read_openai(content: Mapping[str, _Json]) -> ImportedTranscript:
    """Read `verbose_json` or `diarized_json`.

    Raises:
        ValidationError: a member is missing or of another type.
    """
    omissions = Omissions()
    words = [
        _word(item, f"words[{place}]") for place, item in enumerate(_objects(content, "words"))
    ]
    segments = []
    for place, item in enumerate(_objects(content, "segments")):
        where = f"segments[{place}]"
        text = _text(item, "text", where)
        if not text:
            omissions.add("segments without text")
            continue
        start, end = _span(item, where)
        segments.append(
            ImportedSegment(start=start, end=end, text=text, speaker=_text(item, "speaker", where))
        )
    if words:
        segments = with_words(segments, words) if segments else passages(words)
    return ImportedTranscript(
        format=ImportFormat.OPENAI,
        segments=segments,
        language=_text(content, "language", ""),
        notes=omissions.notes(),
    )


def _whisperx_words(item: Mapping[str, _Json], where: str) -> tuple[ImportedWord, ...]:
    """Return the words of a segment. Those without times share the time between their neighbors."""
    found = _objects(item, "words", where)
    texts, spans, scores = [], [], []
    for place, word in enumerate(found):
        own = f"{where}.words[{place}]"
        text = _text(word, "word", own)
        if not text:
            continue
        texts.append(text)
        timed = _is_time(word.get("start")) and _is_time(word.get("end"))
        spans.append(_span(word, own) if timed else None)
        scores.append(_score(word, own))
    if not any(spans):
        return ()
    return tuple(
        ImportedWord(text=text, start=start, end=end, probability=score)
        for text, (start, end), score in zip(
            texts, _filled(spans, _span(item, where)), scores, strict=True
        )
    )


def _filled(
    spans: Sequence[tuple[float, float] | None], within: tuple[float, float]
) -> list[tuple[float, float]]:
    filled: list[tuple[float, float]] = []
    place = 0
    while place < len(spans):
        span = spans[place]
        if span is not None:
            filled.append(span)
            place += 1
            continue
        stop = place
        while stop < len(spans) and spans[stop] is None:
            stop += 1
        begin = filled[-1][1] if filled else within[0]
        following = spans[stop] if stop < len(spans) else None
        end = max(begin, following[0] if following is not None else within[1])
        share = (end - begin) / (stop - place)
        filled += [
            (begin + share * number, begin + share * (number + 1)) for number in range(stop - place)
        ]
        place = stop
    return filled


def _joined(words: Sequence[ImportedWord]) -> str:
    text = ""
    for word in words:
        text += f" {word.text}" if text and needs_blank(text, word.text) else word.text
    return text


def _word(item: Mapping[str, _Json], where: str) -> ImportedWord:
    start, end = _span(item, where)
    return ImportedWord(text=_text(item, "word", where), start=start, end=end)


def _objects(
    content: Mapping[str, _Json], name: str, where: str = ""
) -> Sequence[Mapping[str, _Json]]:
    path = f"{where}.{name}" if where else name
    found = content.get(name)
    if found is None:
        return ()
    if not isinstance(found, list):
        raise problem(f"{path} must be a list.")
    for place, item in enumerate(found):
        if not isinstance(item, dict):
            raise problem(f"{path}[{place}] must be an object.")
    return found


def _text(content: Mapping[str, _Json], name: str, where: str) -> str:
    path = f"{where}.{name}" if where else name
    value = content.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise problem(f"{path} must be a text.")
    return value.strip()


def _span(content: Mapping[str, _Json], where: str) -> tuple[float, float]:
    start, end = (_seconds(content, name, where) for name in ("start", "end"))
    if end < start:
        raise problem(f"{where} ends before it starts.")
    return start, end


def _seconds(content: Mapping[str, _Json], name: str, where: str) -> float:
    value = content.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise problem(f"{where}.{name} must be a number of seconds.")
    if not -1.0 <= value <= LATEST_SECONDS:
        raise problem(f"{where}.{name} is out of range: {shown(str(value))}.")
    return max(0.0, float(value))


def _score(content: Mapping[str, _Json], where: str) -> float | None:
    value = content.get("score", content.get("probability"))
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise problem(f"{where}.score must be a number.")
    return float(min(1.0, max(0.0, value)))


def _is_time(value: _Json) -> bool:
    """Return whether a word has a time. WhisperX leaves it out, or writes NaN."""
    return value is not None and not (isinstance(value, float) and math.isnan(value))
