"""JSON with all content, words included, as described by `schemas/transcript.schema.json`."""

import json
from collections.abc import Iterator
from typing import Any

from exporter.document import ChannelPlan, Document, Segment, Word
from exporter.formats.format import encoded
from exporter.options import ExportOptions
from exporter.statistics import SpeakerStatistics, statistics

SCHEMA_VERSION = 1


def render(document: Document, options: ExportOptions) -> Iterator[bytes]:
    """Render one JSON object. The segments come last, so that clients can stream them."""
    return encoded(_pieces(document, options))


def _pieces(document: Document, options: ExportOptions) -> Iterator[str]:
    opening = _dumped(head(document, options))
    yield f'{opening[:-1]}, "segments": ['
    for number, segment in enumerate(document.segments):
        yield ",\n" if number else "\n"
        yield _dumped(segment_members(document, segment))
    yield "\n]}\n"


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def head(document: Document, options: ExportOptions) -> dict[str, Any]:
    """Return all members but the segments."""
    audio = document.audio
    members: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "transcription_id": document.transcription_id,
        "title": document.title,
        "file": {
            "filename": audio.filename,
            "duration": _seconds(audio.duration),
            "size_bytes": audio.size_bytes,
            "format": audio.format,
            "codec": audio.codec,
            "sample_rate": audio.sample_rate,
            "channels": audio.channels,
        },
        "created_at": document.created.isoformat() if document.created else None,
        "completed_at": document.completed.isoformat() if document.completed else None,
        "language": document.language,
        "languages": [
            {
                "start_time": _seconds(span.start),
                "end_time": _seconds(span.end),
                "language": span.language,
                "probability": _share(span.probability),
            }
            for span in document.languages
        ],
        "channels": _channels(document.channel_plan),
        "confidence": _share(document.confidence),
        "models": {"speech": document.speech_model, "diarization": document.diarization_model},
        "warnings": list(document.warnings),
        "speakers": [
            {
                "label": speaker.label,
                "name": document.name_of(speaker.label),
                "name_source": speaker.source.value,
                "match_confidence": _share(speaker.match_confidence),
                "channel": speaker.channel or None,
            }
            for speaker in document.speakers
        ],
    }
    return members | _additions(document, options)


def _channels(plan: ChannelPlan) -> dict[str, Any]:
    return {
        "requested": plan.requested.value,
        "decided": plan.decided.value if plan.decided else None,
        "reason": plan.reason,
        "channels": [
            {
                "number": channel.number,
                "title": channel.title or None,
                "description": channel.description,
            }
            for channel in plan.channels
        ],
    }


def _additions(document: Document, options: ExportOptions) -> dict[str, Any]:
    added: dict[str, Any] = {}
    if options.speaker_stats:
        added["speaker_stats"] = [_figures(one) for one in statistics(document).speakers]
    summary = document.summary
    if summary is None:
        return added
    if options.meeting_summary:
        added["meeting_summary"] = {
            "method": summary.method,
            "coverage": _share(summary.coverage),
            "warnings": list(summary.warnings),
            "statements": [
                {
                    "text": statement.text,
                    "speaker": statement.speaker,
                    "segments": list(statement.segments),
                    "times": [
                        _seconds(document.segments_by_index[index].start)
                        for index in statement.segments
                        if index in document.segments_by_index
                    ],
                }
                for statement in summary.statements
            ],
        }
    if options.action_items:
        added["action_items"] = [
            {
                "text": item.text,
                "owner": item.owner,
                "due": item.due,
                "segment": item.segment,
                "time": _seconds(item.start),
            }
            for item in summary.action_items
        ]
    return added


def _figures(speaker: SpeakerStatistics) -> dict[str, Any]:
    return {
        "label": speaker.label,
        "name": speaker.name,
        "segment_count": speaker.segments,
        "turn_count": speaker.turns,
        "word_count": speaker.words,
        "total_duration": _seconds(speaker.seconds),
        "share": _share(speaker.share),
        "words_per_minute": round(speaker.words_per_minute, 1),
        "longest_turn": _seconds(speaker.longest_turn),
        "avg_confidence": _share(speaker.confidence),
    }


def segment_members(document: Document, segment: Segment) -> dict[str, Any]:
    """Return the members of a segment, its words included."""
    return {
        "index": segment.index,
        "speaker": document.name_of(segment.speaker_label),
        "speaker_label": segment.speaker_label,
        "text": segment.text,
        "start_time": _seconds(segment.start),
        "end_time": _seconds(segment.end),
        "confidence": _share(segment.confidence),
        "language": segment.language,
        "channel": segment.channel or None,
        "words": [_word(word) for word in segment.words],
    }


def _word(word: Word) -> dict[str, Any]:
    return {
        "text": word.text,
        "start_time": _seconds(word.start),
        "end_time": _seconds(word.end),
        "probability": _share(word.probability),
        "speakers": list(word.speakers),
    }


def _seconds(value: float) -> float:
    return round(value, 3)


def _share(value: float) -> float:
    return round(value, 4)
