"""Playback copies: the sound that is recognized, as Opus in WebM, and the peaks of its waveform.

A recorder listens while signals are decoded for recognition, one after the other. Sound is never
decoded for it, and sample n of the copy is sample n of the recording's clock. All that grows with
the length of a recording is in temporary files without names, which vanish with the process.
"""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import partial
from typing import BinaryIO, Self, cast

from common import logging
from common.audio.errors import AudioError
from common.audio.peaks import PeakMeter, write_peaks
from common.audio.playback_opus import (
    FRAME,
    OpusEncoder,
    joined_packet,
    opus_head,
    places_of,
    silent_packet,
    width_of,
)
from common.audio.playback_parts import PART_TYPE, Core, write_copy, write_part_peaks
from common.audio.playback_webm import WEBM_TYPE, write_webm
from common.audio.resampling import SAMPLE_RATE, Samples
from common.audio.signals import AudioSource, Signal, SignalPart, sound_of

__all__ = ["WEBM_TYPE", "PlaybackError", "PlaybackFiles", "PlaybackRecorder", "signals_of_copy"]

#: Temporary files that may be large, by convention.
_ON_DISK = "/var/tmp"  # noqa: S108
#: Samples before a part that are encoded as well, so that the encoder sounds as if it went on.
_WARM_UP = SAMPLE_RATE // 2
_log = logging.get(__name__)


class PlaybackError(Exception):
    """No copy can be made. The message has the reason for the operator."""


@dataclass(frozen=True, kw_only=True)
class PlaybackFiles:
    """A copy and its peaks in open files, with their sizes in bytes and the length in samples.

    `channels` is the number of signals. The copy may have silent channels besides.
    """

    copy: BinaryIO
    copy_bytes: int
    peaks: BinaryIO
    peaks_bytes: int
    channels: int
    samples: int
    content_type: str = WEBM_TYPE


def signals_of_copy(channels: int) -> list[Signal]:
    """Return the signals in a copy, in the order of their recording.

    `channels` is that of PlaybackFiles.
    """
    width = width_of(channels)
    return [
        Signal(
            parts=(SignalPart(track=0, gains=tuple(float(place == own) for place in range(width))),)
        )
        for own in places_of(channels)
    ]


class PlaybackRecorder:
    """Recorder of the signals of one recording. Each becomes a channel of the copy.

    An error never reaches the listeners' source: the copy fails, and recognition continues.
    """

    def __init__(self, signals: int, core: Core | None = None) -> None:
        """`core` is the part to keep of the heard sound. By default, all is kept."""
        self._core = core
        self._files = contextlib.ExitStack()
        self._tracks: list[_Track | None] = [None] * signals
        self._error: Exception | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()

    def listening(self, sounds: Sequence[AudioSource]) -> list[AudioSource]:
        """Return the sounds of all signals in such a way that decoding them is recorded."""

        def listener(number: int, source: AudioSource) -> AudioSource:
            return replace(sound_of(source), listener=lambda blocks: self._recorded(number, blocks))

        return [listener(number, source) for number, source in enumerate(sounds)]

    def finish(self) -> PlaybackFiles:
        """Return the copy. An undecodable signal is silent.

        Raises:
            PlaybackError: recording failed, or a signal was not decoded to its end.
            OSError: there is no room for the files.
        """
        if self._error is not None:
            raise PlaybackError(f"Recording failed: {self._error}") from self._error
        if any(track is not None and track.state is _State.OPEN for track in self._tracks):
            raise PlaybackError("A signal was not decoded to its end.")
        tracks = [
            track if track and track.state is _State.ENDED else None for track in self._tracks
        ]
        heard = [track for track in tracks if track is not None]
        if self._core is not None:
            return self._part(tracks)
        if not any(track.samples for track in heard):
            raise PlaybackError("No signal was decoded.")
        copy, peaks = self._file(), self._file()
        samples = max(track.samples for track in heard)
        count = max(track.packets for track in heard)
        delay = heard[0].delay
        copy_bytes = write_webm(
            copy,
            _joined(tracks, count),
            count=count,
            head=opus_head(len(tracks), delay),
            samples=samples,
            delay=delay,
        )
        peaks_bytes = write_peaks(peaks, [track.peaks if track else None for track in tracks])
        return PlaybackFiles(
            copy=copy,
            copy_bytes=copy_bytes,
            peaks=peaks,
            peaks_bytes=peaks_bytes,
            channels=len(tracks),
            samples=samples,
        )

    def _part(self, tracks: "Sequence[_Track | None]") -> PlaybackFiles:
        """Return the copy of a part, which may lie after the end of the sound."""
        heard = [track for track in tracks if track is not None]
        if not heard:
            raise PlaybackError("No signal was decoded.")
        copy, peaks = self._file(), self._file()
        copy_bytes = write_copy(
            copy,
            [iter(()) if track is None else track.read() for track in tracks],
            count=max(track.packets for track in heard),
            delay=heard[0].delay,
        )
        peaks_bytes = write_part_peaks(peaks, [track.peaks if track else None for track in tracks])
        return PlaybackFiles(
            copy=copy,
            copy_bytes=copy_bytes,
            peaks=peaks,
            peaks_bytes=peaks_bytes,
            channels=len(tracks),
            samples=max(track.samples for track in heard),
            content_type=PART_TYPE,
        )

    def _recorded(self, number: int, blocks: Iterator[Samples]) -> Iterator[Samples]:
        """Yield blocks and record them. A signal decoded before is not recorded again."""
        track = self._tracks[number]
        if track is not None and track.state is _State.ENDED:
            yield from blocks
            return
        self._attempt(lambda: self._begin(number))
        track = self._tracks[number]
        try:
            for block in blocks:
                if track is not None:
                    self._attempt(partial(track.push, block))
                yield block
        except AudioError:
            if track is not None:
                track.state = _State.FAILED
            raise
        if track is not None:
            self._attempt(track.end)

    def _begin(self, number: int) -> None:
        self._tracks[number] = _Track(self._file(), self._file(), self._core or Core())

    def _attempt(self, work: Callable[[], None]) -> None:
        """Do a part of recording. Nothing is recorded after the first error."""
        if self._error is not None:
            return
        try:
            work()
        except Exception as error:
            _log.warning("the playback copy fails", exc_info=error)
            self._error = error

    def _file(self) -> BinaryIO:
        file = tempfile.TemporaryFile(dir=directory_of_large_files())  # noqa: SIM115 - the stack closes it
        return cast(BinaryIO, self._files.enter_context(file))


