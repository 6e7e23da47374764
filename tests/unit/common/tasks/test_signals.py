"""Signals of tasks, processed one after the other."""

import io

import pytest

from common.audio.errors import UndecodableAudioError
from common.audio.signals import AudioSource, Signal, SignalPart, Sound, Span
from common.engines import Progress
from common.tasks.signals import joined_warnings, process_each, sounds_of
from common.times import duration
from securetranscribe.v1 import queue_pb2, speech_pb2


def test_task_without_signals_is_processed_as_it_is() -> None:
    file = io.BytesIO()
    assert sounds_of(queue_pb2.Task(), file) == [Sound(file=file)]


def test_signals_of_a_task_are_sounds_of_its_recording() -> None:
    file = io.BytesIO()
    message = speech_pb2.Signal(
        title="Ada", parts=[speech_pb2.SignalPart(track=1, gains=[0.5, -0.5])]
    )
    signal = Signal(title="Ada", parts=(SignalPart(track=1, gains=(0.5, -0.5)),))
    assert sounds_of(queue_pb2.Task(signals=[message]), file) == [Sound(file=file, signal=signal)]


def test_signals_of_a_part_are_heard_with_its_margins() -> None:
    file = io.BytesIO()
    task = queue_pb2.Task(
        signals=[speech_pb2.Signal(), speech_pb2.Signal()],
        part_count=2,
        range=queue_pb2.AudioRange(start=duration(0), end=duration(60)),
        heard=queue_pb2.AudioRange(start=duration(0), end=duration(64)),
    )
    assert sounds_of(task, file) == 2 * [Sound(file=file, span=Span(start=0.0, end=64.0))]


def test_progress_is_shared_out_by_signal() -> None:
    reports: list[tuple[float, str]] = []

    def work(sound: AudioSource, on_progress: Progress) -> str:
        on_progress(0.5, f"half of {sound!r}")
        on_progress(1.0, "whole")
        return str(sound).upper()

    found = process_each(["a", "b"], work, lambda *now: reports.append(now))
    assert found.results == {0: "A", 1: "B"}
    assert [fraction for fraction, _ in reports] == [0.25, 0.5, 0.75, 1.0]


def test_undecodable_signal_is_left_out_with_a_warning() -> None:
    found = process_each(["good", "bad", "good"], _decode, lambda *_: None)
    assert found.results == {0: "good", 2: "good"}
    assert found.warnings == ("Channel 2 was left out. Nothing can be decoded.",)


def test_nothing_decodable_is_an_error() -> None:
    with pytest.raises(UndecodableAudioError):
        process_each(["bad", "bad"], _decode, lambda *_: None)


def test_other_failures_are_not_hidden() -> None:
    def work(sound: AudioSource, _progress: Progress) -> None:
        if sound == "b":
            raise TimeoutError

    with pytest.raises(TimeoutError):
        process_each(["a", "b"], work, lambda *_: None)


def test_warnings_appear_once() -> None:
    assert joined_warnings([("It hums.", "It clips."), (), ("It hums.",)]) == (
        "It hums.",
        "It clips.",
    )


def _decode(sound: AudioSource, _progress: Progress) -> AudioSource:
    if sound == "bad":
        raise UndecodableAudioError("Nothing can be decoded.")
    return sound
