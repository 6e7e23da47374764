"""Finished transcripts in the formats of the API."""

import itertools
import json
import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from common import languages, times, writing_systems
from gateway.openai import subtitles
from gateway.openai.calls import Transcript
from gateway.openai.parameters import AudioParameters, Format
from securetranscribe.v1 import transcription_pb2

CONTENT_TYPES: Mapping[Format, str] = {
    "json": "application/json",
    "text": "text/plain; charset=utf-8",
    "srt": "application/x-subrip; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
    "verbose_json": "application/json",
    "diarized_json": "application/json",
}
_FRAMES_PER_SECOND = 100
_LEAST_PROBABILITY = 1e-6

Segment = transcription_pb2.Segment


def render(transcript: Transcript, parameters: AudioParameters) -> str:
    """Return the body of an answer."""
    match parameters.response_format:
        case "text":
            return f"{text_of(transcript.segments)}\n"
        case "srt":
            return subtitles.srt(transcript.segments)
        case "vtt":
            return subtitles.vtt(transcript.segments)
        case "verbose_json":
            found = _verbose(transcript, parameters)
        case "diarized_json":
            found = _diarized(transcript)
        case "json":
            found = _plain(transcript, parameters)
    return json.dumps(found, ensure_ascii=False)


def text_of(segments: Iterable[Segment]) -> str:
    """Return the text of segments."""
    return writing_systems.joined(segment.text for segment in segments)


def usage(transcript: Transcript) -> dict[str, Any]:
    """Return the usage in whole seconds of the recording."""
    seconds = math.ceil(_duration(transcript))
    return {"type": "duration", "seconds": seconds}


def logprobs(segments: Iterable[Segment]) -> list[dict[str, Any]]:
    """Return the log probability of each word. The recognizer keeps none of single tokens."""
    return [
        {
            "token": f" {word.text}" if place else word.text,
            "bytes": list((f" {word.text}" if place else word.text).encode()),
            "logprob": _log(word.probability),
        }
        for place, word in enumerate(word for segment in segments for word in segment.words)
        if not word.edited
    ]


def detected(transcript: Transcript) -> list[dict[str, str]]:
    """Return the detected languages."""
    codes = dict.fromkeys(span.language for span in transcript.transcription.languages)
    return [{"code": code} for code in codes if code]


def speaker_names(transcript: Transcript) -> dict[str, str]:
    """Return the names of speakers by their labels: known names, else letters.

    Letters follow the order of appearance. None of them is a name of the call.
    """
    labels = dict.fromkeys(segment.speaker_label for segment in transcript.segments)
    letters = (
        letter for letter in map(_letters, itertools.count()) if letter not in transcript.reserved
    )
    return {label: transcript.known_names.get(label) or next(letters) for label in labels}


def diarized_segment(segment: Segment, names: Mapping[str, str]) -> dict[str, Any]:
    """Return a segment with its speaker."""
    return {
        "type": "transcript.text.segment",
        "id": f"seg_{segment.index:03d}",
        "start": _seconds(segment.start),
        "end": _seconds(segment.end),
        "speaker": names[segment.speaker_label],
        "text": segment.text,
    }


def _plain(transcript: Transcript, parameters: AudioParameters) -> dict[str, Any]:
    found: dict[str, Any] = {"text": text_of(transcript.segments)}
    if parameters.task == "translate":
        return found
    found["languages"] = detected(transcript)
    if parameters.logprobs:
        found["logprobs"] = logprobs(transcript.segments)
    return {**found, "usage": usage(transcript)}


def _diarized(transcript: Transcript) -> dict[str, Any]:
    names = speaker_names(transcript)
    return {
        "task": "transcribe",
        "duration": _duration(transcript),
        "text": text_of(transcript.segments),
        "segments": [diarized_segment(segment, names) for segment in transcript.segments],
        "usage": usage(transcript),
    }


def _verbose(transcript: Transcript, parameters: AudioParameters) -> dict[str, Any]:
    translated = parameters.task == "translate"
    code = "en" if translated else transcript.transcription.language_detected
    found: dict[str, Any] = {
        "task": parameters.task,
        "language": languages.NAMES.get(code, code).lower(),
        "duration": _duration(transcript),
        "text": text_of(transcript.segments),
    }
    if "segment" in parameters.granularities:
        found["segments"] = [
            _segment(number, segment, parameters.temperature)
            for number, segment in enumerate(transcript.segments)
        ]
    if "word" in parameters.granularities:
        found["words"] = [
            {"word": word.text, "start": _seconds(word.start), "end": _seconds(word.end)}
            for segment in transcript.segments
            for word in segment.words
        ]
    return {**found, "usage": usage(transcript)}


def _segment(number: int, segment: Segment, temperature: float) -> dict[str, Any]:
    start, text = _seconds(segment.start), segment.text.encode()
    return {
        "id": number,
        "seek": round(start * _FRAMES_PER_SECOND),
        "start": start,
        "end": _seconds(segment.end),
        "text": segment.text,
        "tokens": [],
        "temperature": temperature,
        "avg_logprob": _mean_log(segment.words),
        "compression_ratio": round(len(text) / len(zlib.compress(text)), 4) if text else 0.0,
        "no_speech_prob": 0.0,
    }


def _mean_log(words: Sequence[transcription_pb2.Word]) -> float:
    found = [_log(word.probability) for word in words if not word.edited]
    return round(sum(found) / len(found), 4) if found else 0.0


def _log(probability: float) -> float:
    return round(math.log(min(1.0, max(probability, _LEAST_PROBABILITY))), 6) + 0.0


def _letters(number: int) -> str:
    """Return A to Z, then AA, AB and so on."""
    found = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        found = chr(ord("A") + rest) + found
    return found


def _duration(transcript: Transcript) -> float:
    return _seconds(transcript.transcription.file.duration)


def _seconds(value: Any) -> float:
    return round(times.seconds(value), 3)