def directory_of_large_files() -> str | None:
    """Return a directory for large files, None for the default one, which may be in memory."""
    if "TMPDIR" in os.environ or not os.access(_ON_DISK, os.W_OK):
        return None
    return _ON_DISK


class _State(Enum):
    OPEN = auto()
    ENDED = auto()
    FAILED = auto()


class _Track:
    """Packets and peaks of one signal."""

    def __init__(self, file: BinaryIO, peaks: BinaryIO, core: Core) -> None:
        self._file = file
        self._encoder = OpusEncoder()
        self._meter = PeakMeter(peaks)
        self._core = core
        # Whole packets before the core, which warm the encoder up and are dropped.
        self._early = min(core.first, _WARM_UP) // FRAME
        self._skipped = core.first - self._early * FRAME
        self._position = 0
        self.peaks = peaks
        self.delay = self._encoder.delay
        self.packets = 0
        self.samples = 0
        self.state = _State.OPEN

    def push(self, samples: Samples) -> None:
        """Add samples."""
        begin, self._position = self._position, self._position + len(samples)
        own = samples[max(0, self._core.first - begin) :]
        if self._core.length is not None:
            own = own[: self._core.length - self.samples]
        self.samples += len(own)
        self._meter.push(own)
        self._write(self._encoder.push(samples[max(0, self._skipped - begin) :]))

    def end(self) -> None:
        """Write what is left."""
        self._meter.flush()
        self._write(self._encoder.flush())
        self.state = _State.ENDED

    def read(self) -> Iterator[bytes]:
        """Yield all packets."""
        self._file.seek(0)
        while length := self._file.read(2):
            yield self._file.read(int.from_bytes(length))

    def _write(self, packets: Sequence[bytes]) -> None:
        dropped = min(self._early, len(packets))
        self._early -= dropped
        most = self._core.packets
        kept = packets[dropped : None if most is None else dropped + most - self.packets]
        self.packets += len(kept)
        for packet in kept:
            self._file.write(len(packet).to_bytes(2))
            self._file.write(packet)


def _joined(tracks: Sequence[_Track | None], count: int) -> Iterator[bytes]:
    """Yield packets with all tracks. Missing or shorter tracks are silent."""
    silence = silent_packet()
    readers: list[Iterator[bytes]] = [iter(()) for _ in range(width_of(len(tracks)))]
    for place, track in zip(places_of(len(tracks)), tracks, strict=True):
        if track is not None:
            readers[place] = track.read()
    for _ in range(count):
        yield joined_packet([next(reader, silence) for reader in readers])
