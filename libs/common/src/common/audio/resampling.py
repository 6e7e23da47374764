"""Weighted sums of channels at another sample rate."""

from collections.abc import Sequence

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.error import FFmpegError

from common.audio.errors import UndecodableAudioError

Samples = npt.NDArray[np.float32]

SAMPLE_RATE = 16_000
NOTHING = np.empty(0, dtype=np.float32)
#: Pointers to planes in a frame of FFmpeg.
_FULL = 8
#: Offset and scale of integer samples. Floating-point ones are in ±1.
_INTEGERS = {
    np.dtype(np.uint8): (128.0, 2.0**-7),
    np.dtype(np.int16): (0.0, 2.0**-15),
    np.dtype(np.int32): (0.0, 2.0**-31),
    np.dtype(np.int64): (0.0, 2.0**-63),
}


class Downmix:
    """Weighted sum of the channels of frames, resampled to mono float32 in ±1.

    Without gains, channels are averaged. So are those of frames with another number of channels
    than gains, as in streams that change between mono and stereo.

    FFmpeg's own mix is not used. It takes numbered channels for those of a cinema: it drops some
    as subwoofers, and has no mix for others.
    """

    def __init__(self, sample_rate: int, gains: Sequence[float] = ()) -> None:
        self.sample_rate = sample_rate
        self._gains = np.array(gains, dtype=np.float32)
        self._resampler = Resampler(sample_rate)

    def push(self, frame: AudioFrame) -> Samples:
        """Return the samples ready now. Some stay inside the filter."""
        channels = channels_of(frame)
        if len(self._gains) == len(channels):
            mono = self._gains @ channels
        else:
            mono = channels.mean(axis=0, dtype=np.float32)
        return self._resampler.push(mono, frame.sample_rate)

    def flush(self) -> Samples:
        """Return the rest inside the filter."""
        return self._resampler.flush()


class Resampler:
    """PyAV's resampler of mono float32, replaced when the sample rate changes."""

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._resampler: av.AudioResampler | None = None
        self._from = 0

    def push(self, samples: Samples, sample_rate: int) -> Samples:
        """Return the samples ready now. Raise UndecodableAudioError if they cannot be resampled."""
        before = self.flush() if self._from not in {0, sample_rate} else NOTHING
        if sample_rate == self._sample_rate:
            return _joined([before, np.clip(samples, -1.0, 1.0)])
        if self._resampler is None:
            self._resampler = av.AudioResampler("flt", "mono", self._sample_rate)
        self._from = sample_rate
        frame = av.AudioFrame.from_ndarray(samples[None], format="flt", layout="mono")
        frame.sample_rate = sample_rate
        return _joined([before, *self._resample(frame)])

    def flush(self) -> Samples:
        """Return the rest inside the filter."""
        if self._resampler is None:
            return NOTHING
        rest = self._resample(None)
        self._resampler, self._from = None, 0
        return _joined(rest)

    def _resample(self, frame: AudioFrame | None) -> list[Samples]:
        assert self._resampler is not None
        try:
            ready = self._resampler.resample(frame)
        except (FFmpegError, ValueError) as error:
            raise UndecodableAudioError(
                f"Sound with {self._from} samples per second cannot be resampled."
            ) from error
        arrays = (piece.to_ndarray().reshape(-1) for piece in ready)
        # Filters overshoot a little.
        return [np.clip(array, -1.0, 1.0).astype(np.float32, copy=False) for array in arrays]


class Packer:
    """Frames with many channels, such that their samples can be read.

    PyAV takes what lies behind the pointers of a planar frame for further channels, and crashes the
    process, if these pointers fill the space that FFmpeg has for them.
    """

    def __init__(self) -> None:
        self._resampler: av.AudioResampler | None = None
        self._like: tuple[str, str, int] = ("", "", 0)

    def packed(self, frame: AudioFrame) -> AudioFrame:
        """Return the frame, with its channels interleaved if they are too many."""
        if not frame.format.is_planar or frame.layout.nb_channels < _FULL:
            return frame
        like = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._resampler is None or self._like != like:
            packed = frame.format.packed.name
            self._resampler = av.AudioResampler(packed, frame.layout, frame.sample_rate)
            self._like = like
        (ready,) = self._resampler.resample(frame)
        return ready


def channels_of(frame: AudioFrame) -> npt.NDArray[np.float32]:
    """Return the samples of a frame in ±1, with the shape (channels, samples)."""
    values = frame.to_ndarray()
    if not frame.format.is_planar:
        values = values.reshape(frame.samples, -1).T
    if values.dtype not in _INTEGERS:
        return values.astype(np.float32, copy=False)
    offset, scale = _INTEGERS[values.dtype]
    return ((values - np.float32(offset)) * np.float32(scale)).astype(np.float32, copy=False)


def _joined(parts: list[Samples]) -> Samples:
    return np.concatenate(parts) if parts else NOTHING
