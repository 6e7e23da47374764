"""common.engines: engines by name, imported when they are loaded."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from common.engines import EngineRegistry, EngineSettings, at_once
from common.models.store import ModelStore
from common.tasks.service import WorkerSettings

ENGINE = "def load(settings): return f'{settings.model} on {settings.device}'\n"


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EngineRegistry[str]:
    """Registry of an engine whose module no other test imports."""
    (tmp_path / "engine_for_this_test.py").write_text(ENGINE)
    monkeypatch.syspath_prepend(tmp_path)
    return EngineRegistry({"parrot": "engine_for_this_test"})


def settings(tmp_path: Path) -> EngineSettings:
    return EngineSettings(
        models=ModelStore(tmp_path), model="small", device="cpu", threads=1, window_seconds=60
    )


def worker(**values: object) -> WorkerSettings:
    return WorkerSettings(
        secret_key="x" * 32,
        grpc_port=0,
        s3_endpoint="http://127.0.0.1:1",
        s3_access_key="a",
        s3_secret_key="b",
        **values,  # type: ignore[arg-type]
    )


def test_engine_is_imported_when_it_is_loaded(
    registry: EngineRegistry[str], tmp_path: Path
) -> None:
    assert registry.known("parrot") == "parrot"
    assert "engine_for_this_test" not in sys.modules
    assert registry.load("parrot", settings(tmp_path)) == "small on cpu"


def test_unknown_engine_is_refused_with_the_names_that_exist(
    registry: EngineRegistry[str], tmp_path: Path
) -> None:
    registry.modules["owl"] = "owl"
    with pytest.raises(ValueError, match="no engine 'cat', only owl, parrot"):
        registry.known("cat")
    with pytest.raises(ValueError, match="no engine 'cat', only owl, parrot"):
        registry.load("cat", settings(tmp_path))


def test_settings_are_those_of_the_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    chosen = worker(model_dir=tmp_path, use_gpu=True, model_threads=5)
    found = EngineSettings.of(chosen, model="base", window_seconds=60)
    assert (found.model, found.device, found.threads) == ("base", "cuda", 5)
    assert found.models.model_dir == tmp_path
    assert EngineSettings.of(worker(), model="base", window_seconds=60).threads == 3
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert EngineSettings.of(worker(), model="base", window_seconds=60).threads == 1


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, 1),
        ({"use_gpu": True}, 4),
        ({"worker_batch": 3}, 3),
        ({"use_gpu": True, "worker_batch": 1}, 1),
    ],
)
def test_recordings_at_a_time_depend_on_the_device(given: dict[str, Any], expected: int) -> None:
    chosen = worker(**given)
    assert chosen.at_once == expected
    assert EngineSettings.of(chosen, model="base", window_seconds=60).at_once == expected


def test_only_concurrent_engines_take_several_recordings() -> None:
    @dataclass
    class Wide:
        at_once: int = 3

    assert at_once(Wide()) == 3
    assert at_once("an engine") == 1
