from pathlib import Path

import pytest

from scripts.check_wheels import TARGETS, Index, mistakes, platform_tags
from scripts.pins import Projects, Target, read_pins, used_names

# Warnings of pip's own code, where pip is old.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
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


@pytest.mark.parametrize("name", ["pure", "native"])
def test_wheels_for_every_machine(index: Index, name: str) -> None:
    assert index.targets_without_wheel(name, PINS[name], TARGETS) == []


def test_source_distributions_are_not_wheels(index: Index) -> None:
    assert index.targets_without_wheel("source", "4.0", TARGETS) == list(TARGETS)


def test_wheels_for_other_machines_or_versions_are_insufficient(index: Index) -> None:
    without = set(index.targets_without_wheel("partial", "3.0", TARGETS))
    assert without == set(TARGETS) - {Target(machine="x86_64", python="3.11")}


def test_wheels_for_a_newer_glibc_are_insufficient(index: Index) -> None:
    without = index.targets_without_wheel("other", "5.0", TARGETS)
    assert {target.machine for target in without} == {"x86_64"}


def test_each_error_names_the_pin(index: Index) -> None:
    used = {target: {"pure", "source", "unpinned", "nvidia-x"} for target in TARGETS[:1]}
    pins = {name: PINS[name] for name in ("pure", "source", "native")}
    assert mistakes(index, pins, used) == [
        "native==2.0 is not used by any installation",
        "source==4.0 has no wheel for Linux x86_64, CPython 3.11",
        "unpinned is installed and has no pin",
    ]


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
