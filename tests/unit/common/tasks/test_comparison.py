"""Comparison of the signals of a task."""

import io

import numpy as np
import pytest

from common.audio.signals import AudioSource, Signal, SignalPart, Sound
from common.tasks.comparison import Comparison
from common.tasks.task import TaskCancelledError
from tests.unit.common.audio.sounds import float_wav, noise


def sounds() -> list[AudioSource]:
    """Return the channels of a recording of 12 s."""
    loud = noise(12.0, 16_000)
    file = io.BytesIO(float_wav(np.stack([loud, loud * np.float32(0.1)], axis=1)))
    return [
        Sound(file=file, signal=Signal(parts=(SignalPart(track=0, gains=gains),)))
        for gains in ((1.0, 0.0), (0.0, 1.0))
    ]


def comparison(reports: list[float], *, cancelled: bool = False) -> Comparison:
    return Comparison(
        sounds(),
        {0: 12.0, 1: 12.0},
        on_progress=lambda fraction, _step: reports.append(fraction),
        cancelled=lambda: cancelled,
    )


def test_envelopes_are_those_of_the_signals() -> None:
    compared = comparison([])
    loud, quiet = (compared.envelope(number).levels for number in (0, 1))
    assert len(loud) == len(quiet) == 1200
    assert np.abs(loud - 20.0 - quiet).max() <= 1.0


def test_each_signal_is_read_once() -> None:
    reports: list[float] = []
    compared = comparison(reports)
    first = compared.envelope(0)
    read = len(reports)
    assert compared.envelope(0) is first
    assert len(reports) == read


def test_progress_never_falls_and_reaches_the_end() -> None:
    reports: list[float] = []
    compared = comparison(reports)
    for number in (1, 0):
        compared.envelope(number)
    for _ in range(2):
        compared.compared()
    compared.finish()
    assert reports == sorted(reports)
    assert len(set(reports)) > 6
    assert reports[-1] == 1.0


def test_cancelled_task_stops_while_a_signal_is_read() -> None:
    with pytest.raises(TaskCancelledError):
        comparison([], cancelled=True).envelope(0)
    with pytest.raises(TaskCancelledError):
        comparison([], cancelled=True).compared()
