"""Evidence about the channels of a recording, measured from its sound without a model."""

import functools
import itertools
import operator
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from common.audio.channel_pairs import PairEvidence, compare, not_compared
from common.audio.loudness import FRAME, FRAME_SECONDS, Loudness, Spectra, spectra
from common.audio.mixtures import sources

#: Pairs of more channels would take minutes.
MOST_COMPARED = 64
#: Seconds of all channels together that are kept. It bounds memory to about 60 MB.
_MOST_CHANNEL_SECONDS = 40_000
#: Frames that are transformed at once: four seconds.
_CHUNK = 125
_SMALLEST = 1e-20


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelEvidence:
    """Measurements of a channel.

    `level` is that of its loudest 32 ms in dBFS. `active` is the time in seconds in which its sound
    stands out from its noise. `dynamics` is the difference of its loud and quiet moments in
    decibels, small for steady noise. `low` is the share of its energy below 250 Hz. `sum_of` has
    the channels of other tracks whose sum it is, if any.
    """

    level: float
    active: float
    dynamics: float
    low: float
    sum_of: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """Measurements of the channels of a recording, and of every pair of them.

    Channels are those of all tracks that decode, in order. `complete` is False if only excerpts
    were measured. `seconds` is the length of the measured sound. There are no pairs of more than
    MOST_COMPARED channels.
    """

    channels: tuple[ChannelEvidence, ...]
    pairs: tuple[PairEvidence, ...]
    seconds: float
    complete: bool = True

    def pair(self, one: int, other: int) -> PairEvidence:
        """Return the comparison of two channels, with the lower number as `one`."""
        if not self.pairs:
            return not_compared(one, other)
        low, high = sorted((one, other))
        count = len(self.channels)
        # The pairs are in lexical order.
        return self.pairs[low * count - low * (low + 1) // 2 + high - low - 1]

    def to_json(self) -> dict[str, Any]:
        """Return the evidence as JSON values, with a list per measurement of channels and pairs."""
        return asdict(self) | {"channels": _columns(self.channels), "pairs": _columns(self.pairs)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Return the evidence from its JSON values."""
        return cls(
            channels=tuple(ChannelEvidence(**each) for each in _rows(values["channels"])),
            pairs=tuple(PairEvidence(**each) for each in _rows(values["pairs"])),
            seconds=values["seconds"],
            complete=values["complete"],
        )


class Excerpts:
    """Sound of all channels of a recording, measured as it arrives.

    `channels` is their number, and `tracks` the number in each track, in order. Without it, every
    channel is a track. Holds loudness instead of sound: 1.6 KB per second and channel.
    """

    def __init__(self, channels: int, *, tracks: Sequence[int] = ()) -> None:
        self._tracks = np.repeat(np.arange(len(tracks)), tracks) if tracks else np.arange(channels)
        if len(self._tracks) != channels:
            raise ValueError("the channels of the tracks do not add up")
        self._rest = np.zeros((channels, 0), dtype=np.float32)
        self._parts: list[Spectra] = []
        self._frames = self._ignored = 0
        self._most = int(_MOST_CHANNEL_SECONDS / max(1, channels) / FRAME_SECONDS)

    def add(self, samples: npt.NDArray[np.float32]) -> None:
        """Add sound of all channels (channels, n) at 16 kHz.

        Beyond _MOST_CHANNEL_SECONDS it is ignored, and the evidence is not complete.
        """
        for start in range(0, samples.shape[1], _CHUNK * FRAME):
            part = samples[:, start : start + _CHUNK * FRAME]
            joined = np.concatenate([self._rest, part], axis=1)
            count = joined.shape[1] // FRAME
            kept = min(count, self._most - self._frames)
            if kept:
                self._parts.append(spectra(joined[:, : kept * FRAME]))
            self._frames += kept
            self._ignored += count - kept
            self._rest = joined[:, count * FRAME :]

    def finish(self, *, complete: bool = True) -> Evidence:
        """Return the evidence. `complete` tells that the whole recording was added."""
        count = len(self._rest)
        if self._frames < 2:
            self.add(np.zeros((count, 2 * FRAME), dtype=np.float32))
        loudness = [
            Loudness(np.concatenate([part.bands[channel] for part in self._parts]))
            for channel in range(count)
        ]
        polarity = functools.reduce(operator.add, (part.polarity for part in self._parts))
        return Evidence(
            channels=tuple(
                self._channel(channel, loudness, each) for channel, each in enumerate(loudness)
            ),
            pairs=tuple(
                compare(one, other, loudness, polarity)
                for one, other in itertools.combinations(range(count), 2)
                if count <= MOST_COMPARED
            ),
            seconds=round(self._frames * FRAME_SECONDS, 1),
            complete=complete and not self._ignored,
        )

    def _channel(
        self, channel: int, loudness: Sequence[Loudness], own: Loudness
    ) -> ChannelEvidence:
        level = np.concatenate([part.level[channel] for part in self._parts])
        low = np.concatenate([part.low[channel] for part in self._parts])
        others = np.flatnonzero(self._tracks != self._tracks[channel])
        return ChannelEvidence(
            level=round(10 * float(np.log10(level.max() + _SMALLEST)), 1),
            active=round(own.active_seconds, 1),
            dynamics=round(own.dynamics, 1),
            low=round(float(level @ low / (level.sum() + _SMALLEST)), 3),
            sum_of=self._sources(own, loudness, others),
        )

    def _sources(
        self, own: Loudness, loudness: Sequence[Loudness], others: npt.NDArray[np.int64]
    ) -> tuple[int, ...]:
        """Return the channels of at least two other tracks whose sum a channel is, if any."""
        if len(set(self._tracks[others])) < 2 or len(loudness) > MOST_COMPARED:
            return ()
        found = others[sources(own, [loudness[other] for other in others])]
        several = len(set(self._tracks[found])) > 1
        return tuple(int(other) for other in found) if several else ()


def _columns(rows: Sequence[ChannelEvidence] | Sequence[PairEvidence]) -> dict[str, list[Any]]:
    """Return rows by column, which is a third as long in JSON as one object per row."""
    values = [asdict(row) for row in rows]
    return {name: [value[name] for value in values] for name in (values[0] if values else ())}


def _rows(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    rows = zip(*columns.values(), strict=True)
    return [dict(zip(columns, map(_tuple, row), strict=True)) for row in rows]


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
