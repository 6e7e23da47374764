import diarizer.engines.torch_runtime  # noqa: F401 - first: it prepares the other imports

# isort: split
import numpy as np
import numpy.typing as npt
import pytest
from pyannote.core import SlidingWindow, SlidingWindowFeature

from diarizer.engines.clustering import (
    OF_PARTS,
    OF_RECORDINGS,
    OF_SHORT_RECORDINGS,
    ClusteringParameters,
    VoiceClustering,
    parameters_for,
)

_FRAMES, _DIMENSION = 100, 192
#: Cosine of the embeddings of one person: that of telephone calls.
_ALIKE = 0.8


def people(*counts: int, likeness: float = 0.3) -> list[npt.NDArray[np.float32]]:
    """Embeddings per person, with `likeness` as the cosine of two people."""
    random = np.random.default_rng(3)

    def noise(count: int) -> npt.NDArray[np.float64]:
        found = random.standard_normal((count, _DIMENSION))
        return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True))

    common, own = noise(1)[0], noise(len(counts))
    centers = np.sqrt(likeness) * common + np.sqrt(1 - likeness) * own
    return [
        (np.sqrt(_ALIKE) * center + np.sqrt(1 - _ALIKE) * noise(count)).astype(np.float32)
        for center, count in zip(centers, counts, strict=True)
    ]


def chunks(
    first: npt.NDArray[np.float32],
    second: npt.NDArray[np.float32] | None = None,
    *,
    seconds: float = 3.0,
) -> tuple[npt.NDArray[np.float32], SlidingWindowFeature]:
    """Chunks of 10 s in which one voice speaks for so long, and then the other."""
    voices = [first] if second is None else [first, second]
    embeddings = np.full((len(first), 2, _DIMENSION), np.nan, dtype=np.float32)
    active = np.zeros((len(first), _FRAMES, 2))
    length = round(seconds / 10 * _FRAMES)
    for number, one in enumerate(voices):
        embeddings[:, number] = one
        active[:, number * 50 : number * 50 + length, number] = 1
    return embeddings, SlidingWindowFeature(active, SlidingWindow(duration=10.0, step=1.0))


def test_someone_who_speaks_little_is_a_person() -> None:
    said = people(40, 30, 7)
    embeddings, active = chunks(np.concatenate(said))
    found, _, _ = VoiceClustering(OF_SHORT_RECORDINGS)(embeddings=embeddings, segmentations=active)
    labels = np.split(found[:, 0], np.cumsum([len(one) for one in said])[:-1])
    assert [len(set(one)) for one in labels] == [1, 1, 1]
    assert len({one[0] for one in labels}) == 3


def test_a_few_sounds_are_nobody() -> None:
    said = people(40, 30, 4)
    embeddings, active = chunks(np.concatenate(said))
    found, _, _ = VoiceClustering(OF_SHORT_RECORDINGS)(embeddings=embeddings, segmentations=active)
    assert len(set(found[:, 0])) == 2


@pytest.mark.parametrize(("likeness", "heard"), [(0.3, 2), (0.55, 2), (0.9, 1)])
def test_likeness_of_voices_decides(likeness: float, heard: int) -> None:
    embeddings, active = chunks(np.concatenate(people(30, 30, likeness=likeness)))
    found, _, _ = VoiceClustering(OF_SHORT_RECORDINGS)(embeddings=embeddings, segmentations=active)
    assert len(set(found[:, 0])) == heard


def test_voices_of_one_chunk_are_different_people() -> None:
    ann, bob = people(40, 40)
    # In the last chunk, both of its voices resemble Ann.
    bob[-1] = 0.9 * ann[-1] + 0.1 * bob[-1]
    embeddings, active = chunks(ann, bob)
    clustering = VoiceClustering(OF_SHORT_RECORDINGS)
    found, _, _ = clustering(embeddings=embeddings, segmentations=active)
    assert found[-1, 0] != found[-1, 1]
    clustering.use(OF_PARTS)
    found, _, _ = clustering(embeddings=embeddings, segmentations=active)
    assert found[-1, 0] == found[-1, 1]


@pytest.mark.parametrize(("seconds", "clustered"), [(1.7, True), (1.4, False)])
def test_short_speech_is_not_clustered(seconds: float, clustered: bool) -> None:
    embeddings, active = chunks(people(20)[0], seconds=seconds)
    kept, _, _ = VoiceClustering(OF_SHORT_RECORDINGS).filter_embeddings(embeddings, active)
    assert len(kept) == (20 if clustered else 0)


@pytest.mark.parametrize(
    ("seconds", "part", "expected"),
    [
        (30.0, False, OF_SHORT_RECORDINGS),
        (300.0, False, OF_SHORT_RECORDINGS),
        (301.0, False, OF_RECORDINGS),
        (30.0, True, OF_PARTS),
        (600.0, True, OF_PARTS),
    ],
)
def test_parameters_suit_the_length(
    seconds: float, part: bool, expected: ClusteringParameters
) -> None:
    assert parameters_for(seconds, part=part) == expected
