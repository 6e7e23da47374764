import pytest

from devstack.machine import cores, memory_bytes, usual_workers

GIB = 1024**3


@pytest.mark.parametrize(
    ("cores", "memory", "recognition", "diarization"),
    [
        (1, 4 * GIB, 1, 1),
        (2, 4 * GIB, 1, 1),
        (2, 8 * GIB, 2, 1),
        (4, 16 * GIB, 4, 2),
        (32, 256 * GIB, 4, 4),
    ],
)
def test_workers_suit_cores_and_memory(
    cores: int, memory: int, recognition: int, diarization: int
) -> None:
    found = usual_workers(cores, memory, gpu=False)
    assert (found.recognition, found.diarization) == (recognition, diarization)


def test_a_gpu_is_not_shared() -> None:
    found = usual_workers(32, 256 * GIB, gpu=True)
    assert (found.recognition, found.diarization) == (1, 1)


def test_the_machine_has_cores_and_memory() -> None:
    assert cores() >= 1
    assert memory_bytes() > 64 * 1024**2
