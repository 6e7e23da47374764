from types import SimpleNamespace
from typing import Any

import prometheus_client
import pynvml
import pytest

from common import gpu, telemetry

MEMORY = {0: (80e9, 3e9), 1: (24e9, 20e9)}


def exported() -> dict[tuple[str, str], float]:
    return {
        (sample.name, sample.labels["gpu"]): sample.value
        for family in prometheus_client.REGISTRY.collect()
        if family.name.startswith("securetranscribe_gpu_memory")
        for sample in family.samples
    }


@pytest.fixture(autouse=True)
def none_left() -> Any:
    yield
    telemetry.GPU_MEMORY.clear()
    telemetry.GPU_MEMORY_USED.clear()


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
