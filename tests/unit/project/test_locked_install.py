"""Images take the files that pip has chosen by their hashes, and no other ones."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts import locked_install
from scripts.locked_install import UnlockedError
from scripts.pins import HASHES, UNHASHED, read_hashes, read_pins
from tests.unit.project.package_index import PAGE, wheel, write_index

PURE = "pure-1.0-py3-none-any.whl"


def test_every_entry_keeps_its_hashes() -> None:
    entries = locked_install.read_entries(HASHES.read_text())
    expected = read_hashes()
    assert entries.keys() == expected.keys()
    for name, entry in entries.items():
        assert entry.count("--hash=sha256:") == len(expected[name].hashes)
        assert entry.partition(" ")[0].endswith(f"=={expected[name].version}")


def test_pins_without_hashes_are_those_of_pytorch() -> None:
    pins = read_pins()
    entries = locked_install.read_entries(HASHES.read_text())
    locked, others = locked_install.split(pins, entries)
    assert len(locked) == len(pins) - len(UNHASHED)
    assert others == sorted(f"{name}=={pins[name]}" for name in UNHASHED)


def test_a_package_without_its_hash_stops_the_installation() -> None:
    with pytest.raises(UnlockedError, match=r"no hashes of other==1\.0, pure==1\.1\. Pin them"):
        locked_install.split({"pure": "1.1", "other": "1.0", "torch": "2.13.0"}, {})


def test_packages_of_cuda_come_by_their_versions() -> None:
    versions = {"nvidia-cublas-cu12": "12.9", "torch": "2.13.0+cpu", "triton": "3.5"}
    assert locked_install.split(versions, {}) == (
        [],
        ["nvidia-cublas-cu12==12.9", "torch==2.13.0+cpu", "triton==3.5"],
    )


def test_directories_are_told_from_packages_of_the_index() -> None:
    report = {
        "install": [
            {
                "download_info": {"url": "file:///src/libs/a%20b", "dir_info": {}},
                "metadata": {"name": "ours", "version": "0.1"},
            },
            {
                "download_info": {"url": "https://index.test/x.whl", "archive_info": {}},
                "metadata": {"name": "Typing_Extensions", "version": "4.0"},
            },
        ]
    }
    choice = locked_install.chosen(report)
    assert choice.directories == ["/src/libs/a b"]
    assert choice.versions == {"typing-extensions": "4.0"}


@pytest.mark.parametrize("altered", [False, True])
def test_pip_takes_the_hashed_file_only(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    *,
    altered: bool,
) -> None:
    names = [*locked_install.BUILD, "pure"]
    modules = [name.replace("-", "_") for name in names]
    files = {f"{module}-1.0-py3-none-any.whl": wheel(module, "1.0") for module in modules}
    index = tmp_path / "index"
    hashes = write_index(index, files)
    root = tmp_path / "root"
    root.mkdir()
    (root / "constraints.txt").write_text("pure==1.0\n")
    lines = [
        f"{name}==1.0 \\\n    --hash=sha256:{hashes[file]}"
        for name, file in zip(names, files, strict=True)
    ]
    (root / "hashes.txt").write_text("\n".join(lines) + "\n")
    if altered:
        # The index vouches for its own file, as one in the wrong hands would.
        write_index(index, files | {PURE: files[PURE] + b"\0"})
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    options = ["--no-index", f"--find-links={index / PAGE}"]
    python = str(environment / "bin/python")
    if altered:
        with pytest.raises(subprocess.CalledProcessError):
            locked_install.install(python, ["pure"], options, root=root)
        assert "DO NOT MATCH THE HASHES" in capfd.readouterr().err
    else:
        locked_install.install(python, ["pure"], options, root=root)
    installed = {one.name for one in environment.glob("lib/*/site-packages/*.dist-info")}
    assert installed == (set() if altered else {"pure-1.0.dist-info"})
