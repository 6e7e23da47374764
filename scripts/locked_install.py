"""Install distributions of this repository with everything that they need, by hash.

    python scripts/locked_install.py --python VENV/bin/python PACKAGE …

Images and machines without containers take their packages this way. pip resolves, under the pins of
constraints.txt. The files that it has chosen are then installed by the hashes of hashes.txt, so
that an altered one stops the installation. PyTorch and the packages of CUDA, which have no hashes,
come by their versions, and the repository's own distributions from their directories.

Runs before anything is installed, so it imports the standard library only.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

ROOT = Path(__file__).resolve().parent.parent
#: The build backend of our distributions, with everything that it needs.
BUILD = ("hatchling", "packaging", "pathspec", "pluggy", "trove-classifiers")
#: PyTorch has other builds in indexes of its own, and names the packages of CUDA.
UNHASHED = re.compile(r"torch|torchaudio|torchcodec|triton|nvidia-[a-z0-9-]+|cuda-[a-z0-9-]+")
_BY_HASH = ("--require-hashes", "--no-deps")


class UnlockedError(Exception):
    """A package is needed for which there is no hash."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """Packages that pip has chosen: versions of the index by name, and our own directories."""

    versions: Mapping[str, str]
    directories: Sequence[str]


def main(arguments: Sequence[str]) -> int:
    """Install. Return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--python", required=True, help="Python of the environment to install into")
    parser.add_argument("--extra-index-url", help="further index, for a build of PyTorch")
    parser.add_argument("-r", dest="file", help="file with further packages")
    parser.add_argument("packages", nargs="+", help="directories and packages, as pip takes them")
    options = parser.parse_args(arguments)
    index = ["--extra-index-url", options.extra_index_url] if options.extra_index_url else []
    further = ["-r", options.file] if options.file else []
    try:
        install(options.python, [*options.packages, *further], index)
    except UnlockedError as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        return int(error.returncode)
    return 0


def install(
    python: str, packages: Sequence[str], index: Sequence[str] = (), *, root: Path = ROOT
) -> None:
    """Install packages into the environment of a Python. `index` is pip's options for indexes.

    Raises:
        UnlockedError: one of them, or of those that they need, has no hash.
        subprocess.CalledProcessError: pip has failed, and has said why.
    """
    hashes = read_entries((root / "hashes.txt").read_text())
    with tempfile.TemporaryDirectory(prefix="locked-install-") as directory:
        scratch = Path(directory)
        backend = scratch / "backend"
        locked = _requirements(scratch, [hashes[name] for name in BUILD])
        _pip(python, ["--target", str(backend), *_BY_HASH, *index, "-r", locked])
        building = ["--no-build-isolation", *index]
        report = scratch / "report.json"
        # What the build backend brings is not in the environment.
        planning = ["--dry-run", "--ignore-installed", "--report", str(report)]
        wanted = ["-c", str(root / "constraints.txt"), *packages]
        _pip(python, [*planning, *building, *wanted], backend)
        choice = chosen(json.loads(report.read_text()))
        locked_entries, others = split(choice.versions, hashes)
        if locked_entries:
            _pip(python, [*_BY_HASH, *index, "-r", _requirements(scratch, locked_entries)])
        rest = [*others, *choice.directories]
        if rest:
            _pip(python, ["--no-deps", *building, *rest], backend)


def read_entries(text: str) -> dict[str, str]:
    """Return the lines of each package in hashes.txt by its name, with its hashes."""
    joined = text.replace("\\\n", "")
    entries = [line for line in joined.splitlines() if "==" in line and line[0] != "#"]
    return {normalized(entry.partition("==")[0]): entry for entry in entries}


def chosen(report: Mapping[str, Any]) -> Choice:
    """Return the packages of an installation report of pip."""
    versions, directories = {}, []
    for item in report["install"]:
        source, metadata = item["download_info"], item["metadata"]
        if "dir_info" in source:
            directories.append(url2pathname(urlsplit(source["url"]).path))
        else:
            versions[normalized(metadata["name"])] = metadata["version"]
    return Choice(versions=versions, directories=directories)


def split(versions: Mapping[str, str], hashes: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Return the entries of hashes.txt for these packages, and the pins of those without hashes.

    Raises:
        UnlockedError: another package than those of PyTorch has no hash.
    """
    locked, others, missing = [], [], []
    for name, version in sorted(versions.items()):
        if name in hashes:
            # Of the version in constraints.txt, which `make lint` compares.
            locked.append(hashes[name])
        elif UNHASHED.fullmatch(name):
            others.append(f"{name}=={version}")
        else:
            missing.append(f"{name}=={version}")
    if missing:
        raise UnlockedError(
            f"hashes.txt has no hashes of {', '.join(missing)}. "
            "Pin them in constraints.txt and run `make hashes`."
        )
    return locked, others


def normalized(name: str) -> str:
    """Return the name of a package as indexes write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _requirements(scratch: Path, entries: Sequence[str]) -> str:
    file = scratch / "requirements.txt"
    file.write_text("\n".join(entries) + "\n")
    return str(file)


def _pip(python: str, arguments: Sequence[str], backend: Path | None = None) -> None:
    command = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
    command += ["--only-binary", ":all:"]
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    if backend is not None:
        environment["PYTHONPATH"] = str(backend)
    subprocess.run([*command, *arguments], check=True, env=environment)  # noqa: S603


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
