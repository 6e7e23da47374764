"""Transcripts for tests of formats, in several scripts and with hostile text."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from exporter.document import (
    AudioFacts,
    Channel,
    ChannelMode,
    ChannelPlan,
    Document,
    LanguageSpan,
    NameSource,
    Segment,
    Speaker,
    Word,
)
from exporter.summary.model import ActionItem, Statement, Summary

# A name and a sentence in each supported script.
SCRIPTS = {
    "en": ("Zoë Müller", "Good morning, shall we begin with the naïve façade?"),
    "ru": ("Борис", "Доброе утро, давайте начнём с отчёта."),
    "el": ("Ελένη", "Καλημέρα, έχω μερικές ερωτήσεις."),
    "ar": ("أحمد", "نحن بحاجة إلى إنهاء التقرير بحلول يوم الجمعة"),
    "he": ("דנה", "אנחנו צריכים לסיים את הדוח עד יום שישי"),
    "zh": ("王芳", "我们需要在周五之前完成报告。"),
    "ja": ("佐藤", "金曜日までに報告書を仕上げる必要があります。"),
    "ko": ("김민수", "금요일까지 보고서를 끝내야 합니다."),
    "hi": ("प्रिया", "हमें शुक्रवार तक रिपोर्ट पूरी करनी है।"),
    "th": ("สมชาย", "เราต้องทำรายงานให้เสร็จภายในวันศุกร์"),
}

VOCABULARY = (
    "budget travel figures Friday customer report delay supplier risk plan team release "
    "the of we and to that it is for on with should they have been new next last"
)

HOSTILE_NAME = '=cmd|"/c calc"!A1 <b>Eve</b> --> *x* \u202ereversed\x00\x07'
HOSTILE_TEXT = (
    '@SUM(A1) <script>alert("1")</script> & --> {\\an8} [x](javascript:1) #set page() '
    "\\ `code` $x$ \x1b[31mred\ufffe ]]> line\none"
)


def words(text: str, start: float, end: float, speakers: Sequence[str] = ()) -> tuple[Word, ...]:
    """Spread the words of a text evenly over the time."""
    pieces = text.split()
    step = (end - start) / max(1, len(pieces))
    return tuple(
        Word(
            text=piece,
            start=start + place * step,
            end=start + (place + 1) * step,
            probability=0.9,
            speakers=tuple(speakers),
        )
        for place, piece in enumerate(pieces)
    )


def segment(
    index: int,
    label: str,
    text: str,
    start: float,
    end: float,
    *,
    language: str = "en",
    confidence: float = 0.9,
    with_words: bool = True,
) -> Segment:
    """Return a segment with the words of its text."""
    return Segment(
        index=index,
        speaker_label=label,
        text=text,
        start=start,
        end=end,
        confidence=confidence,
        language=language,
        words=words(text, start, end, [label]) if with_words else (),
    )


def document(
    segments: Iterable[Segment],
    *,
    names: dict[str, str] | None = None,
    filename: str = "Weekly meeting.mp3",
    language: str = "en",
    summary: Summary | None = None,
    warnings: tuple[str, ...] = (),
) -> Document:
    """Return a document of segments. Speakers without a name keep their labels."""
    said = tuple(segments)
    labels = dict.fromkeys(one.speaker_label for one in said)
    named = names or {}
    return Document(
        transcription_id=7,
        audio=AudioFacts(
            filename=filename,
            duration=max((one.end for one in said), default=0.0),
            size_bytes=1_234_567,
            format="mp3",
            codec="mp3",
            sample_rate=44_100,
            channels=2,
        ),
        speakers=tuple(
            Speaker(
                label=label,
                name=named.get(label, label),
                source=NameSource.CONFIRMED if label in named else NameSource.NONE,
            )
            for label in labels
        ),
        segments=said,
        language=language,
        languages=(LanguageSpan(start=0.0, end=said[-1].end if said else 0.0, language=language),),
        confidence=0.9,
        speech_model="base",
        diarization_model="segmentation",
        warnings=warnings,
        created=datetime(2026, 11, 1, 10, 0, tzinfo=UTC),
        completed=datetime(2026, 11, 1, 10, 5, tzinfo=UTC),
        summary=summary,
    )


def meeting() -> Document:
    """Return five segments of two people with a summary and an action item."""
    segments = [
        segment(0, "Speaker_1", "Good morning everybody.", 0.0, 2.0),
        segment(1, "Speaker_1", "Shall we begin with the budget?", 2.5, 5.0, confidence=0.7),
        segment(2, "Speaker_2", "Yes, we decided to cut travel by ten percent.", 5.5, 9.0),
        segment(3, "Speaker_2", "I'll send the new figures by Friday.", 9.5, 12.0),
        segment(4, "Speaker_1", "Thank you, that helps a lot.", 12.5, 15.0),
    ]
    summary = Summary(
        statements=(
            Statement(
                text="We decided to cut travel by ten percent.", segments=(2,), speaker="Ben Ode"
            ),
        ),
        action_items=(
            ActionItem(
                text="I'll send the new figures by Friday.",
                segment=3,
                start=9.5,
                owner="Ben Ode",
                due="by Friday",
            ),
        ),
        warnings=("The language model could not be used.",),
    )
    return document(
        segments, names={"Speaker_1": "Anna Müller", "Speaker_2": "Ben Ode"}, summary=summary
    )


def call() -> Document:
    """Return a call of two people on two channels, who speak at the same time."""
    segments = [
        segment(0, "Speaker_1", "The offer is valid until Friday. Can you decide?", 0.0, 6.0),
        segment(1, "Speaker_2", "Friday is too early.", 2.0, 4.0),
        segment(2, "Speaker_1", "Then take until Monday.", 6.5, 8.0),
    ]
    made = document(
        [replace(one, channel=int(one.speaker_label[-1])) for one in segments],
        names={"Speaker_1": "Anna", "Speaker_2": "Ben"},
    )
    return replace(
        made,
        speakers=tuple(
            replace(speaker, channel=number) for number, speaker in enumerate(made.speakers, 1)
        ),
        channel_plan=ChannelPlan(
            decided=ChannelMode.SEPARATE,
            reason="Each of the two channels holds a party of its own.",
            channels=(
                Channel(number=1, title="Anna", description="left channel"),
                Channel(number=2, description="right channel"),
            ),
        ),
    )


def in_script(language: str) -> Document:
    """Return three times the sentence of a script by one speaker."""
    name, sentence = SCRIPTS[language]
    segments = [
        segment(place, "Speaker_1", sentence, place * 5.0, place * 5.0 + 4, language=language)
        for place in range(3)
    ]
    return document(segments, names={"Speaker_1": name}, language=language)


def hostile() -> Document:
    """Return names, text and a file name that try to break out of every format."""
    segments = [
        segment(0, "Speaker_1", HOSTILE_TEXT, 0.0, 4.0, with_words=False),
        segment(1, "Speaker_2", "1. +1-800 | cell\twith\ttabs", 4.0, 6.0, with_words=False),
    ]
    return document(
        segments,
        names={"Speaker_1": HOSTILE_NAME, "Speaker_2": "-2+3"},
        filename="../../etc/<img src=x>\r\nX-Evil: 1.mp3",
    )


def long_meeting(word_total: int) -> Document:
    """Return a conversation of five people with the given total of words."""
    vocabulary = VOCABULARY.split()
    segments: list[Segment] = []
    said, seconds = 0, 0.0
    while said < word_total:
        count = min(3 + (len(segments) * 7) % 23, word_total - said)
        chosen = [
            vocabulary[(len(segments) * 13 + place * 5) % len(vocabulary)] for place in range(count)
        ]
        text = " ".join(chosen).capitalize() + "."
        end = seconds + count * 0.35
        label = f"Speaker_{len(segments) % 5 + 1}"
        segments.append(segment(len(segments), label, text, seconds, end, with_words=False))
        said, seconds = said + count, end + 0.1
    return document(segments)
