"""The diarization that the product is measured against: pyannote's pipeline with the same models.

It clusters the voices of chunks, as pyannote does. Embeddings of a voice that a recent chunk had in
the same places are reused, which saves about two thirds of the work at the same error rate.
"""

import diarizer.engines.torch_runtime  # noqa: F401 - first: it prepares the other imports

# isort: split
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from pyannote.audio.pipelines.clustering import AgglomerativeClustering
from pyannote.audio.pipelines.speaker_diarization import SpeakerDiarization
from pyannote.core import SlidingWindowFeature

from diarizer.engines.campplus import DIMENSION, HOP, SAMPLE_RATE, frame_count
from diarizer.engines.embedded_pipeline import EmbeddedPipeline
from diarizer.engines.embedding_batches import embed_frames

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

#: Tuned for CAM++ on the telephone call and the meeting.
_THRESHOLD, _LEAST_CHUNKS = 0.70, 12
#: Least overlap (intersection over union) of a voice with a recent one whose embedding it gets.
_REUSE_IOU = 0.5
#: Most frames of a voice to embed: four seconds.
_MOST_FRAMES = 400


class PlainPipeline(EmbeddedPipeline):
    """SpeakerDiarization with local models and agglomerative clustering."""

    def __init__(self, **options: Any) -> None:
        """Take the options of EmbeddedPipeline."""
        super().__init__(**options)
        self.klustering = "AgglomerativeClustering"
        self.clustering = AgglomerativeClustering(metric="cosine")
        self._expects_num_speakers = False
        chosen = {
            "method": "centroid",
            "threshold": _THRESHOLD,
            "min_cluster_size": _LEAST_CHUNKS,
        }
        self.instantiate({"segmentation": {"min_duration_off": 0.0}, "clustering": chosen})

    apply = SpeakerDiarization.apply

    def get_embeddings(
        self,
        file: Mapping[str, Any],
        binary_segmentations: SlidingWindowFeature,
        exclude_overlap: bool = False,
        hook: Callable[..., None] | None = None,  # noqa: ARG002 - an argument of the parent
    ) -> npt.NDArray[np.float32]:
        """Embed each (chunk, voice): (chunks, voices, 192), NaN for silent voices."""
        window = binary_segmentations.sliding_window
        waveform = file["waveform"][0].numpy()
        last = (len(binary_segmentations) - 1) * window.step + window.duration
        silence = max(0, round(last * SAMPLE_RATE) - len(waveform))
        features = self._embedding.features(waveform, silence=silence)
        masks = _voice_masks(binary_segmentations.data, exclude_overlap=exclude_overlap)
        step = round(window.step * SAMPLE_RATE / HOP)
        frames, source = _plan(
            _to_feature_frames(masks, frame_count(round(window.duration * SAMPLE_RATE))),
            [chunk * step for chunk in range(len(masks))],
        )
        vectors = np.full((len(frames) + 1, DIMENSION), np.nan, dtype=np.float32)
        vectors[:-1] = embed_frames(
            [_middle(one) for one in frames],
            features,
            self._embedding,
            batch_size=self.embedding_batch_size,
            on_batch=lambda *_: None,
        )
        # The last row stays NaN, for index -1.
        return vectors[source]


def _voice_masks(segmentations: npt.NDArray[Any], *, exclude_overlap: bool) -> BoolArray:
    """Return the activity of each voice: (chunks, voices, frames).

    With `exclude_overlap`, count only frames of a single voice, unless there are very few.
    """
    active: BoolArray = segmentations.transpose(0, 2, 1) > 0.5  # Not a number is not active.
    if not exclude_overlap:
        return active
    alone: BoolArray = active & (active.sum(axis=1, keepdims=True) == 1)
    enough = alone.sum(axis=2, keepdims=True) > 0.05 * active.shape[2]
    return np.where(enough, alone, active)


def _to_feature_frames(masks: BoolArray, frames: int) -> BoolArray:
    """Stretch masks from the segmentation's frames to `frames` feature frames (nearest)."""
    positions = ((np.arange(frames) + 0.5) * masks.shape[2] / frames).astype(np.int64)
    stretched: BoolArray = masks[:, :, positions]
    return stretched


def _middle(frames: IntArray) -> IntArray:
    spare = max(0, len(frames) - _MOST_FRAMES) // 2
    return frames[spare : spare + _MOST_FRAMES]


def _plan(masks: BoolArray, starts: Sequence[int]) -> tuple[list[IntArray], IntArray]:
    """Return the feature frames of each voice to embed, and which one each (chunk, voice) has.

    `masks` is (chunks, voices, frames), `starts` the first feature frame of each chunk. Silence has
    the embedding -1.
    """
    chunks, voices, length = masks.shape
    source = np.full((chunks, voices), -1, dtype=np.int64)
    embedded: list[IntArray] = []
    recent: deque[tuple[int, IntArray]] = deque()
    for chunk, start in enumerate(starts):
        while recent and recent[0][1][-1] < start:
            recent.popleft()
        fresh: list[tuple[int, IntArray]] = []
        for voice in range(voices):
            frames = np.flatnonzero(masks[chunk, voice]) + start
            if not len(frames):
                continue
            match = _best_match(frames, recent, start, length)
            if match is None:
                match = len(embedded)
                embedded.append(frames)
                fresh.append((match, frames))
            source[chunk, voice] = match
        # Voices of one chunk never share an embedding.
        recent.extend(fresh)
    return embedded, source


def _best_match(
    frames: IntArray, recent: deque[tuple[int, IntArray]], start: int, length: int
) -> int | None:
    best, best_iou = None, _REUSE_IOU
    present = np.zeros(length, dtype=np.bool_)
    present[frames - start] = True
    for index, other in recent:
        inside = other[other >= start] - start
        common = int(np.count_nonzero(present[inside[inside < length]]))
        iou = common / (len(frames) + len(other) - common)
        if iou >= best_iou:
            best, best_iou = index, iou
    return best
