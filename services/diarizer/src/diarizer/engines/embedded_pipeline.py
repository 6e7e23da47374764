"""Speaker diarization of pyannote with models from packages: segmentation-3.0 and CAM++."""

import diarizer.engines.torch_runtime  # noqa: F401 - first: it prepares the other imports

# isort: split
import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pyannote.audio import Model
from pyannote.audio.core.plda import PLDA
from pyannote.audio.pipelines.speaker_diarization import DiarizeOutput, SpeakerDiarization
from pyannote.core import Annotation, SlidingWindow, SlidingWindowFeature

from diarizer.engines.campplus import DIMENSION, FRAME, HOP, SAMPLE_RATE, CampPlus
from diarizer.engines.clustering import OF_PARTS, OF_RECORDINGS, Limits, cluster
from diarizer.engines.embedding_batches import embed_frames
from diarizer.engines.networks import Network
from diarizer.engines.stretches import (
    NOBODY,
    Chunks,
    agreement,
    find_stretches,
    label_frames,
    nearest,
)

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
Hook = Callable[..., None]

SEGMENTATION_STEP = 0.1


class _NoPlda(PLDA):
    """Argument to keep the constructor from looking for a PLDA on the hub. Never called."""

    def __init__(self) -> None:
        pass


class EmbeddedPipeline(SpeakerDiarization):
    """SpeakerDiarization with local models that clusters stretches of speech.

    The parent clusters the voices of chunks. See `stretches` for why this one does not.
    """

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
        self._embedding = embedder
        self.instantiate({"segmentation": {"min_duration_off": 0.0}})

    def apply(
        self,
        file: Any,
        num_speakers: int | None = None,
        min_speakers: int | None = None,
        max_speakers: int | None = None,
        hook: Hook | None = None,
        *,
        part: bool = False,
        **_: Any,
    ) -> DiarizeOutput:
        """Diarize a file, as SpeakerDiarization does. One speaker needs no comparison of voices.

        In a `part` of a recording, rather too many speakers are found.
        """
        least = num_speakers or min_speakers or 1
        most = num_speakers or max_speakers or sys.maxsize
        limits = Limits(least=least, most=max(least, most))
        report = self.setup_hook(file, hook=hook)
        segmentations = self.get_segmentations(file, hook=report)
        report("segmentation", segmentations)
        receptive_field = self._segmentation.model.receptive_field
        count = self.speaker_count(segmentations, receptive_field, warm_up=(0.0, 0.0))
        if not np.any(count.data):
            nobody = Annotation(uri=file["uri"])
            return DiarizeOutput(nobody, nobody.copy(), np.zeros((0, DIMENSION)))
        chunks, frames = _chunks(segmentations, count.sliding_window)
        stretches = find_stretches(chunks)
        if limits.most == 1 or not stretches:
            labels = np.where(chunks.active, 0, NOBODY)
        else:
            waveform = file["waveform"][0].numpy()
            vectors = self._embed_stretches(waveform, stretches, frames, report)
            people = cluster(
                vectors,
                np.array([len(one) * chunks.step for one in stretches], dtype=np.float32),
                agreement(chunks, stretches),
                OF_PARTS if part else OF_RECORDINGS,
                limits,
            )
            labels = label_frames(chunks, stretches, people)
        activity = _activity(chunks, labels)
        speaking = count.data[:, 0].astype(np.int64)
        every, exclusive = (
            self._annotation(file, assign_frames(activity, most), frames)
            for most in (speaking, np.minimum(speaking, 1))
        )
        return DiarizeOutput(every, exclusive, np.zeros((0, DIMENSION)))

    def _embed_stretches(
        self, waveform: FloatArray, stretches: list[IntArray], frames: SlidingWindow, report: Hook
    ) -> FloatArray:
        """Return the voice of each stretch: (stretches, 192)."""
        features = self._embedding.features(waveform, silence=max(0, FRAME - len(waveform)))
        last = len(features) - 1
        middle = frames.start + frames.duration / 2
        chosen = []
        for stretch in stretches:
            first, end = (middle + edge * frames.step for edge in (stretch[0], stretch[-1] + 1))
            places = np.arange(int(first * SAMPLE_RATE / HOP), int(end * SAMPLE_RATE / HOP))
            # The last chunk may reach beyond the sound.
            chosen.append(np.minimum(places, last))

        def on_batch(done: int, total: int) -> None:
            report("embeddings", None, completed=done, total=total)

        return embed_frames(
            chosen,
            features,
            self._embedding,
            batch_size=self.embedding_batch_size,
            on_batch=on_batch,
        )

    def _annotation(self, file: Any, frames: FloatArray, grid: SlidingWindow) -> Annotation:
        """Return turns from who speaks in each frame, with names in order of labels."""
        found = self.to_annotation(
            SlidingWindowFeature(frames, grid),
            min_duration_on=0.0,
            min_duration_off=self.segmentation.min_duration_off,
        )
        found.uri = file["uri"]
        names = (f"SPEAKER_{number:02d}" for number in itertools.count())
        return found.rename_labels(mapping=dict(zip(found.labels(), names, strict=False)))


def _chunks(
    segmentations: SlidingWindowFeature, frames: SlidingWindow
) -> tuple[Chunks, SlidingWindow]:
    """Return the chunks of a segmentation, and the grid of the recording's frames."""
    window = segmentations.sliding_window
    grid = SlidingWindow(start=window.start, duration=frames.duration, step=frames.step)
    half = 0.5 * frames.duration
    starts = [
        grid.closest_frame(window.start + number * window.step + half)
        for number in range(len(segmentations.data))
    ]
    # Not a number is not active.
    return Chunks(active=segmentations.data > 0.5, starts=starts, step=grid.step), grid


def _activity(chunks: Chunks, labels: IntArray) -> FloatArray:
    """Return in how many chunks each person speaks, by frame: (frames, people)."""
    count = labels.shape[1]
    found = np.zeros((chunks.length, labels.max() + 1), dtype=np.float32)
    for start, of_voices in zip(chunks.starts, labels, strict=True):
        for label in np.unique(of_voices[of_voices != NOBODY]):
            found[start : start + count, label] += (of_voices == label).any(axis=1)
    return found


def assign_frames(activity: FloatArray, speaking: IntArray) -> FloatArray:
    """Return who speaks in each frame: 0 or 1, (frames, people).

    `activity` says in how many chunks a person does, and `speaking` (frames) how many do at once.
    Where the chunks name fewer, those are added who speak nearest in time.
    """
    length = min(len(activity), len(speaking))
    activity = activity[:length]
    speaking = np.minimum(speaking[:length], activity.shape[1])
    order = np.argsort(-activity, axis=1, kind="stable")
    found = np.zeros_like(activity)
    ranks = np.arange(activity.shape[1]) < speaking[:, None]
    np.put_along_axis(found, order, ranks.astype(np.float32), axis=1)
    found[activity == 0] = 0
    lacking = np.flatnonzero(found.sum(axis=1) < speaking)
    away = np.full((len(lacking), activity.shape[1]), np.inf)
    for person in range(activity.shape[1]):
        places = np.flatnonzero(found[:, person])
        if len(places):
            away[:, person] = np.abs(nearest(places, lacking) - lacking)
    away[found[lacking] > 0] = np.inf
    for frame, distances in zip(lacking, away, strict=True):
        missing = int(speaking[frame] - found[frame].sum())
        closest = np.argsort(distances, kind="stable")[:missing]
        found[frame, closest[np.isfinite(distances[closest])]] = 1
    return found
