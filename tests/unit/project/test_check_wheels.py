from pathlib import Path

import pytest

from scripts.check_wheels import (
    TARGETS,
    Index,
    hash_faults,
    mistakes,
    platform_tags,
    version_differences,
)
from scripts.pins import HashedPin, Projects, Target, read_hashes, read_pins, used_names
from tests.unit.project.package_index import options, write_index

# Warnings of pip's own code, where pip is old.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
PINS = {"pure": "1.0", "native": "2.0", "partial": "3.0", "source": "4.0", "other": "5.0"}
INTEL = "manylinux_2_17_x86_64.manylinux2014_x86_64"
ARM = "manylinux_2_17_aarch64.manylinux2014_aarch64"
FILES = [
    "pure-1.0-py3-none-any.whl",
    *(f"native-2.0-cp{version}-cp{version}-{INTEL}.whl" for version in (311, 312, 313)),
    *(f"native-2.0-cp{version}-cp{version}-{ARM}.whl" for version in (311, 312, 313)),
    f"partial-3.0-cp311-cp311-{INTEL}.whl",
    "partial-3.1-py3-none-any.whl",
    "source-4.0.tar.gz",
    "other-5.0-cp39-abi3-manylinux_2_40_x86_64.whl",
    "other-5.0-cp39-abi3-manylinux_2_31_aarch64.whl",
]


@pytest.fixture
def index(tmp_path: Path) -> Index:
    for name in FILES:
        (tmp_path / name).touch()
    return Index(options=("--no-index", f"--find-links={tmp_path}"))


def targets_without_wheel(index: Index, name: str) -> list[Target]:
    links = index.links(name, PINS[name])
    return [one for one in TARGETS if not index.wheels(name, PINS[name], links, one)]


@pytest.mark.parametrize("name", ["pure", "native"])
def test_wheels_for_every_machine(index: Index, name: str) -> None:
    assert targets_without_wheel(index, name) == []


def test_source_distributions_are_not_wheels(index: Index) -> None:
    assert targets_without_wheel(index, "source") == list(TARGETS)


def test_wheels_for_other_machines_or_versions_are_insufficient(index: Index) -> None:
    without = set(targets_without_wheel(index, "partial"))
    assert without == set(TARGETS) - {Target(machine="x86_64", python="3.11")}


def test_wheels_for_a_newer_glibc_are_insufficient(index: Index) -> None:
    without = targets_without_wheel(index, "other")
    assert {target.machine for target in without} == {"x86_64"}


def test_each_error_names_the_pin(index: Index) -> None:
    used = {target: {"pure", "source", "unpinned", "nvidia-x"} for target in TARGETS[:1]}
    pins = {name: PINS[name] for name in ("pure", "source", "native")}
    hashed = {
        name: HashedPin(version=version, hashes=frozenset()) for name, version in pins.items()
    }
    hashed["native"] = HashedPin(version="1.9", hashes=frozenset())
    assert mistakes(index, pins, hashed, used) == [
        "native has version 2.0 here and 1.9 in hashes.txt (`make hashes` writes it)",
        "native==2.0 is not used by any installation",
        "pure==1.0 has no wheel with a hash of hashes.txt for Linux x86_64, CPython 3.11",
        "source==4.0 has no wheel for Linux x86_64, CPython 3.11",
        "unpinned is installed and has no pin",
    ]


def test_wrong_hashes_are_found(tmp_path: Path) -> None:
    files = {"pure-1.0-py3-none-any.whl": b"as published"}
    (right,) = write_index(tmp_path, files).values()
    index = Index(options=options(tmp_path))
    wheels = {TARGETS[0]: index.wheels("pure", "1.0", index.links("pure", "1.0"), TARGETS[0])}
    assert hash_faults(wheels, frozenset({right})) == []
    assert hash_faults(wheels, frozenset({right, "f" * 64})) == [
        f"has no wheel with the hash {'f' * 64}"
    ]
    assert hash_faults(wheels, frozenset({"f" * 64})) == [
        f"has no wheel with a hash of hashes.txt for {TARGETS[0]}",
        f"has no wheel with the hash {'f' * 64}",
    ]


def test_all_pins_but_pytorch_have_hashes() -> None:
    hashed = read_hashes()
    assert version_differences(read_pins(), hashed) == []
    assert not {"torch", "torchaudio", "torchcodec"} & hashed.keys()
    assert [name for name, pin in hashed.items() if not pin.hashes] == []


def test_oldest_supported_glibc_is_used() -> None:
    tags = platform_tags("x86_64")
    assert tags[0] == "manylinux_2_31_x86_64"
    assert "manylinux2014_x86_64" in tags


def project(root: Path, folder: str, text: str) -> None:
    (root / folder).mkdir(parents=True)
    (root / folder / "pyproject.toml").write_text(text)


def test_requirements_are_followed_with_extras_and_markers(tmp_path: Path) -> None:
    project(
        tmp_path,
        "libs/base",
        '[project]\nname = "base"\ndependencies = ["pytest"]\n'
        '[project.optional-dependencies]\nall = ["redis"]\n',
    )
    project(tmp_path, "services/top", '[project]\nname = "top"\ndependencies = ["base[all]"]\n')
    (tmp_path / "requirements-dev.txt").write_text("# tools\nruff\n")
    projects = Projects(tmp_path)
    old = used_names(Target(machine="x86_64", python="3.11"), projects)
    assert {"ruff", "pytest", "pluggy", "redis", "hatchling", "editables"} <= old
    assert not {"base", "top", "torch"} & old
    # redis requires it only before Python 3.11.3.
    assert "async-timeout" in old
    assert "async-timeout" not in used_names(Target(machine="x86_64", python="3.12"), projects)


def test_pins_are_parsed(tmp_path: Path) -> None:
    (tmp_path / "pins").write_text("# why\nTyping_Extensions==4.16.0\n\nnumpy==2.4.6  # here\n")
    assert read_pins(tmp_path / "pins") == {"typing-extensions": "4.16.0", "numpy": "2.4.6"}
