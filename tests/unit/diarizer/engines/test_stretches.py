import numpy as np
import pytest

from diarizer.engines.stretches import (
    NOBODY,
    BoolArray,
    Chunks,
    agreement,
    find_stretches,
    label_frames,
    nearest,
)

STEP = 0.02
#: Frames of a chunk, and between the beginnings of two: 10 s and 1 s.
LENGTH, SHIFT = 500, 50


def chunks(*turns: tuple[float, float, int], seconds: float = 20.0) -> Chunks:
    """Return what a segmentation finds that hears all turns (start, end, person) exactly.

    In each chunk, the first three people who speak have the voices 0 to 2, and all further ones
    share the last voice.
    """
    frames = round(seconds / STEP)
    people = max(who for *_, who in turns) + 1
    truth = np.zeros((frames, people), dtype=np.bool_)
    for start, end, who in turns:
        truth[round(start / STEP) : round(end / STEP), who] = True
    starts = list(range(0, frames - LENGTH + 1, SHIFT))
    active = np.zeros((len(starts), LENGTH, 3), dtype=np.bool_)
    for chunk, start in enumerate(starts):
        heard = truth[start : start + LENGTH]
        order = sorted(np.flatnonzero(heard.any(axis=0)), key=lambda one: heard[:, one].argmax())
        for place, one in enumerate(order):
            active[chunk, :, min(place, 2)] |= heard[:, one]
    return Chunks(active=active, starts=starts, step=STEP)


def times(found: list[np.ndarray]) -> list[tuple[float, float]]:
    return [(float(one[0] * STEP), float((one[-1] + 1) * STEP)) for one in found]


def test_stretches_end_where_the_voice_changes() -> None:
    found = find_stretches(chunks((1.0, 2.5, 0), (2.5, 4.0, 1), (4.5, 5.5, 1)))
    assert times(found) == [
        pytest.approx((1.0, 2.5), abs=0.05),
        pytest.approx((2.5, 4.0), abs=0.05),
        pytest.approx((4.5, 5.5), abs=0.05),
    ]


def test_brief_pauses_do_not_end_a_stretch() -> None:
    found = find_stretches(chunks((1.0, 1.6, 0), (1.66, 2.4, 0), (3.0, 4.0, 0)))
    assert times(found) == [pytest.approx((1.0, 2.4)), pytest.approx((3.0, 4.0))]
    assert len(found[0]) == round((0.6 + 0.74) / STEP)


def test_long_stretches_are_cut_evenly() -> None:
    found = find_stretches(chunks((2.0, 7.0, 0)))
    assert times(found) == [
        pytest.approx((2.0, 3.68)), pytest.approx((3.68, 5.34)), pytest.approx((5.34, 7.0)),
    ]  # fmt: skip


def test_two_at_once_are_no_stretch() -> None:
    found = find_stretches(chunks((1.0, 3.0, 0), (2.0, 4.0, 1)))
    assert times(found) == [pytest.approx((1.0, 2.0)), pytest.approx((3.0, 4.0))]


def test_silence_has_no_stretches() -> None:
    nothing = Chunks(
        active=np.zeros((3, LENGTH, 3), dtype=np.bool_), starts=[0, 50, 100], step=STEP
    )
    assert find_stretches(nothing) == []


def test_chunks_say_which_stretches_are_one_voice() -> None:
    heard = chunks((1.0, 2.5, 0), (3.0, 4.5, 1), (5.0, 6.5, 0), (17.0, 18.5, 1))
    found = agreement(heard, find_stretches(heard))
    assert found.tolist() == [[1, -1, 1, 0], [-1, 1, -1, 0], [1, -1, 1, 0], [0, 0, 0, 1]]


def test_disagreeing_chunks_count_by_their_share() -> None:
    heard = chunks((11.0, 12.0, 0), (12.5, 13.5, 1))
    spoilt: BoolArray = heard.active.copy()
    # In one of the eight chunks that contain both, they are one voice.
    spoilt[5, :, 0] |= spoilt[5, :, 1]
    spoilt[5, :, 1] = False
    chosen = Chunks(active=spoilt, starts=heard.starts, step=STEP)
    assert agreement(chosen, find_stretches(heard))[0, 1] == pytest.approx(2 / 8 - 1)


def test_people_who_share_a_voice_are_told_apart() -> None:
    heard = chunks(*((1.0 + 1.5 * one, 2.2 + 1.5 * one, one) for one in range(5)), seconds=10.0)
    stretches = find_stretches(heard)
    assert len(stretches) == 5
    labels = label_frames(heard, stretches, range(5))
    # Three of them are one voice of the only chunk.
    assert set(labels[0, :, 2]) == {NOBODY, 2, 3, 4}
    for label, stretch in enumerate(stretches):
        assert (labels[0, stretch].max(axis=1) == label).all()


def test_overlap_belongs_to_the_nearest_stretch_of_each_voice() -> None:
    heard = chunks((1.0, 3.0, 0), (2.5, 4.5, 1), seconds=10.0)
    labels = label_frames(heard, find_stretches(heard), [7, 8])
    overlap = labels[0, round(2.5 / STEP) : round(3.0 / STEP)]
    assert np.unique(overlap, axis=0).tolist() == [[7, 8, NOBODY]]


def test_voice_that_is_never_alone_is_nobodys() -> None:
    heard = chunks((1.0, 3.0, 0), (1.5, 2.0, 1), seconds=10.0)
    labels = label_frames(heard, find_stretches(heard), [0, 0])
    assert (labels[0, :, 1] == NOBODY).all()
    assert (labels[0, round(1.0 / STEP) : round(3.0 / STEP), 0] == 0).all()


def test_nearest_place() -> None:
    found = nearest(np.array([10, 20]), np.array([0, 14, 15, 16, 99]))
    assert found.tolist() == [10, 10, 20, 20, 20]
