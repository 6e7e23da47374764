"""Comparison of the signals of a recording, after each was processed by itself."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from common.audio.decoding import decode
from common.audio.envelope import Envelope, envelope_of
from common.audio.resampling import SAMPLE_RATE, Samples
from common.audio.signals import AudioSource
from common.engines import Progress
from common.tasks.task import TaskCancelledError

#: Share of the work that is done before signals are compared.
SHARE_BEFORE = 0.96
_STEP = "Comparing channels"


class Comparison:
    """Envelopes of signals, read when they are first needed, and the progress of comparing them.

    `durations` has the length in seconds of each signal to compare, by its number. Each takes two
    steps at most: it is read, and compared with the others.
    """

    def __init__(
        self,
        sounds: Sequence[AudioSource],
        durations: Mapping[int, float],
        *,
        on_progress: Progress,
        cancelled: Callable[[], bool],
    ) -> None:
        self._sounds = sounds
        self._durations = durations
        self._on_progress = on_progress
        self._cancelled = cancelled
        self._envelopes: dict[int, Envelope] = {}
        self._finished = 0

    def envelope(self, number: int) -> Envelope:
        """Return the envelope of a signal.

        Raises:
            TaskCancelledError: the task was cancelled.
            AudioError: the signal cannot be decoded.
        """
        if number not in self._envelopes:
            self._envelopes[number] = envelope_of(self._blocks(number))
            self._finished += 1
        return self._envelopes[number]

    def compared(self) -> None:
        """Report that a signal was compared with all others.

        Raises:
            TaskCancelledError: the task was cancelled.
        """
        self._finished += 1
        self._report(0.0)

    def finish(self) -> None:
        """Report that all signals are compared."""
        self._on_progress(1.0, _STEP)

    def _blocks(self, number: int) -> Iterator[Samples]:
        length = max(1.0, self._durations[number])
        done = 0
        for block in decode(self._sounds[number]):
            self._report(min(1.0, done / SAMPLE_RATE / length))
            yield block
            done += len(block)

    def _report(self, fraction: float) -> None:
        """Report how far the current step is."""
        if self._cancelled():
            raise TaskCancelledError
        steps = 2 * len(self._durations)
        self._on_progress(min(1.0, (self._finished + fraction) / steps), _STEP)
