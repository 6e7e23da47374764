"""Channels of recordings: voices on some of them, parties apart, and rooms."""

import numpy as np

from common.audio.resampling import SAMPLE_RATE, Samples
from tests.recordings.speech import DIANE, SHEILA, Utterance

#: Seconds until the second voice begins to talk over the first one.
OVERLAP_START = 0.4
#: Paths of two talkers to two microphones 40 cm apart: delay in samples of 16 kHz, and gain.
_PATHS = {DIANE: ((0, 1.0), (12, 0.8)), SHEILA: ((10, 0.75), (0, 1.0))}
#: Reflections of a small room: delay in samples of 16 kHz, and gain, per microphone.
_REFLECTIONS = (((90, 0.3), (211, 0.2), (437, 0.1)), ((113, 0.3), (187, 0.2), (463, 0.1)))


def only(
    channel: int, of: int, *, utterance: Utterance = DIANE, rate: int = SAMPLE_RATE
) -> Samples:
    """Return `of` channels, silent but for the given one, counted from 1."""
    voice = utterance.at(rate)
    channels = np.zeros((of, len(voice)), np.float32)
    channels[channel - 1] = voice
    return channels


def copies(*gains: float, rate: int = SAMPLE_RATE) -> Samples:
    """Return a channel per gain with the same voice. A negative gain inverts it."""
    return np.outer(np.array(gains, np.float32), DIANE.at(rate)).astype(np.float32)


def noisy(channels: Samples, *, decibels: float, seed: int = 1) -> Samples:
    """Return the channels, each with noise of its own at the level below full scale."""
    noise = np.random.default_rng(seed).standard_normal(channels.shape)
    return np.asarray(channels + noise * 10 ** (decibels / 20), np.float32)


def conversation(rate: int = SAMPLE_RATE) -> Samples:
    """Return one voice after the other in one channel."""
    return np.concatenate([DIANE.at(rate), SHEILA.at(rate)])


def turns(rate: int = SAMPLE_RATE) -> Samples:
    """Return two channels: first one voice speaks on the first, then another on the second."""
    one, other = DIANE.at(rate), SHEILA.at(rate)
    return np.stack(
        [
            np.concatenate([one, np.zeros(len(other), np.float32)]),
            np.concatenate([np.zeros(len(one), np.float32), other]),
        ]
    )


def overlap(rate: int = SAMPLE_RATE) -> Samples:
    """Return two channels with one voice each, both speaking at once."""
    first, second = DIANE.at(rate), SHEILA.at(rate)
    lead = round(OVERLAP_START * rate)
    channels = np.zeros((2, max(len(first), lead + len(second))), np.float32)
    channels[0, : len(first)] = first
    channels[1, lead : lead + len(second)] = second
    return channels


def bleeding(channels: Samples, *, decibels: float, delay: int = 0) -> Samples:
    """Return two channels, each of them with the other one `delay` samples later and lower."""
    other = np.roll(channels[::-1], delay, axis=1)
    other[:, :delay] = 0.0
    return np.asarray(channels + other * 10 ** (decibels / 20), np.float32)


def room() -> Samples:
    """Return two voices, one after the other, as a pair of microphones hears them in a room."""
    lengths = [len(voice.samples) for voice in _PATHS]
    heard = np.zeros((2, sum(lengths)), np.float32)
    begin = 0
    for voice, paths in _PATHS.items():
        for microphone, (delay, gain) in enumerate(paths):
            for late, share in ((0, 1.0), *_REFLECTIONS[microphone]):
                sound = voice.samples * np.float32(gain * share)
                start = begin + delay + late
                stop = min(start + len(sound), heard.shape[1])
                heard[microphone, start:stop] += sound[: stop - start]
        begin += len(voice.samples)
    return noisy(heard * np.float32(0.7), decibels=-60)


def rumble(length: int, rate: int = SAMPLE_RATE) -> Samples:
    """Return the sound of a subwoofer's channel: nothing above 80 Hz."""
    times = np.arange(length) / rate
    return np.asarray(0.2 * np.sin(2 * np.pi * 45 * times) * np.sin(2 * np.pi * 0.7 * times), "f4")


def spread(channels: Samples, places: tuple[int, ...], *, of: int) -> Samples:
    """Return `of` channels, silent but for those at the places, counted from 1."""
    wide = np.zeros((of, channels.shape[1]), np.float32)
    for place, channel in zip(places, channels, strict=True):
        wide[place - 1] = channel
    return wide
