"""The pipeline does as that of pyannote does, in less memory."""

import numpy as np
import numpy.typing as npt
import pytest
from pyannote.audio.pipelines.speaker_diarization import SpeakerDiarization
from pyannote.core import SlidingWindow, SlidingWindowFeature

from diarizer.engines.embedded_pipeline import EmbeddedPipeline

_CHUNKS = SlidingWindow(start=0.0, duration=10.0, step=1.0)
_FRAMES = SlidingWindow(start=0.0, duration=0.0619375, step=0.016875)
_VOICES = 3


def _chunks(
    count: int, clusters: int, seed: int
) -> tuple[SlidingWindowFeature, npt.NDArray[np.int64]]:
    """Return the activity of voices in chunks, and the cluster of each voice."""
    dice = np.random.default_rng(seed)
    active = dice.random((count, 589, _VOICES)) < (0.5, 0.3, 0.1)
    active[:, :, 2] &= dice.random((count, 1)) < 0.5
    of_voices = dice.integers(0, clusters, (count, _VOICES))
    of_voices[active.sum(axis=1) == 0] = -2
    return SlidingWindowFeature(active.astype(np.float32), _CHUNKS), of_voices


def _pipeline() -> EmbeddedPipeline:
    return EmbeddedPipeline.__new__(EmbeddedPipeline)


@pytest.mark.parametrize(("count", "clusters"), [(1, 1), (1, 4), (40, 1), (40, 2), (40, 30)])
@pytest.mark.parametrize("most", [1, 2, 3])
def test_turns_are_those_of_the_parent(count: int, clusters: int, most: int) -> None:
    segmentations, of_voices = _chunks(count, clusters, seed=count + clusters + most)
    speaking = SpeakerDiarization.speaker_count(segmentations, _FRAMES, warm_up=(0.0, 0.0))
    speaking.data = np.minimum(speaking.data, most)
    found = _pipeline().reconstruct(segmentations, of_voices, speaking)
    wanted = SpeakerDiarization.reconstruct(_pipeline(), segmentations, of_voices, speaking)
    assert wanted.data.any()
    np.testing.assert_array_equal(found.data, wanted.data)
    assert found.sliding_window.start == wanted.sliding_window.start
    assert found.sliding_window.step == wanted.sliding_window.step
