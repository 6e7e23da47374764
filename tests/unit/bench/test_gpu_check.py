"""The check on a graphics card, as far as it goes without one."""

import ctypes
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

import pynvml
import pytest

from bench import gpu_check, gpu_memory
from bench.gpu_parts import PARTS


def no_driver() -> None:
    raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)


def test_nothing_is_measured_without_a_card(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pynvml, "nvmlInit", no_driver)
    monkeypatch.setattr("sys.argv", ["gpu_check"])
    assert gpu_check.main() == 0
    assert capsys.readouterr().out == gpu_check.NO_CARD + "\n"


@pytest.mark.parametrize(
    ("visible", "expected"),
    [(None, ("index", 0)), ("2,1", ("index", 2)), ("GPU-5f3a", ("uuid", "GPU-5f3a"))],
)
def test_card_is_the_one_that_cuda_uses(
    monkeypatch: pytest.MonkeyPatch, visible: str | None, expected: tuple[str, Any]
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    monkeypatch.setattr(pynvml, "nvmlInit", lambda: None)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetHandleByIndex", lambda number: ("index", number))
    monkeypatch.setattr(pynvml, "nvmlDeviceGetHandleByUUID", lambda uuid: ("uuid", uuid))
    monkeypatch.setattr(pynvml, "nvmlDeviceGetName", lambda card: f"{card}")
    assert gpu_memory.card_name() == f"{expected}"


class Driver:
    """Stands for the driver's library, with a free and a total memory."""

    def __init__(self, free: int, *, status: int = 0) -> None:
        self.allocated = 0
        self._free = free
        self._status = status

    def __getattr__(self, _name: str) -> Any:
        return lambda *_: self._status

    def cuMemGetInfo_v2(self, free: Any, total: Any) -> int:  # noqa: N802
        ctypes.cast(free, ctypes.POINTER(ctypes.c_size_t))[0] = self._free
        ctypes.cast(total, ctypes.POINTER(ctypes.c_size_t))[0] = 2 * self._free
        return 0

    def cuMemAlloc_v2(self, _pointer: Any, size: ctypes.c_size_t) -> int:  # noqa: N802
        self.allocated += size.value
        return 0


@pytest.mark.parametrize(("left", "taken"), [(100, 900), (1_000, 0), (2_000, 0)])
def test_card_is_filled_but_for_what_is_left(
    monkeypatch: pytest.MonkeyPatch, left: int, taken: int
) -> None:
    monkeypatch.setattr(gpu_memory, "_fillings", [])
    driver = Driver(1_000)
    assert gpu_memory.fill(left, driver) == driver.allocated == taken


def test_memory_in_use_is_without_the_filling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_memory, "_fillings", [])
    monkeypatch.setattr(gpu_memory, "_card", lambda: 0)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetMemoryInfo", lambda _card: SimpleNamespace(used=950))
    gpu_memory.fill(100, Driver(1_000))
    assert gpu_memory.used() == 50


def test_error_of_the_driver_is_reported() -> None:
    with pytest.raises(OSError, match="error 100"):
        gpu_memory.fill(0, Driver(1_000, status=100))


def test_memory_of_a_process_is_measured_on_a_cpu() -> None:
    with gpu_memory.peak(on_gpu=False) as found:
        pass
    assert found.most > 1 << 20


def test_peak_on_a_card_is_that_of_the_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = [500, 900, 700]
    monkeypatch.setattr(gpu_memory, "_POLL_SECONDS", 0.001)
    monkeypatch.setattr(
        gpu_memory, "used", lambda: readings.pop(0) if len(readings) > 1 else readings[0]
    )
    with gpu_memory.peak(on_gpu=True, before=400) as found:
        while len(readings) > 1:
            pass
    assert found.most == 500


def test_row_compares_with_the_plain_library() -> None:
    found = {"seconds": 5.0, "audio": 100.0, "error": 0.081, "memory": 2 << 30, "halvings": 3.0}
    assert gpu_check.row("recognition together", found, 0.2) == (
        "| recognition together | 0.0500 | 4.00 | 8.1 % | 2.0 GB | 3 |"
    )


def test_factor_of_a_card_has_three_digits() -> None:
    found = {"seconds": 1.234, "audio": 400.0, "error": 0.1, "memory": 1 << 30, "halvings": 0.0}
    assert gpu_check.row("diarization", found, 0.03085).startswith("| diarization | 0.00309 | 10.0")


def test_versions_name_the_driver_of_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pynvml, "nvmlInit", lambda: None)
    monkeypatch.setattr(pynvml, "nvmlSystemGetDriverVersion", lambda: "580.1")
    on_cpu = gpu_check.versions(on_gpu=False)
    assert on_cpu.startswith(f"ctranslate2 {version('ctranslate2')}, faster-whisper ")
    assert gpu_check.versions(on_gpu=True) == f"driver 580.1, {on_cpu}"


def test_plain_library_comes_first_in_each_stage() -> None:
    first: dict[str, str] = {}
    for part in PARTS:
        first.setdefault(part.split()[0], part)
    assert first == {"recognition": "recognition plain", "diarization": "diarization plain"}


def test_failed_part_is_a_row_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    assert gpu_check.rows(["no such part"], []) == 1
    assert "| no such part | failed: python -m bench.gpu_parts: error:" in capsys.readouterr().out
