"""What a document for reading says besides the conversation; the same words in every format."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from exporter.clock import clock, length, size
from exporter.document import Document, NameSource
from exporter.statistics import SpeakerStatistics, Statistics
from exporter.summary.model import EXTRACTIVE, ActionItem, Statement, Summary

_LANGUAGES = {
    "ar": "Arabic", "bg": "Bulgarian", "bn": "Bengali", "ca": "Catalan", "cs": "Czech",
    "da": "Danish", "de": "German", "el": "Greek", "en": "English", "es": "Spanish",
    "et": "Estonian", "fa": "Persian", "fi": "Finnish", "fr": "French", "he": "Hebrew",
    "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian", "id": "Indonesian", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian", "nl": "Dutch",
    "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian",
    "sk": "Slovak", "sl": "Slovenian", "sr": "Serbian", "sv": "Swedish", "ta": "Tamil",
    "te": "Telugu", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu",
    "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip

STATISTICS_COLUMNS = (
    "Speaker", "Speaking time", "Share", "Turns", "Words", "Words a minute", "Longest turn",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Participant:
    """A speaker as listed at the top: `note` says how sure the name is, empty for a plain one."""

    label: str
    name: str
    note: str


def language_name(code: str) -> str:
    """`English (en)`; the code alone where no name is known."""
    name = _LANGUAGES.get(code)
    return f"{name} ({code})" if name else code


def percent(share: float) -> str:
    """`93 %`."""
    return f"{round(share * 100)} %"


def facts(document: Document) -> list[tuple[str, str]]:
    """What is known of the recording and of how the transcript was made, as label and value."""
    audio = document.audio
    kind = ", ".join(
        part
        for part in (
            audio.format.upper(),
            audio.codec if audio.codec != audio.format else "",
            f"{audio.sample_rate / 1000:g} kHz" if audio.sample_rate else "",
            _channels(audio.channels),
            size(audio.size_bytes) if audio.size_bytes else "",
        )
        if part
    )
    languages = ", ".join(language_name(code) for code in document.language_codes)
    models = ", ".join(
        model for model in (document.speech_model, document.diarization_model) if model
    )
    rows = [
        ("Recording", audio.filename),
        ("Length", length(audio.duration)),
        ("File", kind),
        ("Language", languages),
        ("Uploaded", f"{document.created:%Y-%m-%d %H:%M} UTC" if document.created else ""),
        ("Transcribed", f"{document.completed:%Y-%m-%d %H:%M} UTC" if document.completed else ""),
        ("Models", models),
        ("Confidence", percent(document.confidence) if document.confidence else ""),
    ]
    return [(label, value) for label, value in rows if value]


def _channels(count: int) -> str:
    return {0: "", 1: "mono", 2: "stereo"}.get(count, f"{count} channels")


def participants(document: Document) -> list[Participant]:
    """The speakers in order of first appearance."""
    return [
        Participant(label=speaker.label, name=document.name_of(speaker.label), note=note)
        for speaker in document.speakers
        for note in ["recognised, not confirmed" if speaker.source is NameSource.SUGGESTED else ""]
    ]


def statistics_row(speaker: SpeakerStatistics) -> tuple[str, ...]:
    """The cells of a speaker under `STATISTICS_COLUMNS`."""
    return (
        speaker.name,
        length(speaker.seconds),
        percent(speaker.share),
        str(speaker.turns),
        str(speaker.words),
        str(round(speaker.words_per_minute)),
        length(speaker.longest_turn),
    )


def statistics_line(figures: Statistics) -> str:
    """The figures of the whole conversation in a sentence."""
    return (
        f"{figures.words} words in {figures.segments} segments, "
        f"{length(figures.speech_seconds)} of speech."
    )


def cited_times(document: Document, indexes: Iterable[int]) -> str:
    """When the cited segments were said: `0:12:05, 0:14:30`; a time is named once."""
    segments = document.segments_by_index
    times = (clock(segments[index].start) for index in sorted(indexes) if index in segments)
    return ", ".join(dict.fromkeys(times))


def method_note(document: Document, summary: Summary) -> str:
    """How the summary came about and how much of the meeting it rests on."""
    if summary.method == EXTRACTIVE:
        how = "Made of sentences of the conversation itself, chosen without a language model."
    else:
        how = f"Written by the language model {summary.method}; it may be wrong: check the times."
    return f"{how} {_reach(document, summary.statements, summary.coverage)}"


def _reach(document: Document, statements: Sequence[Statement], coverage: float) -> str:
    read = f"{percent(coverage)} of the segments were read"
    cited = {index for statement in statements for index in statement.segments}
    segments = [document.segments_by_index[i] for i in cited if i in document.segments_by_index]
    if not segments:
        return f"{read}."
    first, last = min(s.start for s in segments), max(s.end for s in segments)
    return (
        f"{read}; the statements rest on {len(segments)} of {len(document.segments)}, "
        f"from {clock(first)} to {clock(last)}."
    )


def action_item_note(item: ActionItem) -> str:
    """Owner and due date where they were said: `Anna, by Friday`."""
    return ", ".join(part for part in (item.owner, item.due) if part)
