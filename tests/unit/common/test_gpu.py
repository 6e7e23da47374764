from collections.abc import Iterator
from types import SimpleNamespace

import prometheus_client
import pynvml
import pytest
import torch

from common import gpu, telemetry

MEMORY = {0: (80e9, 3e9), 1: (24e9, 20e9)}


def exported() -> dict[tuple[str, str], float]:
    return {
        (sample.name, sample.labels["gpu"]): sample.value
        for family in prometheus_client.REGISTRY.collect()
        if family.name.startswith("securetranscribe_gpu_memory")
        for sample in family.samples
    }


def forget() -> None:
    telemetry.GPU_MEMORY.clear()
    telemetry.GPU_MEMORY_USED.clear()


@pytest.fixture(autouse=True)
def none_known() -> Iterator[None]:
    """Forget the cards of this machine, known since workers ran here, and those of a test."""
    forget()
    yield
    forget()


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the driver's library by one with two cards."""

    def info(card: int) -> SimpleNamespace:
        total, used = MEMORY[card]
        return SimpleNamespace(total=int(total), used=int(used))

    monkeypatch.setattr(pynvml, "nvmlInit", lambda: None)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetCount", lambda: len(MEMORY))
    monkeypatch.setattr(pynvml, "nvmlDeviceGetHandleByIndex", lambda number: number)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetMemoryInfo", info)


def lost(*_: object) -> None:
    raise pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)


@pytest.mark.usefixtures("driver")
def test_memory_of_each_card_is_read_at_each_scrape(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gpu.watch_memory()
    total, used = "securetranscribe_gpu_memory_bytes", "securetranscribe_gpu_memory_used_bytes"
    assert exported() == {
        (total, "0"): 80e9,
        (total, "1"): 24e9,
        (used, "0"): 3e9,
        (used, "1"): 20e9,
    }
    monkeypatch.setitem(MEMORY, 1, (24e9, 21e9))
    assert exported()[used, "1"] == 21e9


@pytest.mark.usefixtures("driver")
def test_lost_card_does_not_break_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu.watch_memory()
    monkeypatch.setattr(pynvml, "nvmlDeviceGetMemoryInfo", lost)
    assert [str(value) for value in exported().values()] == ["nan"] * 4


def test_there_are_no_metrics_without_a_driver(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pynvml, "nvmlInit", lost)
    gpu.watch_memory()
    assert exported() == {}
    assert "GPU is lost" in capsys.readouterr().out


def test_required_card_must_exist() -> None:
    gpu.require(found=True, library="Whatever")
    with pytest.raises(gpu.GpuError, match=r"Whatever finds no NVIDIA card .* USE_GPU=false"):
        gpu.require(found=False, library="Whatever")


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB."),
        torch.cuda.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("CUDA failed with error out of memory"),
        RuntimeError("cuBLAS failed with status CUBLAS_STATUS_ALLOC_FAILED"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        MemoryError("std::bad_alloc"),
    ],
)
def test_lack_of_memory_is_recognized_in_errors_of_the_libraries(error: Exception) -> None:
    assert gpu.is_out_of_memory(error)
    assert not gpu.is_lost(error)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("CUDA error: an illegal memory access was encountered"),
        RuntimeError("CUDA error: device-side assert triggered"),
        RuntimeError("CUDA failed with error unspecified launch failure"),
    ],
)
def test_lost_card_is_recognized(error: Exception) -> None:
    assert gpu.is_lost(error)
    assert not gpu.is_out_of_memory(error)


@pytest.mark.parametrize(
    "error",
    [RuntimeError("shape mismatch"), ValueError("out of memory"), OSError("illegal access")],
)
def test_other_errors_are_those_of_the_input(error: Exception) -> None:
    assert not gpu.is_out_of_memory(error)
    assert not gpu.is_lost(error)
