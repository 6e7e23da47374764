"""Diarization of the signals of a recording, with bounds on the number of speakers of all."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from common.audio.signals import AudioSource
from common.engines import Progress
from common.errors import ValidationError
from common.tasks.comparison import SHARE_BEFORE, Comparison
from common.tasks.signals import SignalResults, part_of, process_each
from common.voices.limits import SpeakerLimits
from diarizer import conversion
from diarizer.echoes import EchoSpeakers, without_speakers
from diarizer.engines.protocol import Diarization, DiarizationEngine, DiarizationOptions
from diarizer.persons import at_most
from securetranscribe.v1 import diarization_pb2


class SignalDiarizer:
    """Engine with the worker's default options, called with the signals of a recording."""

    def __init__(self, engine: DiarizationEngine, defaults: DiarizationOptions) -> None:
        self._engine = engine
        self._defaults = defaults

    @property
    def limits(self) -> SpeakerLimits:
        """Limits of recordings without a request."""
        return self._defaults.limits

    def diarize(
        self,
        sounds: Sequence[AudioSource],
        config: diarization_pb2.DiarizationConfig,
        *,
        part: bool = False,
        on_progress: Progress,
        cancelled: Callable[[], bool],
    ) -> SignalResults[Diarization]:
        """Diarize each signal of a recording by itself. Blocks until done.

        There is at least one of the requested speakers in each of several signals, so N signals
        have one each if N are requested. The others may be in any signal. Mere echoes of another
        signal do not count and are left out. If fewer or more speakers than requested are found,
        the results carry a warning. A part of a recording may have any number of speakers.

        Raises:
            ValidationError: the numbers of speakers contradict each other.
            AudioProcessingError: the recording cannot be decoded.
            TaskCancelledError: `cancelled` returned true.
        """
        try:
            options = replace(conversion.options_of(config, self._defaults), part=part)
        except ValueError as error:
            raise ValidationError.of("config", str(error)) from error
        single = len(sounds) == 1
        own = options if single else _of_signal(options, len(sounds))
        share = 1.0 if single else SHARE_BEFORE
        found = process_each(
            sounds,
            lambda sound, progress: self._engine.diarize(
                sound, own, on_progress=progress, cancelled=cancelled
            ),
            part_of(on_progress, 0.0, share),
        )
        if single:
            return found if part else _judged(found, config)
        comparison = Comparison(
            sounds,
            {number: one.duration for number, one in found.results.items()},
            on_progress=part_of(on_progress, share, 1.0 - share),
            cancelled=cancelled,
        )
        results = _without_echoes(found.results, comparison)
        if part:
            return replace(found, results=results)
        most = conversion.requested(config).most
        each = None if most is None else max(1, most - len(sounds) + 1)
        found = replace(found, results=at_most(results, each=each, together=most))
        return _judged(found, config)


def _judged(
    found: SignalResults[Diarization], config: diarization_pb2.DiarizationConfig
) -> SignalResults[Diarization]:
    """Return the results with a warning if they lack or exceed the requested speakers."""
    count = sum(len(one.speakers) for one in found.results.values())
    warning = conversion.requested(config).warning(count)
    return found if warning is None else replace(found, warnings=(*found.warnings, warning))


def _of_signal(options: DiarizationOptions, signals: int) -> DiarizationOptions:
    """Return the options for one of several signals, possibly with an echo of each other one."""
    most = options.max_speakers
    if options.num_speakers is not None:
        most = max(options.num_speakers, signals)
    return replace(options, num_speakers=None, min_speakers=1, max_speakers=most)


def _without_echoes(
    found: dict[int, Diarization], comparison: Comparison
) -> dict[int, Diarization]:
    echoes = EchoSpeakers(found, comparison.envelope)
    kept: dict[int, Diarization] = {}
    for number, one in found.items():
        kept[number] = without_speakers(one, echoes.labels_in(number))
        comparison.compared()
    comparison.finish()
    return kept
