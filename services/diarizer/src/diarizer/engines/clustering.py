"""Clustering of the voices of chunks into people."""

import diarizer.engines.torch_runtime  # noqa: F401 - first: it prepares the other imports

# isort: split
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pyannote.audio.pipelines.clustering import AgglomerativeClustering
from pyannote.core import SlidingWindowFeature


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusteringParameters:
    """How voices are told apart.

    Clusters are two people from a distance of `threshold` on: 1 less the mean cosine of their
    embeddings (`average`), or the Euclidean distance of the means of unit vectors (`centroid`).
    A cluster of fewer embeddings than `min_cluster_size`, and than a tenth of all, is joined with
    the nearest larger one. Voices that speak alone in less than `min_active_ratio` of a chunk are
    not clustered, but assigned afterwards. With `constrained_assignment`, voices of one chunk are
    different people.
    """

    method: Literal["average", "centroid"]
    threshold: float
    min_cluster_size: int
    constrained_assignment: bool
    min_active_ratio: float


# Tuned for CAM++: thresholds do not carry over to another embedding.
OF_RECORDINGS = ClusteringParameters(
    method="centroid",
    threshold=0.70,
    min_cluster_size=12,
    constrained_assignment=False,
    min_active_ratio=0.2,
)
#: Longest of the recordings that follow, in seconds.
SHORT_SECONDS = 300.0
#: For short recordings, in which many people say little. In long ones, these parameters take
#: unusual sounds of one person for those of another.
OF_SHORT_RECORDINGS = ClusteringParameters(
    method="average",
    threshold=0.35,
    min_cluster_size=6,
    constrained_assignment=True,
    min_active_ratio=0.15,
)
#: For parts of a recording, in which people say less. Speakers who are split here are joined with
#: those of the other parts, but two who are joined here are never told apart.
OF_PARTS = ClusteringParameters(
    method="centroid",
    threshold=0.60,
    min_cluster_size=3,
    constrained_assignment=False,
    min_active_ratio=0.2,
)


def parameters_for(seconds: float, *, part: bool) -> ClusteringParameters:
    """Return the parameters for a recording, or a part of one, of so many seconds."""
    if part:
        return OF_PARTS
    return OF_SHORT_RECORDINGS if seconds <= SHORT_SECONDS else OF_RECORDINGS


class VoiceClustering(AgglomerativeClustering):
    """Agglomerative clustering by cosine, with parameters that can be changed."""

    def __init__(self, parameters: ClusteringParameters = OF_RECORDINGS) -> None:
        super().__init__(metric="cosine")
        self.use(parameters)

    def use(self, parameters: ClusteringParameters) -> None:
        """Take other parameters."""
        for name, value in asdict(parameters).items():
            setattr(self, name, value)

    def filter_embeddings(
        self,
        embeddings: npt.NDArray[np.float32],
        segmentations: SlidingWindowFeature | None = None,
        min_active_ratio: float | None = None,
    ) -> Any:
        """Return the embeddings to cluster, with their chunks and places in them."""
        ratio = self.min_active_ratio if min_active_ratio is None else min_active_ratio
        return super().filter_embeddings(embeddings, segmentations, ratio)
