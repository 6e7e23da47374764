"""Results of recognizer streams, numbered for the session."""

from common.times import duration
from securetranscribe.v1 import speech_pb2
from transcriber.live.results import StreamResults


def response(
    *words: tuple[str, float], final: bool = True, channel: int = 0, labels: tuple[str, ...] = ()
) -> speech_pb2.StreamingRecognizeResponse:
    """Return a response with words of 0.4 seconds."""
    return speech_pb2.StreamingRecognizeResponse(
        words=[
            speech_pb2.StreamingWord(
                word=speech_pb2.RecognizedWord(
                    text=text, start=duration(start), end=duration(start + 0.4), probability=0.5
                ),
                speaker_labels=labels,
            )
            for text, start in words
        ],
        final=final,
        segment=2,
        channel=channel,
        language="en",
        continues=True,
    )


def test_text_is_numbered_for_the_session() -> None:
    results = StreamResults(first_segment=5, ends={}, separate=False)

    text = results.text(response(("one", 1.0), ("two", 1.5), labels=("Speaker_1",)))

    assert text is not None
    assert (text.segment, text.channel, text.language, text.label) == (7, 0, "en", "Speaker_1")
    assert text.continues
    assert [(word.text, word.start, word.end) for word in text.words] == [
        ("one", 1.0, 1.4),
        ("two", 1.5, 1.9),
    ]
    assert (text.start, text.end) == (1.0, 1.9)


def test_words_that_are_final_already_are_left_out() -> None:
    results = StreamResults(first_segment=0, ends={0: 1.45}, separate=False)

    text = results.text(response(("one", 1.0), ("two", 1.5)))

    assert text is not None
    assert [word.text for word in text.words] == ["two"]
    assert results.text(response(("zero", 0.5), ("one", 1.0))) is None
    assert results.text(response(("one", 1.0), final=False)) is None


def test_channels_end_by_themselves() -> None:
    results = StreamResults(first_segment=0, ends={2: 9.0}, separate=True)

    first, second = (results.text(response(("one", 1.0), channel=number)) for number in (0, 1))

    assert first is not None
    assert first.channel == 1
    assert second is None


def test_drafts_without_words_take_their_segment_back() -> None:
    results = StreamResults(first_segment=0, ends={}, separate=False)

    text = results.text(response(final=False))

    assert text is not None
    assert (text.segment, text.words) == (2, ())
    assert results.text(response()) is None
