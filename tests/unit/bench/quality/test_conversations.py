import numpy as np
import pytest

from bench.quality.conversations import Piece, Plan, compose, leveled, speech
from common.audio.resampling import SAMPLE_RATE, Samples


def noise(seconds: float, seed: int = 1) -> Samples:
    sound = np.random.default_rng(seed).standard_normal(round(seconds * SAMPLE_RATE))
    return np.asarray(0.05 * sound, np.float32)


PEOPLE = {
    f"{number}": [
        Piece(speaker=f"{number}", samples=noise(4.0, 10 * number + n), text=f"words {n}")
        for n in range(8)
    ]
    for number in range(5)
}


def plan(**values: float) -> Plan:
    chosen: dict[str, float] = {"people": 3, "overlap": 0.0, "seconds": 60.0, "seed": 1, **values}
    return Plan(name="x", **chosen)  # type: ignore[arg-type]


def test_pauses_within_an_utterance_are_not_speech() -> None:
    quiet = np.zeros(SAMPLE_RATE, np.float32)
    found = speech(np.concatenate([quiet, noise(2.0), quiet, noise(1.0)]))
    assert found == [pytest.approx((1.0, 3.0), abs=0.02), pytest.approx((4.0, 5.0), abs=0.02)]


def test_level_does_not_depend_on_pauses() -> None:
    quiet = np.zeros(2 * SAMPLE_RATE, np.float32)
    found = leveled(np.concatenate([quiet, 5 * noise(2.0)]))
    assert np.sqrt(np.mean(found[2 * SAMPLE_RATE :] ** 2)) == pytest.approx(0.05, rel=0.05)


def test_everybody_speaks_and_nothing_is_said_twice() -> None:
    found = compose(plan(), PEOPLE)
    assert len({one.speaker for one in found.utterances}) == 3
    said = [(one.speaker, one.text) for one in found.utterances]
    assert len(said) == len(set(said))
    assert found.overlap == 0.0
    assert all(
        0 <= start < end <= len(found.samples) / SAMPLE_RATE for start, end, _ in found.turns
    )
    starts = [one.start for one in found.utterances]
    assert starts == sorted(starts)


def test_overlap_is_about_the_share_asked_for() -> None:
    shares = [
        compose(plan(overlap=share, seconds=80.0), PEOPLE).overlap for share in (0.1, 0.2, 0.4)
    ]
    assert shares == sorted(shares)
    assert shares == [pytest.approx(share, abs=0.15) for share in (0.1, 0.2, 0.4)]


def test_same_plan_makes_the_same_conversation() -> None:
    one, other = compose(plan(overlap=0.2), PEOPLE), compose(plan(overlap=0.2), PEOPLE)
    assert one.turns == other.turns
    assert np.array_equal(one.samples, other.samples)
