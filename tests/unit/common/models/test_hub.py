"""Models of a hub, found without it after pulling."""

import json
from pathlib import Path
from typing import Any

import pytest

from common.models.hub import HubStore, repositories_in
from common.models.store import (
    ModelAlteredError,
    ModelFetchError,
    ModelMissingError,
    ModelStore,
    PipelineDirectory,
)


def snapshot(model_dir: Path, repository: str, **files: str) -> Path:
    """Return a recorded snapshot as the hub's client stores it."""
    hub = HubStore(model_dir)
    folder = f"models--{repository.replace('/', '--')}"
    directory = hub.cache_dir / folder / "snapshots" / "0123456789abcdef"
    directory.mkdir(parents=True)
    for name, content in files.items():
        (directory / name.replace("_yaml", ".yaml").replace("_bin", ".bin")).write_text(content)
    hub.record(repository, directory)
    return directory


def test_fetched_model_is_found_without_the_hub(tmp_path: Path) -> None:
    directory = snapshot(tmp_path, "Systran/faster-whisper-large-v3", model_bin="weights")
    found = ModelStore(tmp_path).recognition("large-v3")
    assert found.directory == directory
    assert found.name == "whisper-large-v3"
    assert found.version == "0123456789ab"


def test_altered_model_of_the_hub_is_detected(tmp_path: Path) -> None:
    directory = snapshot(tmp_path, "Systran/faster-whisper-tiny", model_bin="weights")
    (directory / "model.bin").write_text("weighty")
    with pytest.raises(ModelAlteredError, match="--profile production"):
        ModelStore(tmp_path).recognition("tiny")


def test_model_not_pulled_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError, match="Systran/faster-whisper-small"):
        ModelStore(tmp_path).recognition("small")
    with pytest.raises(ModelMissingError, match="HF_TOKEN"):
        ModelStore(tmp_path).diarization("pyannote/speaker-diarization-3.1")


OLD_PIPELINE = """
pipeline:
  name: pyannote.audio.pipelines.SpeakerDiarization
  params:
    embedding: pyannote/wespeaker-voxceleb-resnet34-LM
    segmentation: pyannote/segmentation-3.0@main
    clustering: AgglomerativeClustering
"""


def test_pipeline_needs_the_repositories_it_refers_to(tmp_path: Path) -> None:
    snapshot(tmp_path, "pyannote/speaker-diarization-3.1", config_yaml=OLD_PIPELINE)
    with pytest.raises(ModelMissingError, match="wespeaker"):
        ModelStore(tmp_path).diarization("pyannote/speaker-diarization-3.1")
    for repository in (
        "pyannote/wespeaker-voxceleb-resnet34-LM",
        "pyannote/segmentation-3.0",
        "pyannote/speaker-diarization-community-1",
    ):
        snapshot(tmp_path, repository, model_bin="weights")
    found = ModelStore(tmp_path).diarization("pyannote/speaker-diarization-3.1")
    assert isinstance(found, PipelineDirectory)
    assert found.cache_dir == HubStore(tmp_path).cache_dir


def test_pipeline_with_its_own_parts_refers_to_no_other() -> None:
    own = {"segmentation": "$model/segmentation", "plda": "$model/plda", "clustering": "VBx"}
    assert repositories_in({"pipeline": {"params": own}}) == []


def test_pulling_fetches_a_pipeline_and_its_references(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str | None]] = []

    def pretended_download(repository: str, **options: Any) -> str:
        asked.append((repository, options["token"]))
        directory = Path(options["cache_dir"]) / repository / "snapshots" / "abc"
        directory.mkdir(parents=True)
        (directory / "config.yaml").write_text(OLD_PIPELINE if "3.1" in repository else "{}")
        return str(directory)

    monkeypatch.setattr("huggingface_hub.snapshot_download", pretended_download)
    said: list[str] = []
    store = ModelStore(tmp_path)
    store.pull_diarization("pyannote/speaker-diarization-3.1", token="hf_x", say=said.append)
    assert {repository for repository, _ in asked} == {
        "pyannote/speaker-diarization-3.1",
        "pyannote/wespeaker-voxceleb-resnet34-LM",
        "pyannote/segmentation-3.0",
        "pyannote/speaker-diarization-community-1",
    }
    assert {token for _, token in asked} == {"hf_x"}
    assert not any("hf_x" in line for line in said)
    assert isinstance(store.diarization("pyannote/speaker-diarization-3.1"), PipelineDirectory)
    record = json.loads((tmp_path / "hub" / "pyannote--segmentation-3.0.json").read_text())
    assert record["revision"] == "abc"


def test_refusal_of_the_hub_is_reported_without_the_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_repository: str, **options: Any) -> str:
        raise PermissionError(f"401 for {options['token']}")

    monkeypatch.setattr("huggingface_hub.snapshot_download", refuse)
    with pytest.raises(ModelFetchError, match="PermissionError") as caught:
        HubStore(tmp_path).pull("a/b", patterns=None, token="hf_secret", say=print)
    assert "hf_secret" not in caught.value.message
