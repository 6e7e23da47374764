"""Sources of commits, with the interpreter that runs their services."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PINS = "constraints.txt"
_MIGRATIONS = "services/*/src/*/migrations/*.sql"


class ReleaseError(Exception):
    """A commit cannot be run."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """One commit, unpacked into a directory of its own."""

    commit: str
    """Short hash."""

    root: Path
    python: str = sys.executable
    """Interpreter with its pins."""

    @property
    def variables(self) -> Mapping[str, str]:
        """Return variables that make Python import these sources before installed ones."""
        return {"PYTHONPATH": os.pathsep.join(map(str, source_paths(self.root)))}

    def require_own_sources(self) -> None:
        """Raise ReleaseError if its interpreter imports the packages from elsewhere."""
        packages = [path.parent.name for path in self.root.glob("services/*/src/*/__main__.py")]
        program = f"import {', '.join(sorted({'common', *packages}))}\n" + "".join(
            f"print({package}.__file__)\n" for package in ("common", *packages)
        )
        said = _run(
            [self.python, "-P", "-c", program], environment={**os.environ, **self.variables}
        )
        for line in said.splitlines():
            if not Path(line).is_relative_to(self.root):
                raise ReleaseError(f"{self.commit} is imported from {line}")


def checked_out(repository: Path, revision: str, root: Path) -> Release:
    """Unpack a commit into a new directory, which has no changes of the working tree.

    Raises:
        ReleaseError: there is no such commit.
    """
    git = ["git", "-C", str(repository)]
    commit = _run([*git, "rev-parse", "--short", "--verify", f"{revision}^{{commit}}"]).strip()
    root.mkdir(parents=True)
    archive = root.with_suffix(".tar")
    _run([*git, "archive", "--format=tar", f"--output={archive}", commit])
    _run(["tar", "-x", "-f", str(archive), "-C", str(root)])
    archive.unlink()
    return Release(commit=commit, root=root)


def installed(release: Release, present: Path) -> Release:
    """Return a release with an interpreter that has its pins.

    The running interpreter has those of the directory `present`. With other pins, the release makes
    an environment of its own, which fetches every package.
    """
    if same_pins(release.root, present):
        return release
    _run(["make", "-C", str(release.root), "install"])
    return Release(
        commit=release.commit,
        root=release.root,
        python=str(release.root / ".venv" / "bin" / "python"),
    )


def same_pins(one: Path, other: Path) -> bool:
    """Return whether two trees need the same versions of packages. Comments do not count."""
    return _pins(one) == _pins(other)


def source_paths(root: Path) -> Sequence[Path]:
    """Return the directories of a tree from which its packages are imported."""
    return sorted([*root.glob("libs/*/src"), *root.glob("services/*/src")])


def migrations(root: Path) -> Sequence[str]:
    """Return the migrations of a tree as `gateway/0001_sessions`."""
    return sorted(f"{path.parts[-3]}/{path.stem}" for path in root.glob(_MIGRATIONS))


def changed_migrations(old: Path, new: Path) -> Sequence[str]:
    """Return the migrations of both trees whose files differ, or that only the old one has."""
    return [
        name
        for name in migrations(old)
        if (found := _migration(new, name)) is None
        or found.read_bytes() != _required(_migration(old, name)).read_bytes()
    ]


def _pins(root: Path) -> Sequence[str]:
    lines = (root / _PINS).read_text(encoding="utf-8").splitlines()
    return sorted(pin for line in lines if (pin := line.partition("#")[0].strip()))


def _migration(root: Path, name: str) -> Path | None:
    service, _, stem = name.partition("/")
    return next(root.glob(f"services/*/src/{service}/migrations/{stem}.sql"), None)


def _required(path: Path | None) -> Path:
    assert path is not None
    return path


def _run(command: Sequence[str], *, environment: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise ReleaseError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout
