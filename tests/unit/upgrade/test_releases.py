import subprocess
import sys
from pathlib import Path

import pytest

from tests.upgrade.releases import (
    Release,
    ReleaseError,
    changed_migrations,
    checked_out,
    installed,
    migrations,
    same_pins,
    source_paths,
)

MIGRATION = "services/gateway/src/gateway/migrations/0001_sessions.sql"
OTHER = "services/speakers/src/speakers/migrations/0001_speakers.sql"


def _tree(root: Path, **files: str) -> Path:
    for name, text in files.items():
        _write(root, name, text)
    return root


def _write(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def _git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=Tests", "-c", "user.email=tests@localhost")
    subprocess.run(["git", "-C", str(root), *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    root.mkdir()
    _git(root, "init", "--quiet")
    _write(root, "constraints.txt", "one==1\n")
    _write(root, "libs/common/src/common/__init__.py", "")
    _git(root, "add", ".")
    _git(root, "commit", "--quiet", "-m", "First")
    return root


def test_commit_is_unpacked_without_changes_of_the_working_tree(
    repository: Path, tmp_path: Path
) -> None:
    _write(repository, "constraints.txt", "one==2\n")
    release = checked_out(repository, "HEAD", tmp_path / "unpacked" / "old")
    assert (release.root / "constraints.txt").read_text() == "one==1\n"
    assert release.python == sys.executable
    found = subprocess.run(
        ["git", "-C", str(repository), "rev-parse", "HEAD"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert found.stdout.startswith(release.commit)
    assert list(release.root.parent.iterdir()) == [release.root]


def test_unknown_commit_is_refused(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="rev-parse"):
        checked_out(repository, "no-such-branch", tmp_path / "old")


def test_comments_and_order_do_not_change_pins(tmp_path: Path) -> None:
    one = _tree(tmp_path / "one", **{"constraints.txt": "a==1  # why\n\nb==2\n"})
    same = _tree(tmp_path / "same", **{"constraints.txt": "# pins\nb==2\na==1\n"})
    other = _tree(tmp_path / "other", **{"constraints.txt": "a==1\nb==3\n"})
    assert same_pins(one, same)
    assert not same_pins(one, other)


def test_release_with_other_pins_gets_an_environment_of_its_own(tmp_path: Path) -> None:
    present = _tree(tmp_path / "present", **{"constraints.txt": "a==1\n"})
    makefile = "install:\n\t@mkdir -p .venv/bin && touch .venv/bin/python\n"
    root = _tree(tmp_path / "old", **{"constraints.txt": "a==2\n", "Makefile": makefile})
    release = installed(Release(commit="abc", root=root), present)
    assert release.python == str(root / ".venv/bin/python")
    assert Path(release.python).exists()

    assert installed(Release(commit="abc", root=present), present).python == sys.executable


def test_sources_are_those_of_libraries_and_services(tmp_path: Path) -> None:
    _write(tmp_path, "libs/common/src/common/__init__.py", "")
    _write(tmp_path, MIGRATION, "")
    assert source_paths(tmp_path) == [
        tmp_path / "libs/common/src",
        tmp_path / "services/gateway/src",
    ]


def test_release_imports_its_own_sources(tmp_path: Path) -> None:
    release = Release(commit="abc", root=tmp_path)
    with pytest.raises(ReleaseError, match="abc is imported from"):
        release.require_own_sources()
    _write(tmp_path, "libs/common/src/common/__init__.py", "")
    release.require_own_sources()


def test_changed_and_removed_migrations_are_found(tmp_path: Path) -> None:
    old = _tree(tmp_path / "old", **{MIGRATION: "SELECT 1", OTHER: "SELECT 2"})
    assert migrations(old) == ["gateway/0001_sessions", "speakers/0001_speakers"]

    later = MIGRATION.replace("0001_sessions", "0002_more")
    new = _tree(tmp_path / "new", **{MIGRATION: "SELECT 1", OTHER: "SELECT 2", later: ""})
    assert changed_migrations(old, new) == []

    _write(new, MIGRATION, "SELECT 3")
    (new / OTHER).unlink()
    assert changed_migrations(old, new) == ["gateway/0001_sessions", "speakers/0001_speakers"]
