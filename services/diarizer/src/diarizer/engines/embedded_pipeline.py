"""Speaker diarization of pyannote with models from packages: segmentation-3.0 and CAM++."""

import diarizer.engines.torch_runtime  # noqa: F401 - first: it prepares the other imports

# isort: split
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pyannote.audio import Model
from pyannote.audio.core.plda import PLDA
from pyannote.audio.pipelines.speaker_diarization import SpeakerDiarization
from pyannote.core import SlidingWindow, SlidingWindowFeature

from diarizer.engines import clustering, embedding_reuse
from diarizer.engines.campplus import DIMENSION, HOP, SAMPLE_RATE, CampPlus, frame_count
from diarizer.engines.networks import Network

BoolArray = npt.NDArray[np.bool_]

SEGMENTATION_STEP = 0.1


class _NoPlda(PLDA):
    """Argument to keep the constructor from looking for a PLDA on the hub. Never called."""

    def __init__(self) -> None:
        pass


class EmbeddedPipeline(SpeakerDiarization):
    """SpeakerDiarization with local models, agglomerative clustering and reused embeddings."""

    def __init__(
        self,
        *,
        segmentation: Path,
        embedder: CampPlus,
        network: Network | None = None,
        segmentation_batch: int = 8,
        embedding_batch: int = 4,
    ) -> None:
        """Load the segmentation model from a checkpoint file.

        `network` is the same network, run in its place: for a CPU, or for several recordings
        together on a card. It takes and returns tensors of the CPU.

        The checkpoint is a pickle, so it must come from a verified model directory. Batches of 8
        and 4 are the fastest on CPUs.

        The parent would fetch an embedding by name, except with the clustering needing none.
        Therefore this one is requested, and replaced afterwards.
        """
        model = Model.from_pretrained(segmentation)
        if model is None:
            raise RuntimeError(f"{segmentation} contains no model")
        if network is not None:
            model.forward = network  # type: ignore[assignment]
        super().__init__(
            segmentation=model,
            segmentation_step=SEGMENTATION_STEP,
            segmentation_batch_size=segmentation_batch,
            embedding_batch_size=embedding_batch,
            embedding_exclude_overlap=True,
            plda=_NoPlda(),
            clustering="OracleClustering",
        )
        self.klustering = "AgglomerativeClustering"
        self.clustering = clustering.VoiceClustering()
        self._expects_num_speakers = False
        self._embedding = embedder
        self._single = False
        first = clustering.OF_RECORDINGS
        chosen = {
            name: getattr(first, name) for name in ("method", "threshold", "min_cluster_size")
        }
        self.instantiate({"segmentation": {"min_duration_off": 0.0}, "clustering": chosen})

    def apply(
        self,
        file: Any,
        num_speakers: int | None = None,
        min_speakers: int | None = None,
        max_speakers: int | None = None,
        hook: Callable[..., None] | None = None,
        *,
        part: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Diarize a file, as SpeakerDiarization does. One speaker needs no comparison of voices.

        In a `part` of a recording, rather too many speakers are found.
        """
        self._single = (num_speakers or max_speakers) == 1
        seconds = file["waveform"].shape[-1] / SAMPLE_RATE
        self.clustering.use(clustering.parameters_for(seconds, part=part))
        return super().apply(
            file,
            num_speakers=num_speakers,
            min_speakers=min_speakers,
            max_speakers=max_speakers,
            hook=hook,
            **kwargs,
        )

    def reconstruct(
        self,
        segmentations: SlidingWindowFeature,
        hard_clusters: npt.NDArray[Any],
        count: SlidingWindowFeature,
    ) -> SlidingWindowFeature:
        """Return who speaks in each frame: 0 or 1 per cluster, (frames, clusters).

        The arguments are those of the parent: segmentations (chunks, frames, voices), the cluster
        of each voice (chunks, voices) with -2 for silence, and the number of speakers (frames, 1).
        So is the result, but the parent needs an array of (chunks, frames, clusters) for it.
        """
        activations = _activations(segmentations, hard_clusters, count.sliding_window)
        missing = int(np.max(count.data)) - activations.data.shape[1]
        if missing > 0:
            activations.data = np.pad(activations.data, ((0, 0), (0, missing)))
        extent = activations.extent & count.extent
        activations = activations.crop(extent, return_data=False)
        speakers = count.crop(extent, return_data=False).data
        order = np.argsort(-activations.data, axis=-1)
        binary = np.zeros_like(activations.data)
        ranks = np.arange(binary.shape[1])
        np.put_along_axis(binary, order, (ranks < speakers).astype(binary.dtype), axis=-1)
        return SlidingWindowFeature(binary, activations.sliding_window)

    def get_embeddings(
        self,
        file: Mapping[str, Any],
        binary_segmentations: SlidingWindowFeature,
        exclude_overlap: bool = False,
        hook: Callable[..., None] | None = None,
    ) -> npt.NDArray[np.float32]:
        """Embed each (chunk, voice): (chunks, voices, 192), NaN for silent voices.

        If there is one speaker only, return zeros, since nothing is compared.
        """
        if self._single:
            chunks, _, voices = binary_segmentations.data.shape
            return np.zeros((chunks, voices, DIMENSION), dtype=np.float32)
        window = binary_segmentations.sliding_window
        waveform = file["waveform"][0].numpy()
        last = (len(binary_segmentations) - 1) * window.step + window.duration
        missing = max(0, round(last * SAMPLE_RATE) - len(waveform))
        features = self._embedding.features(waveform, silence=missing)
        masks = _voice_masks(binary_segmentations.data, exclude_overlap=exclude_overlap)
        step = round(window.step * SAMPLE_RATE / HOP)
        chosen = embedding_reuse.plan(
            _to_feature_frames(masks, frame_count(round(window.duration * SAMPLE_RATE))),
            [chunk * step for chunk in range(len(masks))],
        )

        def on_batch(done: int, total: int) -> None:
            if hook is not None:
                hook("embeddings", None, completed=done, total=total)

        return embedding_reuse.embed_plan(
            chosen,
            features,
            self._embedding,
            batch_size=self.embedding_batch_size,
            on_batch=on_batch,
        )


def _activations(
    segmentations: SlidingWindowFeature, hard_clusters: npt.NDArray[Any], frames: SlidingWindow
) -> SlidingWindowFeature:
    """Return in how many chunks each cluster speaks, by frame of the recording."""
    chunks = segmentations.sliding_window
    grid = SlidingWindow(start=chunks.start, duration=frames.duration, step=frames.step)
    half = 0.5 * frames.duration
    number, length, _ = segmentations.data.shape
    end = chunks.start + chunks.duration + (number - 1) * chunks.step
    found = np.zeros((grid.closest_frame(end + half) + 1, np.max(hard_clusters) + 1), np.float32)
    for of_voices, (chunk, active) in zip(hard_clusters, segmentations, strict=True):
        first = grid.closest_frame(chunk.start + half)
        for cluster in np.unique(of_voices[of_voices >= 0]):
            found[first : first + length, cluster] += active[:, of_voices == cluster].max(axis=1)
    return SlidingWindowFeature(found, grid)


def _voice_masks(segmentations: npt.NDArray[Any], *, exclude_overlap: bool) -> BoolArray:
    """Return the activity of each voice: (chunks, voices, frames).

    With `exclude_overlap`, count only frames of a single voice, unless there are very few.
    """
    active: BoolArray = segmentations.transpose(0, 2, 1) > 0.5  # Not a number is not active.
    if not exclude_overlap:
        return active
    alone: BoolArray = active & (active.sum(axis=1, keepdims=True) == 1)
    frames = active.shape[2]
    enough = alone.sum(axis=2, keepdims=True) > 0.05 * frames
    return np.where(enough, alone, active)


def _to_feature_frames(masks: BoolArray, frames: int) -> BoolArray:
    """Stretch masks from the segmentation's frames to `frames` feature frames (nearest)."""
    positions = ((np.arange(frames) + 0.5) * masks.shape[2] / frames).astype(np.int64)
    stretched: BoolArray = masks[:, :, positions]
    return stretched
