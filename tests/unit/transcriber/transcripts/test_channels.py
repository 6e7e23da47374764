"""Merge of separate channels."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from transcriber.domain.transcripts import SpokenWord, Transcript, Turn
from transcriber.transcripts.merge import merge


def said(
    sentence: str, start: float, channel: int, *, each: float = 0.4, gap: float = 0.1
) -> list[SpokenWord]:
    """Return consecutive words of one channel."""
    return [
        SpokenWord(
            text=text,
            start=start + number * (each + gap),
            end=start + number * (each + gap) + each,
            probability=0.9,
            language="en",
            channel=channel,
        )
        for number, text in enumerate(sentence.split())
    ]


def turn(speaker: str, start: float, end: float, channel: int) -> Turn:
    return Turn(start=start, end=end, speaker=speaker, channel=channel)


def lines(transcript: Transcript) -> list[tuple[int, str, str]]:
    return [(item.channel, item.label, item.text) for item in transcript.segments]


def test_sentences_at_once_stay_whole() -> None:
    words = said("we have to leave now.", 0.0, 1) + said("no I will stay here.", 0.3, 2)
    turns = [turn("A", 0.0, 3.0, 1), turn("B", 0.0, 3.0, 2)]
    merged = merge(words, exclusive_turns=turns, turns=turns)
    assert lines(merged) == [
        (1, "Speaker_1", "we have to leave now."),
        (2, "Speaker_2", "no I will stay here."),
    ]


def test_words_belong_to_speakers_of_their_channel() -> None:
    # The diarizer found nobody in channel 2, and B speaks during its words in channel 1.
    words = said("hello there.", 0.0, 1) + said("good day.", 5.0, 2)
    turns = [turn("A", 0.0, 1.0, 1), turn("B", 4.0, 7.0, 1)]
    merged = merge(words, exclusive_turns=turns, turns=turns)
    assert [(item.channel, item.origin) for item in merged.speakers] == [(1, "A"), (2, "")]
    assert merged.segments[1].words[0].speakers == ()


def test_channels_without_turns_have_a_speaker_each() -> None:
    words = said("hello.", 0.0, 1) + said("hi.", 1.0, 2) + said("how are you?", 2.0, 1)
    assert lines(merge(words)) == [
        (1, "Speaker_1", "hello."),
        (2, "Speaker_2", "hi."),
        (1, "Speaker_1", "how are you?"),
    ]


def test_several_people_on_one_channel_are_told_apart() -> None:
    words = said("we are two.", 0.0, 1) + said("yes we are.", 2.0, 1) + said("I see.", 4.0, 2)
    turns = [turn("A", 0.0, 1.6, 1), turn("B", 1.9, 3.6, 1), turn("C", 3.9, 5.0, 2)]
    merged = merge(words, exclusive_turns=turns, turns=turns)
    assert [line[1] for line in lines(merged)] == ["Speaker_1", "Speaker_2", "Speaker_3"]


def test_reply_is_placed_between_sentences() -> None:
    words = said("Is it you? And how are you?", 0.0, 1) + said("Yes.", 1.0, 2)
    # Without the reply it would be one segment.
    assert len(merge(words[:-1]).segments) == 1
    assert [text for _, _, text in lines(merge(words))] == [
        "Is it you?",
        "Yes.",
        "And how are you?",
    ]


def test_reply_within_a_sentence_does_not_cut_it() -> None:
    words = said("this is all one long sentence. And this another.", 0.0, 1)
    words += said("Mhm.", 1.1, 2)
    assert [text for _, _, text in lines(merge(words))] == [
        "this is all one long sentence.",
        "Mhm.",
        "And this another.",
    ]


def test_people_on_other_channels_speak_during_a_word() -> None:
    words = said("one two three", 0.0, 1, each=1.0, gap=0.0) + said("yes", 1.0, 2, each=0.9)
    turns = [turn("A", 0.0, 3.0, 1)]
    merged = merge(words, exclusive_turns=turns, turns=turns)
    first, second = merged.segments
    assert [word.speakers for word in first.words] == [
        ("Speaker_1",),
        ("Speaker_1", "Speaker_2"),
        ("Speaker_1",),
    ]
    assert second.words[0].speakers == ("Speaker_2", "Speaker_1")


def test_statistics_count_each_speaker_by_itself() -> None:
    words = said("one two three four", 0.0, 1, each=1.0, gap=0.0)
    words += said("yes", 1.0, 2, each=1.0)
    merged = merge(words)
    assert [(item.channel, item.total_duration) for item in merged.speakers] == [
        (1, 4.0),
        (2, 1.0),
    ]


some_words = st.lists(
    st.builds(
        lambda text, start, length, channel: SpokenWord(
            text=text,
            start=start,
            end=start + length,
            probability=0.5,
            language="en",
            channel=channel,
        ),
        st.sampled_from(["yes", "no.", "well,", "什么", "ok?"]),
        st.floats(0, 60).map(lambda value: round(value, 2)),
        st.floats(-0.1, 3),
        st.integers(1, 3),
    ),
    max_size=40,
)
some_turns = st.lists(
    st.builds(
        lambda number, start, length, channel: turn(
            f"{channel}{number}", start, start + length, channel
        ),
        st.integers(0, 1),
        st.floats(0, 60),
        st.floats(-1, 10),
        st.integers(1, 3),
    ),
    max_size=15,
)


@given(some_words, some_turns)
def test_no_channel_affects_the_speakers_of_another(
    words: list[SpokenWord], turns: list[Turn]
) -> None:
    whole = merge(words, exclusive_turns=turns, turns=turns)
    assert Counter((item.text, item.start) for seg in whole.segments for item in seg.words) == (
        Counter((item.text, item.start) for item in words)
    )
    starts = [segment.start for segment in whole.segments]
    assert starts == sorted(starts)
    origins = {item.label: item.origin for item in whole.speakers}
    for channel in (1, 2, 3):
        alone = merge(
            [word for word in words if word.channel == channel],
            exclusive_turns=[turn for turn in turns if turn.channel == channel],
            turns=[turn for turn in turns if turn.channel == channel],
        )
        names = {item.label: item.origin for item in alone.speakers}
        assert [
            (word.text, word.start, origins[segment.label])
            for segment in whole.segments
            if segment.channel == channel
            for word in segment.words
        ] == [
            (word.text, word.start, names[segment.label])
            for segment in alone.segments
            for word in segment.words
        ]
    for segment in whole.segments:
        for word in segment.words:
            assert not word.speakers or word.speakers[0] == segment.label
            assert len(set(word.speakers)) == len(word.speakers)
