"""Front matter of documents for people: facts, participants, summary and statistics.

The wording is the same in every format.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from common import languages, sizes
from exporter.changes import Changes
from exporter.clock import clock, readable_duration
from exporter.document import ChannelMode, Document, NameSource
from exporter.statistics import SpeakerStatistics, Statistics
from exporter.summary.model import EXTRACTIVE, ActionItem, Statement, Summary

# A recording with more changes of language has the time of each language instead.
_MOST_SPANS = 6

STATISTICS_COLUMNS = (
    "Speaker", "Speaking time", "Share", "Turns", "Words", "Words per minute", "Longest turn",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Participant:
    """Speaker in the list of participants. `note` qualifies a name that nobody confirmed."""

    label: str
    name: str
    note: str


def language_name(code: str) -> str:
    """Return `English (en)`, or only the code of an unknown language."""
    name = languages.NAMES.get(code)
    return f"{name} ({code})" if name else code


def percent(share: float) -> str:
    """Return a share as `93 %`."""
    return f"{round(share * 100)} %"


def facts(document: Document) -> list[tuple[str, str]]:
    """Return the known facts about the recording and its transcription as labels and values."""
    audio = document.audio
    kind = ", ".join(
        part
        for part in (
            audio.format.upper(),
            audio.codec if audio.codec != audio.format else "",
            f"{audio.sample_rate / 1000:g} kHz" if audio.sample_rate else "",
            _channels(audio.channels),
            sizes.readable(audio.size_bytes) if audio.size_bytes else "",
        )
        if part
    )
    models = ", ".join(
        model for model in (document.speech_model, document.diarization_model) if model
    )
    rows = [
        ("Recording", audio.filename),
        ("Length", readable_duration(audio.duration)),
        ("File", kind),
        ("Language", spoken_languages(document)),
        ("Channels", _recognized_channels(document)),
        ("Uploaded", f"{document.created:%Y-%m-%d %H:%M} UTC" if document.created else ""),
        ("Transcribed", f"{document.completed:%Y-%m-%d %H:%M} UTC" if document.completed else ""),
        ("Models", models),
        ("Confidence", percent(document.confidence) if document.confidence else ""),
    ]
    return [(label, value) for label, value in rows if value]


def spoken_languages(document: Document) -> str:
    """Return the languages, by time if there are several.

    Example: `English (en) 0:00:00–0:00:29, German (de) 0:00:29–0:01:01`.
    """
    spans = [span for span in document.languages if span.language]
    codes = document.language_codes
    if len({span.language for span in spans}) < 2:
        return ", ".join(map(language_name, codes))
    if len(spans) <= _MOST_SPANS:
        return ", ".join(
            f"{language_name(span.language)} {clock(span.start)}–{clock(span.end)}"
            for span in spans
        )
    seconds = dict.fromkeys(codes, 0.0)
    for span in spans:
        seconds[span.language] += span.end - span.start
    return ", ".join(
        f"{language_name(code)} {readable_duration(length)}"
        for code, length in seconds.items()
        if length > 0
    )


def _recognized_channels(document: Document) -> str:
    """Return how the channels were recognized, empty for a recording with one channel."""
    plan = document.channel_plan
    if plan.decided is ChannelMode.SEPARATE:
        named = ", ".join(one.description for one in plan.channels)
        return f"{len(plan.channels)} recognized separately ({named}). {plan.reason}"
    mixed = plan.decided is ChannelMode.MIX and document.audio.channels > 1
    return f"mixed. {plan.reason}" if mixed else ""


def _channels(count: int) -> str:
    return {0: "", 1: "mono", 2: "stereo"}.get(count, f"{count} channels")


def participants(document: Document) -> list[Participant]:
    """Return the speakers in order of first appearance."""
    return [
        Participant(label=speaker.label, name=document.name_of(speaker.label), note=note)
        for speaker in document.speakers
        for note in ["recognized, not confirmed" if speaker.source is NameSource.SUGGESTED else ""]
    ]


def statistics_row(speaker: SpeakerStatistics) -> tuple[str, ...]:
    """Return the table cells of a speaker, in the order of `STATISTICS_COLUMNS`."""
    return (
        speaker.name,
        readable_duration(speaker.seconds),
        percent(speaker.share),
        str(speaker.turns),
        str(speaker.words),
        str(round(speaker.words_per_minute)),
        readable_duration(speaker.longest_turn),
    )


def statistics_line(figures: Statistics) -> str:
    """Return the totals of the conversation as a sentence."""
    return (
        f"{figures.words} words in {figures.segments} segments, "
        f"{readable_duration(figures.speech_seconds)} of speech."
    )


def tracked_note(changes: Changes) -> str:
    """Describe the marked changes."""
    return f"Changes from revision {changes.since} to revision {changes.revision} are marked."


def cited_times(document: Document, indexes: Iterable[int]) -> str:
    """Return the distinct times of the cited segments: `0:12:05, 0:14:30`."""
    segments = document.segments_by_index
    times = (clock(segments[index].start) for index in sorted(indexes) if index in segments)
    return ", ".join(dict.fromkeys(times))


def method_note(document: Document, summary: Summary) -> str:
    """Describe the method of the summary and the part of the conversation it covers."""
    if summary.method == EXTRACTIVE:
        how = "Sentences quoted from the conversation, selected without a language model."
    else:
        how = f"Written by the language model {summary.method}. Check it against the cited times."
    return f"{how} {_coverage(document, summary.statements, summary.coverage)}"


def _coverage(document: Document, statements: Sequence[Statement], coverage: float) -> str:
    read = f"{percent(coverage)} of the segments were read."
    cited = {index for statement in statements for index in statement.segments}
    segments = [document.segments_by_index[i] for i in cited if i in document.segments_by_index]
    if not segments:
        return read
    first, last = min(s.start for s in segments), max(s.end for s in segments)
    return (
        f"{read} The statements cite {len(segments)} of {len(document.segments)} segments, "
        f"from {clock(first)} to {clock(last)}."
    )


def action_item_note(item: ActionItem) -> str:
    """Return the owner and the due date, as far as known: `Anna, by Friday`."""
    return ", ".join(part for part in (item.owner, item.due) if part)
