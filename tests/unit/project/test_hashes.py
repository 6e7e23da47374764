"""hashes.txt is written from the index, and pip rejects every other file."""

import io
from pathlib import Path

import pytest

from scripts.check_wheels import TARGETS, Index
from scripts.hashes import UnknownHashError, entry, markers, text
from scripts.install import HASHED, WHEELS
from scripts.pins import HashedPin, Target, read_hashes
from scripts.pip_output import PipOutput, explain
from scripts.pip_process import run_pip
from scripts.progress import Progress
from tests.unit.project.package_index import PAGE, options, wheel, write_index

# Warnings of pip's own code, where pip is old.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
PURE = "pure-1.0-py3-none-any.whl"
NATIVE = {
    f"native-2.0-cp{python}-cp{python}-manylinux_2_28_{machine}.whl": f"{python}{machine}".encode()
    for python in (310, 311, 312, 313)
    for machine in ("x86_64", "aarch64")
}
OTHERS = {
    "native-2.0-cp311-cp311-win_amd64.whl": b"Windows",
    "native-2.0.tar.gz": b"source",
    "native-2.1-cp311-cp311-manylinux_2_28_x86_64.whl": b"later",
}


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return Index(options=options(tmp_path))


def test_every_wheel_of_the_supported_machines_is_listed(index: Index, tmp_path: Path) -> None:
    hashes = write_index(tmp_path, NATIVE | OTHERS)
    wanted = {value for file, value in hashes.items() if file in NATIVE and "cp310" not in file}
    lines = entry(index, "native", "2.0", TARGETS).splitlines()
    assert lines[0] == "native==2.0 \\"
    assert len(lines) == 1 + 6
    assert {line.strip(" \\").removeprefix("--hash=sha256:") for line in lines[1:]} == wanted


def test_the_file_is_read_as_it_was_written(index: Index, tmp_path: Path) -> None:
    hashes = write_index(tmp_path, {**NATIVE, PURE: b"pure"})
    used = {target: {"pure", "native"} for target in TARGETS[:1]}
    path = tmp_path / "hashes.txt"
    path.write_text(text(index, {"native": "2.0", "pure": "1.0", "torch": "9"}, used))
    assert read_hashes(path) == {
        "native": HashedPin(
            version="2.0",
            hashes=frozenset({hashes["native-2.0-cp311-cp311-manylinux_2_28_x86_64.whl"]}),
        ),
        "pure": HashedPin(version="1.0", hashes=frozenset({hashes[PURE]})),
    }


def test_an_index_without_the_hash_is_no_source(index: Index, tmp_path: Path) -> None:
    write_index(tmp_path, {PURE: b"pure"})
    page = tmp_path / PAGE
    page.write_text(page.read_text().replace("#sha256=", "#other="))
    with pytest.raises(UnknownHashError, match=r"pure==1\.0 has no hash for Linux"):
        entry(index, "pure", "1.0", TARGETS)


def targets(*wanted: tuple[str, str]) -> list[Target]:
    return [Target(machine=machine, python=python) for machine, python in wanted]


@pytest.mark.parametrize(
    ("wanted", "marker"),
    [
        (list(TARGETS), ""),
        ([one for one in TARGETS if one.python == "3.11"], 'python_version == "3.11"'),
        (
            [one for one in TARGETS if one.python != "3.11"],
            'python_version == "3.12" or python_version == "3.13"',
        ),
        ([one for one in TARGETS if one.machine == "x86_64"], 'platform_machine == "x86_64"'),
        (
            targets(("x86_64", "3.12")),
            'platform_machine == "x86_64" and python_version == "3.12"',
        ),
    ],
)
def test_markers(wanted: list[Target], marker: str) -> None:
    assert markers(wanted) == marker


@pytest.mark.parametrize("altered", [False, True])
def test_pip_rejects_altered_wheels(altered: bool, tmp_path: Path) -> None:
    """Run pip itself, with the options of an installation."""
    content = wheel("pure", "1.0")
    hashes = write_index(tmp_path / "index", {PURE: content})
    listed = tmp_path / "hashes.txt"
    listed.write_text(f"pure==1.0 \\\n    --hash=sha256:{hashes[PURE]}\n")
    if altered:
        # The index vouches for its own file, as one in the wrong hands would.
        write_index(tmp_path / "index", {PURE: content + b"\0"})
    progress = Progress(total=1, stream=io.StringIO())
    output = PipOutput(progress, on_cuda=lambda: None)
    wanted = [str(listed) if one == "hashes.txt" else one for one in HASHED]
    where = ["--dry-run", "--no-cache-dir", *options(tmp_path / "index")]
    status = run_pip([*where, *WHEELS, *wanted], output, progress, tmp_path / "tmp")
    assert status == int(altered)
    if altered:
        told = str(explain(output.tail, needed=4e9))
        assert told.startswith("The wheel of pure==1.0 is not the one in hashes.txt")
