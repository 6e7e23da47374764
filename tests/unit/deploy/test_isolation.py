"""Each service imports with only the declared requirements of its distribution."""

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
LIBRARIES = {"securetranscribe": "libs/sdk-python", "securetranscribe-common": "libs/common"}
# First import of each process, with the extra of its distribution.
PROCESSES = {
    "gateway.app": ("gateway", ""),
    "transcriber.app": ("transcriber", ""),
    "transcriber.worker.app": ("transcriber", "worker"),
    "diarizer.app": ("diarizer", ""),
    "speakers.app": ("speakers", ""),
    "exporter.app": ("exporter", ""),
    "common.provisioning.__main__": ("transcriber", ""),
    "common.object_backup": ("transcriber", ""),
    "common.healthcheck": ("exporter", ""),
}
MACHINE_LEARNING = {"torch", "torchaudio", "faster_whisper", "ctranslate2", "pyannote", "sklearn"}
# Finds only third-party modules of declared distributions, then imports the given modules.
GUARD = """
import importlib.abc, importlib.machinery, json, sys
allowed, module, sources = json.loads(sys.argv[1])
third_party = [path for path in sys.path if path.rstrip('/').endswith('-packages')]

class Guard(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        top = name.partition('.')[0]
        if path is None and top not in allowed:
            found = importlib.machinery.PathFinder.find_spec(name, third_party)
            if found is not None:
                raise ModuleNotFoundError(f'{name} is not declared', name=name)
        return None

sys.path[:0] = sources
sys.meta_path.insert(0, Guard())
__import__(module)
print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))
"""


def declared(directory: str, extras: set[str]) -> Iterator[Requirement]:
    """Return the requirements of a distribution of this repository with some of its extras."""
    project = tomllib.loads((ROOT / directory / "pyproject.toml").read_text())["project"]
    optional = project.get("optional-dependencies", {})
    for text in [*project.get("dependencies", []), *(t for e in extras for t in optional[e])]:
        yield Requirement(text)


def closure(directory: str, extras: set[str]) -> set[str]:
    """Return all distributions installed with one, by canonical name."""
    waiting = list(declared(directory, extras))
    brought: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        extra = frozenset(wanted.extras)
        if (name, extra) in brought:
            continue
        brought.add((name, extra))
        if name in LIBRARIES:
            waiting += declared(LIBRARIES[name], set(extra))
            continue
        try:
            requires = metadata.distribution(name).requires or []
        except metadata.PackageNotFoundError:
            continue
        for text in requires:
            further = Requirement(text)
            environments = [{"extra": one} for one in extra or {""}]
            if further.marker is None or any(further.marker.evaluate(e) for e in environments):
                waiting.append(further)
    return {name for name, _ in brought}


def top_levels(distributions: set[str]) -> set[str]:
    """Return the modules of distributions."""
    return {
        module
        for module, owners in metadata.packages_distributions().items()
        if any(canonicalize_name(owner) in distributions for owner in owners)
    }


@cache
def imported_by(module: str) -> set[str]:
    service, extra = PROCESSES[module]
    directory = f"services/{service}"
    allowed = top_levels(closure(directory, {extra} - {""})) | {
        service,
        "common",
        "securetranscribe",
    }
    sources = [str(ROOT / path / "src") for path in (*LIBRARIES.values(), directory)]
    done = subprocess.run(
        [sys.executable, "-c", GUARD, json.dumps([sorted(allowed), module, sources])],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "HOME": "/tmp", "PYANNOTE_METRICS_ENABLED": "0"},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-1500:]
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("module", PROCESSES)
def test_process_imports_only_declared_requirements_and_no_other_service(module: str) -> None:
    loaded = imported_by(module)
    services = {service for service, _ in PROCESSES.values()}
    assert loaded & services <= {PROCESSES[module][0]}
    assert not loaded & {"devstack", "pytest"}


@pytest.mark.parametrize(
    "module", ["gateway.app", "transcriber.app", "speakers.app", "exporter.app"]
)
def test_only_workers_import_machine_learning(module: str) -> None:
    assert not imported_by(module) & MACHINE_LEARNING
    service, _ = PROCESSES[module]
    assert not top_levels(closure(f"services/{service}", set())) & MACHINE_LEARNING
