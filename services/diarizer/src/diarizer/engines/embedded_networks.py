"""Networks of the embedded profile: on a CPU or a card, for one recording or several together."""

import diarizer.engines.torch_runtime  # noqa: F401 - first: it prepares the other imports

# isort: split
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pyannote.audio import Model

from common.batching import BatchLimits
from common.engines import Device
from common.models.store import EmbeddedDiarization
from diarizer.engines.campplus import load_network
from diarizer.engines.networks import BatchedNetwork, DeviceNetwork, Network
from diarizer.engines.onnx_network import OnnxNetwork
from diarizer.engines.torch_runtime import torch

#: Inputs per batch of one recording: of the segmentation and of the embedding.
_ON_CPU = (8, 4)
_ON_GPU = (32, 32)
#: Batches of so many recordings are joined at most.
_MOST_JOINED = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class EmbeddedNetworks:
    """Both networks, and the inputs per batch of one recording.

    They take and return tensors of the CPU. `segmentation` None means the network of the
    checkpoint itself.
    """

    segmentation: Network | None
    voice: Network
    segmentation_batch: int
    voice_batch: int

    @classmethod
    def load(
        cls,
        models: EmbeddedDiarization,
        *,
        device: Device,
        threads: int,
        at_once: int,
        half: bool = False,
    ) -> "EmbeddedNetworks":
        """Load the networks. `half` computes in 16 bits, only for measuring."""
        on_gpu = device == "cuda"
        dtype = torch.float16 if half else torch.float32
        segmentation_batch, voice_batch = _ON_GPU if on_gpu else _ON_CPU
        segmentation: Network | None
        if models.onnx_segmentation and not on_gpu and not half:
            segmentation = OnnxNetwork(models.onnx_segmentation, threads=threads)
        elif on_gpu or half or at_once > 1:
            segmentation = _checkpoint(models, device, dtype)
        else:
            segmentation = None
        voice = voice_network(models, device=device, threads=threads, dtype=dtype)
        if segmentation is not None and (on_gpu or at_once > 1):
            joined = min(at_once, _MOST_JOINED)
            segmentation = BatchedNetwork(
                segmentation,
                name="segmentation-3.0",
                limits=BatchLimits(most=segmentation_batch * joined),
            )
            voice = BatchedNetwork(
                voice, name="campplus", limits=BatchLimits(most=voice_batch * joined)
            )
        return cls(
            segmentation=segmentation,
            voice=voice,
            segmentation_batch=segmentation_batch,
            voice_batch=voice_batch,
        )

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Count a recording in work on this thread. Batches wait for its inputs."""
        if not isinstance(self.segmentation, BatchedNetwork):
            yield
            return
        assert isinstance(self.voice, BatchedNetwork)
        with self.segmentation.recording(), self.voice.recording():
            yield


def voice_network(
    models: EmbeddedDiarization,
    *,
    device: Device,
    threads: int = 1,
    dtype: torch.dtype = torch.float32,
) -> Network:
    """Load the network of the embedding, for a CPU by ONNX Runtime if it was converted."""
    if models.onnx_voice and device == "cpu" and dtype == torch.float32:
        return OnnxNetwork(models.onnx_voice, threads=threads)
    network = load_network(models.weights, models.network)
    return DeviceNetwork(network, torch.device(device), dtype=dtype)


def _checkpoint(models: EmbeddedDiarization, device: Device, dtype: torch.dtype) -> Network:
    model = Model.from_pretrained(models.segmentation)
    if model is None:
        raise RuntimeError(f"{models.segmentation} contains no model")
    return DeviceNetwork(model.eval(), torch.device(device), dtype=dtype)
