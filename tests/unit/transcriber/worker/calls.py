"""Calls of two people on two channels, made from real voices, with echoes."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import signal

from bench.recordings import sample
from common.audio.decoding import read_window
from common.audio.envelope import Envelope, envelope_of
from common.audio.resampling import SAMPLE_RATE, Samples
from tests.unit.common.audio.sounds import float_wav
from transcriber.worker.engines.protocol import RecognizedSegment, RecognizedWord

#: Level of the noise of a channel, against full scale.
_NOISE = 10 ** (-80 / 20)


@dataclass(frozen=True, kw_only=True)
class Echo:
    """Echo in a channel. `level` is in dB, `delay` and the reverberation time in seconds."""

    level: float
    delay: float = 0.1
    room: float = 0.0


@dataclass
class Channel:
    """Sound of one channel and the segments recognized in it."""

    seconds: float = 30.0
    sound: Samples = field(init=False)
    segments: list[RecognizedSegment] = field(default_factory=list)

    def __post_init__(self) -> None:
        size = round(self.seconds * SAMPLE_RATE)
        noise = np.random.default_rng(round(self.seconds)).standard_normal(size)
        self.sound = (_NOISE * noise).astype(np.float32)

    def say(self, text: str, at: float, *, sound: Samples | None = None) -> "Channel":
        """Place a line of the sample, or another sound, and recognize it."""
        sound = line(text) if sound is None else sound
        begin = round(at * SAMPLE_RATE)
        self.sound[begin : begin + len(sound)] += sound
        self.segments.append(recognized(text, at, at + len(sound) / SAMPLE_RATE))
        return self

    @property
    def envelope(self) -> Envelope:
        """Envelope of the sound."""
        return envelope_of([self.sound])


@functools.cache
def voice(start: float, end: float) -> Samples:
    """Return a part of the sample (seconds)."""
    return read_window(sample().audio, start, end)


def line(text: str) -> Samples:
    """Return a line of the sample."""
    said = next(said for said in sample().utterances if said.text == text)
    return voice(said.start, said.end)


def recognized(text: str, start: float, end: float) -> RecognizedSegment:
    """Return a segment with words spread over its time by their length."""
    texts = text.split()
    edges = start + np.cumsum([0, *map(len, texts)]) * (end - start) / sum(map(len, texts))
    words = tuple(
        RecognizedWord(text=word, start=float(begin), end=float(stop), probability=0.9)
        for word, begin, stop in zip(texts, edges[:-1], edges[1:], strict=True)
    )
    return RecognizedSegment(
        start=start,
        end=end,
        text=text,
        words=words,
        language="en",
        avg_logprob=-0.2,
        no_speech_prob=0.0,
        compression_ratio=1.0,
        temperature=0.0,
    )


def leak(source: Channel, target: Channel, echo: Echo, *, lines: Sequence[str] = ()) -> None:
    """Add the echo of one channel to another, and recognize its lines there (by default all)."""
    sound = source.sound
    if echo.room:
        length = round(echo.room * SAMPLE_RATE)
        tail = np.random.default_rng(3).standard_normal(length)
        tail *= 10 ** (-3 * np.arange(length) / length)
        tail[0] = np.sqrt(np.square(tail[1:]).sum())
        heard = signal.fftconvolve(sound, tail / np.sqrt(np.square(tail).sum()))
        sound = heard[: len(sound)].astype(np.float32)
    delay = round(echo.delay * SAMPLE_RATE)
    late = np.concatenate([np.zeros(delay), sound])[: len(sound)]
    target.sound = (target.sound + 10 ** (echo.level / 20) * late).astype(np.float32)
    for said in source.segments:
        if not lines or said.text in lines:
            target.segments.append(
                recognized(said.text, said.start + echo.delay, said.end + echo.delay)
            )
    target.segments.sort(key=lambda segment: segment.start)


def stereo_call() -> bytes:
    """Return a recording of two people who take turns, one on each channel."""
    diane = Channel(seconds=20.0).say("Okay, then I thought you know, I heard a beep.", 1.0)
    diane.say("This is Diane in New Jersey.", 4.0)
    diane.say("Oh, I'm originally from Chicago also.", 12.0)
    sheila = Channel(seconds=20.0).say("And I'm Sheila in Texas, originally from Chicago.", 7.0)
    sheila.say("Well, there isn't that much difference.", 16.0)
    return float_wav(np.stack([diane.sound, sheila.sound], axis=1))
