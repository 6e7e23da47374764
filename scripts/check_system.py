"""Says what a machine lacks before anything is installed, in one message with the command to run.

Runs with any Python 3, before there is an environment, so it imports the standard library only.
"""

import ctypes.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable

# What to look for -> Debian package. Everything else comes in Python packages.
COMMANDS = {"git": "git", "make": "make"}
LIBRARIES = {"stdc++": "libstdc++6"}
# Independent readers that some tests use; they are skipped where these are not.
TEST_COMMANDS = {"pdftotext": "poppler-utils", "openssl": "openssl"}


def main() -> int:
    """Checks the machine; as root on Debian it installs what is missing."""
    if sys.version_info[:2] != (3, 11):
        found = platform.python_version()
        print(f"Python 3.11 is needed; this is {found}. Name one: make PYTHON=/path/to/python3.11")
        return 1
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"):
        print("The embedded servers come for Linux on x86-64 and arm64 only.")
        return 1
    if "--for-tests" in sys.argv:
        provide(lambda: absent(TEST_COMMANDS))
        return 0
    packages = provide(missing)
    if packages:
        print("Some system packages are missing. Run this, then make again:")
        print(f"  sudo apt-get install -y {' '.join(packages)}")
        return 1
    return 0


def provide(look: Callable[[], list[str]]) -> list[str]:
    """Installs what is missing where that is possible; returns what is missing still."""
    packages = look()
    if packages and os.geteuid() == 0 and shutil.which("apt-get"):
        install(packages)
        packages = look()
    return packages


def absent(commands: dict[str, str]) -> list[str]:
    """Debian packages of the commands that are not there."""
    return [package for name, package in commands.items() if not shutil.which(name)]


def missing() -> list[str]:
    """Debian packages that have to be installed."""
    packages = absent(COMMANDS)
    packages += [
        package for name, package in LIBRARIES.items() if not ctypes.util.find_library(name)
    ]
    try:
        import ensurepip  # noqa: F401, PLC0415 - absent where Debian's python3-venv is
    except ImportError:
        packages.append("python3.11-venv")
    return packages


def install(packages: list[str]) -> None:
    """Installs Debian packages."""
    print(f"Installing system packages: {' '.join(packages)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages],
    ):
        subprocess.run(command, check=False, env=environment)  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
