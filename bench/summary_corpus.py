"""Conversations to summarize, and sentences that are labeled with their action items."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from exporter.document import AudioFacts, Document, Segment, Speaker

DATA = Path(__file__).with_name("summary_data")
_SECONDS_PER_WORD = 0.35  # where a text has no times


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """A conversation, with labeled facts where available.

    `points` maps each fact expected in a summary to the indexes of the segments stating it.
    """

    name: str
    what: str
    document: Document
    points: Mapping[str, frozenset[int]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class LabeledSentence:
    """A sentence with the owner and due date of each action item in it."""

    speaker: str
    text: str
    items: tuple[Mapping[str, str], ...]


def document(rows: Iterable[Mapping[str, Any]]) -> Document:
    """Build a document from rows with `speaker`, `text` and optionally `start` and `end`."""
    segments: list[Segment] = []
    clock = 0.0
    for index, row in enumerate(rows):
        start = float(row.get("start", clock))
        end = float(row.get("end", start + _SECONDS_PER_WORD * len(row["text"].split())))
        segments.append(
            Segment(
                index=index, speaker_label=row["speaker"], text=row["text"], start=start, end=end
            )
        )
        clock = end
    labels = dict.fromkeys(segment.speaker_label for segment in segments)
    return Document(
        transcription_id=1,
        audio=AudioFacts(filename="conversation", duration=clock),
        speakers=tuple(Speaker(label=label, name=label) for label in labels),
        segments=tuple(segments),
        language="en",
    )


def conversations(data: Path | None) -> list[Conversation]:
    """Return all available conversations. `data` may contain the transcript of a meeting."""
    found = [_committee(), _excerpts()]
    sample = _telephone()
    if sample:
        found.append(sample)
    if data and (data / "meetA_5spk.json").is_file():
        rows = json.loads((data / "meetA_5spk.json").read_text(encoding="utf-8"))
        found.append(
            Conversation(
                name="read speech",
                what="58 utterances read from books by five people, put together as a meeting",
                document=document(row | {"speaker": row["spk"]} for row in rows),
            )
        )
    return found


def _committee() -> Conversation:
    rows = _lines("meeting.jsonl")
    points: dict[str, set[int]] = {}
    for index, row in enumerate(rows):
        if "point" in row:
            points.setdefault(row["point"], set()).add(index)
    return Conversation(
        name="committee",
        what="a meeting of three, written for this benchmark, twelve facts labeled",
        document=document(rows),
        points={name: frozenset(indexes) for name, indexes in points.items()},
    )


def _excerpts() -> Conversation:
    held = json.loads((DATA / "ami_excerpts.json").read_text(encoding="utf-8"))
    rows = [
        {"speaker": segment["recording"], "text": segment["text"]} for segment in held["segments"]
    ]
    return Conversation(
        name="ami",
        what="nine half-minute excerpts of real meetings (AMI), recognized by Whisper base",
        document=document(rows),
    )


def _telephone() -> Conversation | None:
    """Return the telephone call in pyannote.audio, from its reference transcript."""
    spec = find_spec("pyannote.audio") if find_spec("pyannote") else None
    if spec is None or spec.origin is None:
        return None
    lines = (Path(spec.origin).parent / "sample" / "sample.stm").read_text(encoding="utf-8")
    rows = []
    for line in lines.splitlines():
        _, _, speaker, start, end, text = line.split(None, 5)
        rows.append({"speaker": speaker, "start": start, "end": end, "text": text})
    return Conversation(
        name="telephone",
        what="half a minute of a real telephone call (the sample of pyannote.audio)",
        document=document(rows),
    )


def labeled(name: str) -> list[LabeledSentence]:
    """Return the labeled sentences of a set, `development` or `test`."""
    return [
        LabeledSentence(speaker=row["speaker"], text=row["text"], items=tuple(row["items"]))
        for row in _lines(f"action_items_{name}.jsonl")
    ]


def _lines(name: str) -> list[dict[str, Any]]:
    with (DATA / name).open(encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]
