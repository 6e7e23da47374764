"""Networks on a device, and for several recordings together. A card is stood in for."""

import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from common.batching import BatchLimits
from diarizer.engines.networks import BatchedNetwork, DeviceNetwork
from diarizer.engines.quiet import quiet
from diarizer.engines.torch_runtime import exact_numbers, torch


class Doubling(torch.nn.Module):
    """Network that doubles its inputs and notes what it gets."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[torch.Tensor] = []

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        self.seen.append(batch)
        return 2 * batch


def test_network_on_a_cpu_is_called_as_it_is() -> None:
    network = Doubling()
    found = DeviceNetwork(network, torch.device("cpu"))(torch.ones(3, 4))
    assert found.tolist() == [[2.0] * 4] * 3
    assert found.dtype == network.seen[0].dtype == torch.float32


def test_network_may_compute_in_16_bits() -> None:
    network = Doubling()
    found = DeviceNetwork(network, torch.device("cpu"), dtype=torch.bfloat16)(torch.ones(2, 2))
    assert network.seen[0].dtype == torch.bfloat16
    assert found.dtype == torch.float32


def test_tensors_go_to_a_card_and_back_through_pinned_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The device `meta` stands in for a card: it has shapes and no numbers."""
    steps: list[str] = []
    to, empty = torch.Tensor.to, torch.empty

    def pin(tensor: torch.Tensor) -> torch.Tensor:
        steps.append("pin")
        return tensor

    def move(tensor: torch.Tensor, *args: Any, **options: Any) -> torch.Tensor:
        if options.get("non_blocking"):
            steps.append(f"send to {args[0]}")
        return to(tensor, *args, **options)

    def allocate(*args: Any, pin_memory: bool = False, **options: Any) -> torch.Tensor:
        steps.append("allocate pinned" if pin_memory else "allocate")
        return empty(*args, **options)

    class Copied:
        def synchronize(self) -> None:
            steps.append("wait")

    def copy(target: torch.Tensor, _source: torch.Tensor, *, non_blocking: bool) -> torch.Tensor:
        steps.append("fetch" if non_blocking else "fetch and wait")
        return target

    network = DeviceNetwork(Doubling(), torch.device("meta"))
    monkeypatch.setattr(torch.Tensor, "pin_memory", pin)
    monkeypatch.setattr(torch.Tensor, "to", move)
    monkeypatch.setattr(torch.Tensor, "copy_", copy)
    monkeypatch.setattr(torch, "empty", allocate)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda _device: Copied())
    found = network(torch.ones(2, 3))
    assert steps == ["pin", "send to meta", "allocate pinned", "fetch", "wait"]
    assert found.shape == (2, 3)
    assert found.device.type == "cpu"


def test_batched_network_computes_each_shape_by_itself() -> None:
    network = Doubling()
    batched = BatchedNetwork(
        network, name="doubling", limits=BatchLimits(most=8, wait_seconds=30.0)
    )
    given = [torch.full((2, 3), 1.0), torch.full((1, 3), 2.0), torch.full((2, 5), 3.0)]
    with ThreadPoolExecutor(3) as threads, ExitStack() as stack:
        for _ in given:
            stack.enter_context(batched.recording())
        found = list(threads.map(batched, given))
    for one, expected in zip(found, given, strict=True):
        assert torch.equal(one, 2 * expected)
    assert {tuple(batch.shape) for batch in network.seen} == {(3, 3), (2, 5)}


def test_numbers_on_cards_are_exact() -> None:
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    before = matmul.allow_tf32, cudnn.allow_tf32
    try:
        matmul.allow_tf32 = cudnn.allow_tf32 = True
        exact_numbers()
        assert not matmul.allow_tf32
        assert not cudnn.allow_tf32
    finally:
        matmul.allow_tf32, cudnn.allow_tf32 = before


def test_warnings_are_back_after_the_last_thread() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        first, second = quiet(), quiet()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        warnings.warn("inside", stacklevel=1)
        second.__exit__(None, None, None)
        warnings.warn("outside", stacklevel=1)
    assert [str(one.message) for one in caught] == ["outside"]
