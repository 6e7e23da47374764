"""CAM++ speaker embedding: from sound to a 192-dimensional voice vector.

Source: Wang et al., "CAM++: A Fast and Efficient Network for Speaker Verification Using
Context-Aware Masking" (2023), weights trained on Chinese and English by the 3D-Speaker project.
"""

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt

from diarizer.engines.torch_runtime import kaldi, torch

FloatArray = npt.NDArray[np.float32]

SAMPLE_RATE = 16_000
#: Samples between two feature frames: 10 ms.
HOP = 160
#: Samples per feature frame: 25 ms.
FRAME = 400
MEL_BINS = 80
DIMENSION = 192
#: A voice with fewer feature frames is repeated before it is embedded: half a second.
MIN_FRAMES = 50

_FBANK_BLOCK_FRAMES = 3_000
_SOUND_BATCH = 4


class _NetworkModule(Protocol):
    def CAMPPlus(self, *, feat_dim: int, embedding_size: int) -> torch.nn.Module: ...  # noqa: N802


class CampPlus:
    """The embedding, with a loaded network on one device.

    It may be called from several threads if the network may.
    """

    dimension = DIMENSION
    sample_rate = SAMPLE_RATE

    def __init__(self, network: Callable[[torch.Tensor], torch.Tensor], *, device: str) -> None:
        """Take a loaded network: (n, frames, 80) to (n, 192), both on the device."""
        self._net = network
        self._device = torch.device(device)

    def features(self, waveform: FloatArray, *, silence: int = 0) -> torch.Tensor:
        """Compute log mel filter banks of mono 16 kHz sound in ±1: (frames, 80), one per 10 ms.

        So many samples of `silence` follow the sound. Computed in blocks, so that memory beyond the
        result does not grow with the length.
        """
        frames = frame_count(len(waveform) + silence)
        found = torch.empty((frames, MEL_BINS))
        for first in range(0, frames, _FBANK_BLOCK_FRAMES):
            last = min(first + _FBANK_BLOCK_FRAMES, frames)
            end = (last - 1) * HOP + FRAME
            samples = waveform[first * HOP : end]
            missing = end - first * HOP - len(samples)
            found[first:last] = kaldi.fbank(
                torch.from_numpy(np.pad(samples, (0, missing)) if missing else samples)[None],
                num_mel_bins=MEL_BINS,
                sample_frequency=SAMPLE_RATE,
                dither=0.0,
            )
        return found

    def embed_sound(self, pieces: Sequence[FloatArray]) -> FloatArray:
        """Embed equally long pieces of mono 16 kHz sound: (n, 192), NaN below 25 ms."""
        voices = []
        for first in range(0, len(pieces), _SOUND_BATCH):
            batch = [self.features(piece) for piece in pieces[first : first + _SOUND_BATCH]]
            if len(batch[0]) == 0:
                voices.append(np.full((len(batch), DIMENSION), np.nan, dtype=np.float32))
                continue
            voices.append(self.embed([_at_least(feature, MIN_FRAMES) for feature in batch]))
        return np.concatenate(voices) if voices else np.empty((0, DIMENSION), dtype=np.float32)

    def embed(self, batch: Sequence[torch.Tensor]) -> FloatArray:
        """Embed voices given as features of equal length: (n, frames, 80) to (n, 192)."""
        stacked = torch.stack([feature - feature.mean(dim=0, keepdim=True) for feature in batch])
        with torch.inference_mode():
            embeddings = self._net(stacked.to(self._device))
        return cast(FloatArray, embeddings.cpu().numpy())


def load_network(weights: Path, network: Path) -> torch.nn.Module:
    """Load the `weights` into the network defined by the Python file `network`.

    Both files are executed or unpickled in part, so they must come from a verified model directory
    (see common.models.store).
    """
    module = _load_by_path(network)
    net = module.CAMPPlus(feat_dim=MEL_BINS, embedding_size=DIMENSION)
    net.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    return net.eval()


def frame_count(samples: int) -> int:
    """Return the number of feature frames for a number of samples, 0 below 25 ms."""
    return max(0, 1 + (samples - FRAME) // HOP)


def _at_least(feature: torch.Tensor, frames: int) -> torch.Tensor:
    """Repeat a short voice up to the number of frames needed by the network."""
    return (
        feature.repeat(-(-frames // len(feature)), 1)[:frames] if len(feature) < frames else feature
    )


def _load_by_path(path: Path) -> _NetworkModule:
    """Import one module file without its package, since the package has further requirements."""
    spec = importlib.util.spec_from_file_location("securetranscribe_campplus_network", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load the network definition {path}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast(_NetworkModule, module)
