import numpy as np
import pytest

from diarizer.engines.clustering import (
    OF_RECORDINGS,
    FloatArray,
    IntArray,
    Limits,
    cluster,
)

ANYBODY = Limits(least=1, most=10)


def people(*counts: int, likeness: float = 0.3, seed: int = 1) -> FloatArray:
    """Return so many embeddings of each person. `likeness` is the cosine of two people."""
    dice = np.random.default_rng(seed)
    axes = np.eye(192)
    shared = np.sqrt(likeness) * axes[0]
    found = []
    for person, count in enumerate(counts, start=1):
        mean = shared + np.sqrt(1 - likeness) * axes[person]
        noise = dice.normal(size=(count, 192)) * 0.6 / np.sqrt(192)
        found.append((mean + noise) * dice.uniform(0.5, 2.0, (count, 1)))
    return np.concatenate(found).astype(np.float32)


def find(
    vectors: FloatArray,
    *,
    seconds: float | list[float] = 1.5,
    limits: Limits = ANYBODY,
    agreement: FloatArray | None = None,
) -> IntArray:
    count = len(vectors)
    lengths = np.broadcast_to(np.array(seconds, dtype=np.float32), (count,))
    known = np.zeros((count, count), dtype=np.float32) if agreement is None else agreement
    return cluster(vectors, lengths, known, OF_RECORDINGS, limits)


@pytest.mark.parametrize("counts", [(1,), (2,), (20,), (9, 5), (20, 10, 3, 2), (4, 4, 4, 4, 4, 4)])
def test_each_person_is_found(counts: tuple[int, ...]) -> None:
    labels = find(people(*counts))
    assert sorted(np.bincount(labels)) == sorted(counts)
    ends = np.cumsum(counts)
    for first, last in zip([0, *ends], ends, strict=False):
        assert len(set(labels[first:last])) == 1


@pytest.mark.parametrize(("likeness", "heard"), [(0.3, 2), (0.9, 1)])
def test_likeness_of_voices_decides(likeness: float, heard: int) -> None:
    assert len(set(find(people(10, 10, likeness=likeness)))) == heard


def test_someone_who_hardly_speaks_is_taken_for_another() -> None:
    vectors = people(20, 20, 1)
    assert set(find(vectors, seconds=[1.5] * 40 + [1.4])) == {0, 1}
    # More than 1.5 seconds, and than three hundredths of all speech, make a person.
    assert len(set(find(vectors, seconds=[1.5] * 40 + [2.5]))) == 3


def test_more_speech_is_wanted_in_longer_recordings() -> None:
    assert [OF_RECORDINGS.least_seconds(one) for one in (10.0, 100.0, 1000.0)] == [1.5, 3.0, 5.0]


def test_brief_stretches_make_no_people_but_are_assigned() -> None:
    vectors = people(10, 10, 5)
    labels = find(vectors, seconds=[1.5] * 20 + [0.5] * 5)
    assert set(labels) == {0, 1}
    labels = find(people(10, 10), seconds=([1.5] * 8 + [0.5] * 2) * 2)
    assert labels.tolist() == [labels[0]] * 10 + [labels[10]] * 10
    assert labels[0] != labels[10]


def test_nothing_but_brief_stretches_is_clustered() -> None:
    assert len(set(find(people(10, 10), seconds=0.4))) == 2


@pytest.mark.parametrize(
    ("least", "most", "wanted"), [(1, 2, 2), (1, 1, 1), (5, 5, 5), (4, 10, 4), (12, 12, 12)]
)
def test_limits_hold(least: int, most: int, wanted: int) -> None:
    labels = find(people(10, 8, 6), limits=Limits(least=least, most=most))
    assert len(set(labels)) == wanted


def test_limit_above_the_number_of_stretches_gives_each_its_own() -> None:
    assert len(set(find(people(3), limits=Limits(least=5, most=5)))) == 3


def test_chunks_decide_in_doubt() -> None:
    vectors = people(6, 6, likeness=0.75)
    side = np.repeat([1.0, -1.0], 6)
    apart = np.outer(side, side).astype(np.float32)
    assert len(set(find(vectors))) == 1
    assert len(set(find(vectors, agreement=apart))) == 2


def test_result_does_not_depend_on_the_order() -> None:
    vectors = people(12, 7, 4)
    order = np.random.default_rng(5).permutation(len(vectors))
    labels, other = find(vectors), find(vectors[order])
    assert (labels[order][:, None] == labels[order]).tolist() == (other[:, None] == other).tolist()
