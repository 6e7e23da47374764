"""Parts of recordings in tasks."""

from common.audio.signals import Span
from common.tasks.parts import core_span, heard_span, move, sound_seconds
from common.times import duration, seconds
from securetranscribe.v1 import diarization_pb2, queue_pb2, speech_pb2


def span(start: float, end: float) -> queue_pb2.AudioRange:
    return queue_pb2.AudioRange(start=duration(start), end=duration(end))


def part(index: int) -> queue_pb2.Task:
    """Return the task of one of three parts."""
    return queue_pb2.Task(
        audio_duration=duration(700.0),
        part_index=index,
        part_count=3,
        range=span(240.0 * index, min(700.0, 240.0 * (index + 1))),
        heard=span(max(0.0, 240.0 * index - 4), min(700.0, 240.0 * (index + 1) + 4)),
    )


def test_whole_recording_is_heard_to_its_end() -> None:
    task = queue_pb2.Task(audio_duration=duration(700.0))
    assert heard_span(task) == core_span(task) == Span()
    assert sound_seconds(task) == 700.0


def test_part_is_heard_with_its_margins() -> None:
    assert core_span(part(1)) == Span(start=240.0, end=480.0)
    assert heard_span(part(1)) == Span(start=236.0, end=484.0)
    assert sound_seconds(part(1)) == 248.0


def test_last_part_lasts_to_the_actual_end() -> None:
    assert heard_span(part(2)) == Span(start=476.0)
    assert core_span(part(2)) == Span(start=480.0)
    assert sound_seconds(part(2)) == 224.0


def test_part_without_margins_is_heard_as_it_is() -> None:
    task = part(1)
    task.ClearField("heard")
    assert heard_span(task) == Span(start=240.0, end=480.0)
    assert sound_seconds(task) == 240.0


def test_moments_of_a_recognition_move_and_lengths_stay() -> None:
    found = speech_pb2.Recognition(
        segments=[
            speech_pb2.RecognizedSegment(
                start=duration(0.0),
                end=duration(2.5),
                words=[speech_pb2.RecognizedWord(start=duration(0.25), end=duration(2.5))],
            )
        ],
        languages=[speech_pb2.LanguageSpan(start=duration(0.0), end=duration(9.0))],
        duration=duration(10.0),
        speech_duration=duration(2.0),
    )
    move(found, 236.0)
    segment, language = found.segments[0], found.languages[0]
    assert (seconds(segment.start), seconds(segment.end)) == (236.0, 238.5)
    assert (seconds(segment.words[0].start), seconds(segment.words[0].end)) == (236.25, 238.5)
    assert (seconds(language.start), seconds(language.end)) == (236.0, 245.0)
    assert (seconds(found.duration), seconds(found.speech_duration)) == (10.0, 2.0)


def test_moments_of_a_diarization_move() -> None:
    turn = diarization_pb2.Turn(start=duration(1.0), end=duration(2.0), speaker_label="Speaker_1")
    found = diarization_pb2.Diarization(
        turns=[turn],
        exclusive_turns=[turn],
        speakers=[
            diarization_pb2.DiarizedSpeaker(clean_turns=[turn], speech_duration=duration(1.0))
        ],
    )
    move(found, 0.5)
    moved = [found.turns[0], found.exclusive_turns[0], found.speakers[0].clean_turns[0]]
    assert [(seconds(one.start), seconds(one.end)) for one in moved] == 3 * [(1.5, 2.5)]
    assert seconds(found.speakers[0].speech_duration) == 1.0
