"""Pins of constraints.txt, and the packages of an installation.

The requirements come from requirements-dev.txt and the projects' own pyproject.toml. The metadata
of everything else comes from the packages next to this Python.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts.install import BUILD_REQUIREMENTS

ROOT = Path(__file__).resolve().parent.parent
HASHES = ROOT / "hashes.txt"
#: Packages without hashes: PyTorch's own index has other builds of the same versions.
UNHASHED = frozenset({"torch", "torchaudio", "torchcodec"})
#: Extras that the Makefile installs.
EXTRAS = {"securetranscribe": "mcp,s3", "securetranscribe-transcriber": "worker"}


@dataclass(frozen=True, kw_only=True, order=True)
class Target:
    """A kind of machine to install on, such as `x86_64` with `3.12`."""

    machine: str
    python: str

    def __str__(self) -> str:
        return f"Linux {self.machine}, CPython {self.python}"

    def environments(self) -> Iterator[dict[str, str]]:
        """Yield the values of environment markers for the first and for a late patch release."""
        for patch in (0, 99):
            full = f"{self.python}.{patch}"
            yield {
                **{name: str(value) for name, value in default_environment().items()},
                "platform_machine": self.machine,
                "python_version": self.python,
                "python_full_version": full,
                "implementation_version": full,
            }


def read_pins(path: Path = ROOT / "constraints.txt") -> dict[str, str]:
    """Return the pinned version of each package by normalized name."""
    lines = [line.split("#")[0].strip() for line in path.read_text().splitlines()]
    pairs = [line.split("==") for line in lines if line]
    return {canonicalize_name(name): version for name, version in pairs}


@dataclass(frozen=True, kw_only=True)
class HashedPin:
    """A version of a package with the SHA-256 of its wheels."""

    version: str
    hashes: frozenset[str]


def read_hashes(path: Path = HASHES) -> dict[str, HashedPin]:
    """Return the packages of hashes.txt by normalized name."""
    entries = re.findall(r"^([\w.-]+)==(\S+)((?:.*\\\n)+.*)$", path.read_text(), re.MULTILINE)
    return {
        canonicalize_name(name): HashedPin(
            version=version,
            hashes=frozenset(re.findall(r"--hash=sha256:([0-9a-f]{64})\b", rest)),
        )
        for name, version, rest in entries
    }


class Projects:
    """The distributions of this repository, read from their pyproject.toml."""

    def __init__(self, root: Path = ROOT) -> None:
        files = [*root.glob("libs/*/pyproject.toml"), *root.glob("services/*/pyproject.toml")]
        read = [tomllib.loads(file.read_text())["project"] for file in files]
        self._by_name: dict[str, Any] = {canonicalize_name(one["name"]): one for one in read}
        self._development = (root / "requirements-dev.txt").read_text().splitlines()

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def roots(self) -> list[Requirement]:
        """Return the requirements of an installation."""
        lines = [line.split("#")[0].strip() for line in self._development]
        own = [
            f"{name}[{EXTRAS[name]}]" if name in EXTRAS else name for name in sorted(self._by_name)
        ]
        named = [*(line for line in lines if line), *BUILD_REQUIREMENTS, *own]
        return [Requirement(line) for line in named]

    def requirements(self, name: str, extra: str) -> list[Requirement]:
        """Return the requirements of a project or of one of its extras."""
        project = self._by_name[name]
        lines = project["optional-dependencies"][extra] if extra else project["dependencies"]
        return [Requirement(line) for line in lines]


def _installed_requirements(name: str) -> list[Requirement]:
    """Return the requirements of a package. A missing package has none."""
    try:
        lines = metadata.requires(name)
    except metadata.PackageNotFoundError:
        lines = None
    return [Requirement(line) for line in lines or ()]


def _needed(
    projects: Projects, name: str, extra: str, environment: dict[str, str]
) -> Iterator[Requirement]:
    if name in projects:
        yield from projects.requirements(name, extra)
        return
    for requirement in _installed_requirements(name):
        marker = requirement.marker
        if marker is None:
            if not extra:
                yield requirement
        elif marker.evaluate({**environment, "extra": extra}):
            yield requirement


def used_names(target: Target, projects: Projects) -> set[str]:
    """Return the packages that a target takes from the index."""
    found: set[str] = set()
    for environment in target.environments():
        seen: set[tuple[str, str]] = set()
        waiting = projects.roots()
        while waiting:
            requirement = waiting.pop()
            name = canonicalize_name(requirement.name)
            for extra in ("", *requirement.extras):
                if (name, extra) not in seen:
                    seen.add((name, extra))
                    waiting += _needed(projects, name, extra, environment)
        found |= {name for name, _ in seen if name not in projects}
    return found
