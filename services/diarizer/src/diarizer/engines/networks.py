"""Networks on a device, called with tensors of the CPU, and for several recordings together."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from common.batching import Batcher, BatchLimits
from diarizer.engines.torch_runtime import torch

#: A network, called with a batch of inputs: (n, ...) to (n, ...).
Network = Callable[[torch.Tensor], torch.Tensor]


class DeviceNetwork:
    """A network on one device. It takes tensors of the CPU, and returns such.

    To and from a card they are copied through pinned memory, read and written by the card itself.
    """

    def __init__(
        self,
        network: torch.nn.Module,
        device: torch.device,
        *,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        """`dtype` is the type of the network's numbers."""
        self._network = network.to(device=device, dtype=dtype)
        self._device = device
        self._dtype = dtype

    def __call__(self, batch: torch.Tensor) -> torch.Tensor:
        """Return the output of the network."""
        with torch.inference_mode():
            return self._fetched(self._network(self._sent(batch)))

    def _sent(self, batch: torch.Tensor) -> torch.Tensor:
        if self._device.type == "cpu":
            return batch.to(self._dtype)
        pinned = batch.contiguous().pin_memory()
        return pinned.to(self._device, non_blocking=True).to(self._dtype)

    def _fetched(self, output: torch.Tensor) -> torch.Tensor:
        if output.device.type == "cpu":
            return output.float()
        found = torch.empty(output.shape, dtype=torch.float32, pin_memory=True)
        found.copy_(output.float(), non_blocking=True)
        torch.cuda.current_stream(output.device).synchronize()
        return found


class BatchedNetwork:
    """A network computing inputs of several recordings together, by their shape.

    It may be called from several threads.
    """

    def __init__(self, network: Network, *, name: str, limits: BatchLimits) -> None:
        """`name` is that of the model in metrics."""
        self._network = network
        self._batcher: Batcher[torch.Size, torch.Tensor, torch.Tensor] = Batcher(
            self._run, model=name, limits=limits, free=_free
        )

    def recording(self) -> AbstractContextManager[None]:
        """Count a recording in work on this thread."""
        return self._batcher.recording()

    def __call__(self, batch: torch.Tensor) -> torch.Tensor:
        """Return the output of the network."""
        return torch.stack(list(self._batcher.answers(batch.shape[1:], batch.unbind())))

    def _run(self, _shape: torch.Size, inputs: Sequence[torch.Tensor]) -> tuple[torch.Tensor, ...]:
        with torch.inference_mode():
            return self._network(torch.stack(tuple(inputs))).unbind()


def _free() -> None:
    """Return unused memory to the card."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
