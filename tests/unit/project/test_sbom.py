from typing import Any

import pytest

from common.models.manifest import EMBEDDED
from scripts.pins import read_pins
from scripts.sbom import TOOL, complete, product_names


@pytest.fixture
def bom() -> dict[str, Any]:
    local = {"type": "distribution", "url": "file:///somewhere/libs/common"}
    web = {"type": "website", "url": "https://example.org"}
    return {
        "metadata": {},
        "components": [
            {"name": "PyYAML", "version": "6.0.4", "externalReferences": [local, web]},
            {"name": "pytest", "version": "9.2.0"},
        ],
    }


def test_models_are_components_with_their_hashes(bom: dict[str, Any]) -> None:
    complete(bom, ["pyyaml"], EMBEDDED)
    models = [one for one in bom["components"] if one.get("type") == "machine-learning-model"]
    assert [one["name"] for one in models] == [model.name for model in EMBEDDED]
    hashes = {file["hashes"][0]["content"] for one in models for file in one["components"]}
    assert hashes == {file.sha256 for model in EMBEDDED for file in model.files}


def test_packages_of_development_are_excluded(bom: dict[str, Any]) -> None:
    complete(bom, ["pyyaml"], [])
    assert [one.get("scope") for one in bom["components"]] == [None, "excluded"]


def test_paths_of_the_machine_are_removed(bom: dict[str, Any]) -> None:
    complete(bom, [], [])
    assert "file:" not in str(bom)
    assert "https://example.org" in str(bom)


def test_names_of_the_product_are_those_that_services_need() -> None:
    names = product_names()
    assert {"securetranscribe-gateway", "grpcio", "torch", "faster-whisper"} <= names
    assert not {"pytest", "ruff", "detect-secrets"} & names


def test_pins_of_the_tool_contradict_no_other() -> None:
    tool = read_pins(TOOL)
    assert "cyclonedx-bom" in tool
    assert not tool.keys() & read_pins().keys()
