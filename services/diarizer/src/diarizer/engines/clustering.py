"""Clustering of stretches of speech into people, by their voices."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusteringParameters:
    """How voices are told apart.

    Clusters are two people from a distance of `threshold` on: 1 less the mean cosine of their
    embeddings. A cluster is a person from `share` of all speech on, but not below the first and
    from the second of `seconds` on. The others are taken for the most similar person.
    """

    threshold: float
    share: float
    seconds: tuple[float, float]

    def least_seconds(self, speech: float) -> float:
        """Return the least speech of a person in a recording with so many seconds of speech."""
        return float(np.clip(self.share * speech, *self.seconds))


# Tuned for CAM++: thresholds do not carry over to another embedding.
OF_RECORDINGS = ClusteringParameters(threshold=0.48, share=0.03, seconds=(1.5, 5.0))
#: For parts of a recording, in which people say less. Speakers who are split here are joined with
#: those of the other parts, but two who are joined here are never told apart.
OF_PARTS = ClusteringParameters(threshold=0.45, share=0.01, seconds=(1.5, 3.0))

#: Embeddings of less speech are too unsure to find people by. They are assigned afterwards.
_CLUSTERED_SECONDS = 0.8
#: Difference in cosine between two stretches that the chunks hear as one voice, and as two.
_AGREEMENT = 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Least and most people to find."""

    least: int
    most: int


def cluster(
    vectors: FloatArray,
    seconds: FloatArray,
    agreement: FloatArray,
    parameters: ClusteringParameters,
    limits: Limits,
) -> IntArray:
    """Return the person of each stretch, from 0 on.

    `vectors` are embeddings (stretches, dimension), `seconds` the length of each stretch, and
    `agreement` says how surely two are one voice by other means: (stretches, stretches), -1 to 1.
    """
    units = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    chosen = np.flatnonzero(seconds >= _CLUSTERED_SECONDS)
    if len(chosen) < max(2, limits.least):
        chosen = np.arange(len(units))
    if len(chosen) < 2:
        return np.zeros(len(units), dtype=np.int64)
    pairs = np.ix_(chosen, chosen)
    distances = 1 - (units @ units.T)[pairs] - _AGREEMENT * agreement[pairs]
    distances = np.maximum((distances + distances.T) / 2, 0)
    np.fill_diagonal(distances, 0)
    tree = linkage(squareform(distances, checks=False), method="average")
    least = parameters.least_seconds(float(seconds.sum()))
    found, people = _cut(tree, seconds[chosen], parameters.threshold, least, limits)
    means = np.stack(
        [seconds[chosen][found == one] @ units[chosen][found == one] for one in people]
    )
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)
    labels: IntArray = (units @ means.T).argmax(axis=1)
    for label, one in enumerate(people):
        labels[chosen[found == one]] = label
    return labels


def _cut(
    tree: npt.NDArray[np.float64],
    seconds: FloatArray,
    threshold: float,
    least: float,
    limits: Limits,
) -> tuple[IntArray, IntArray]:
    """Return the cluster of each leaf, and the clusters that are people, within the limits.

    The limits move the threshold. If they cannot be met in this way, people may say little.
    """

    def at(height: float) -> tuple[IntArray, IntArray]:
        found = fcluster(tree, height, criterion="distance")
        speech = np.bincount(found, weights=seconds)
        return found, np.flatnonzero(speech >= min(least, speech.max()))

    found, people = at(threshold)
    heights = tree[:, 2]
    if len(people) > limits.most:
        for height in heights[heights > threshold]:
            found, people = at(height)
            if len(people) <= limits.most:
                break
    elif len(people) < limits.least:
        for height in heights[heights <= threshold][::-1]:
            # Just below, so that this pair of clusters is not joined.
            found, people = at(np.nextafter(height, 0))
            if len(people) >= limits.least:
                break
    if not limits.least <= len(people) <= limits.most:
        wanted = limits.most if len(people) > limits.most else limits.least
        found = fcluster(tree, wanted, criterion="maxclust")
        people = np.unique(found)
    return found, people
