"""Files that a language model may name."""

import os
from pathlib import Path

import pytest

from securetranscribe.mcp_server.directories import Directories, ForbiddenFileError


@pytest.fixture
def allowed(tmp_path: Path) -> Path:
    directory = tmp_path / "allowed"
    (directory / "calls").mkdir(parents=True)
    (directory / "calls/a.wav").write_bytes(b"sound")
    (tmp_path / "secret.wav").write_bytes(b"secret")
    return directory


@pytest.mark.parametrize("form", ["calls/a.wav", "calls/../calls/a.wav", "{allowed}/calls/a.wav"])
def test_a_file_in_a_directory_is_opened(allowed: Path, form: str) -> None:
    with Directories([allowed]).opened(form.format(allowed=allowed)) as file:
        assert file.read() == b"sound"


@pytest.mark.parametrize(
    "name",
    ["../secret.wav", "{allowed}/../secret.wav", "calls", "", "missing.wav", "a\0b", "link.wav"],
)
def test_other_files_are_refused_alike(allowed: Path, name: str) -> None:
    (allowed / "link.wav").symlink_to(allowed.parent / "secret.wav")
    directories = Directories([allowed])
    wanted = name.format(allowed=allowed)
    with pytest.raises(ForbiddenFileError) as refused, directories.opened(wanted):
        pass
    assert str(refused.value).replace(repr(wanted), "NAME") == (
        f"There is no file NAME below the allowed directories: {allowed}. Name a file there, or "
        "ask the user to move it there, or to allow its directory with --directory."
    )


def test_links_within_the_directories_are_followed(allowed: Path, tmp_path: Path) -> None:
    second = tmp_path / "second"
    second.mkdir()
    (second / "link.wav").symlink_to(allowed / "calls/a.wav")
    assert Directories([second, allowed]).find("link.wav") == allowed / "calls/a.wav"
    with pytest.raises(ForbiddenFileError):
        Directories([second]).find("link.wav")


def test_a_pipe_is_refused_without_waiting(allowed: Path) -> None:
    os.mkfifo(allowed / "pipe.wav")
    with (
        pytest.raises(ForbiddenFileError),
        Directories([allowed]).opened("pipe.wav"),
    ):
        pass
