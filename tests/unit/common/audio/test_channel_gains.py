import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from common.audio.channel_gains import gains
from common.audio.evidence import Excerpts
from tests.unit.common.audio.voices import noise, taking_turns, voice

_SPEECH = voice(6, seed=1)
_ONE, _TWO = taking_turns(12, seed=1)


def mixture(sounds: np.ndarray) -> tuple[np.ndarray, list[float]]:
    excerpts = Excerpts(len(sounds))
    excerpts.add(sounds.astype(np.float32))
    chosen = gains(range(len(sounds)), excerpts.finish())
    return np.array(chosen) @ sounds, chosen


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.one_of(st.just(0.0), st.floats(0.01, 1), st.floats(-1, -0.01)), min_size=1, max_size=8
    ).filter(any)
)
def test_no_mixture_of_one_voice_cancels(amplitudes: list[float]) -> None:
    mixed, chosen = mixture(np.outer(amplitudes, _SPEECH))
    expected = sum(abs(g * a) for g, a in zip(chosen, amplitudes, strict=True))
    assert np.sum(np.abs(chosen)) == 1.0 or abs(np.sum(np.abs(chosen)) - 1) < 1e-6
    assert np.std(mixed) >= 0.99 * expected * np.std(_SPEECH)


def test_inverted_channel_in_noise_is_inverted_back() -> None:
    level = 10 * np.log10(np.mean(_SPEECH**2)) - 3
    sounds = np.stack([_SPEECH + noise(6, level, seed=1), -0.5 * _SPEECH + noise(6, level, seed=2)])
    _, chosen = mixture(sounds)
    assert chosen == [0.5, -0.5]


def test_unrelated_channels_keep_their_sign_and_equal_gains() -> None:
    _, chosen = mixture(np.stack([voice(6, seed=seed) for seed in range(4)]))
    assert chosen == [0.25] * 4


def test_voices_of_both_polarities_are_heard() -> None:
    sides = np.stack([_ONE + _TWO, _ONE - _TWO])
    _, chosen = mixture(sides)
    one, two = (abs(np.sum(np.array(chosen) * signs)) for signs in ([1, 1], [1, -1]))
    assert min(one, two) > 0.3


def test_figures_of_eight_leave_every_direction_audible() -> None:
    angles = np.radians(np.arange(0, 360, 45))
    voices = [voice(24, seed=n, turns=[(3 * n, 3 * n + 3)]) for n in range(8)]
    patterns = np.stack([np.ones(8), np.cos(angles), np.sin(angles)])
    _, chosen = mixture(patterns @ np.stack(voices))
    assert np.abs(np.array(chosen) @ patterns).min() > 0.2
