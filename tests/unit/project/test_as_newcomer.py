import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "scripts/as_newcomer.sh"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository with the script, a committed file and an uncommitted one."""
    root = tmp_path / "repository"
    (root / "scripts").mkdir(parents=True)
    shutil.copy(SCRIPT, root / "scripts")
    (root / "committed.txt").write_text("known\n")
    identity = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.org")
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "Begin"]):
        subprocess.run(["git", *identity, *command], cwd=root, check=True)
    (root / "uncommitted.txt").touch()
    return root


def run(repository: Path, *command: str) -> str:
    outer = {
        "PATH": os.environ["PATH"],
        "HOME": str(repository.parent / "old-home"),
        "PIP_INDEX_URL": "https://index.example/simple",
        "PIP_CACHE_DIR": "/cache",
        "HTTPS_PROXY": "http://proxy.example:3128",
        "WHISPER_MODEL_SIZE": "large-v3",
        "PYTHONPATH": "/elsewhere",
    }
    done = subprocess.run(
        [str(repository / "scripts/as_newcomer.sh"), str(repository.parent / "new"), *command],
        env=outer, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout


def test_only_settings_of_the_package_index_are_kept(repository: Path) -> None:
    shown = dict(line.split("=", 1) for line in run(repository, "CI=true", "env").splitlines())
    assert shown["HOME"] == str(repository.parent / "new/home")
    assert shown["PIP_NO_CACHE_DIR"] == "1"
    assert shown["PIP_INDEX_URL"] == "https://index.example/simple"
    assert shown["HTTPS_PROXY"] == "http://proxy.example:3128"
    assert shown["CI"] == "true"
    assert not {"WHISPER_MODEL_SIZE", "PYTHONPATH"} & shown.keys()


def test_commands_share_a_private_clone_of_the_commit(repository: Path) -> None:
    run(repository, "touch", "made.txt")
    listed = run(repository, "ls").split()
    assert listed == ["committed.txt", "made.txt", "scripts"]
    made = repository.parent / "new/clone/made.txt"
    assert made.stat().st_mode & 0o077 == 0
