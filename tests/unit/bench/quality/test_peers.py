"""Peers of other projects, with small programs in place of the Python of an environment."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bench.quality import __main__ as program
from bench.quality import systems, whisperx_script
from bench.quality.corpus import NO_SPEECH, Case
from bench.recordings import Recording, Utterance

CALL = Case(
    group="recordings",
    recording=Recording(
        name="call",
        audio=Path("call.wav"),
        utterances=(Utterance(start=1.0, end=3.0, speaker="anna", text="Good morning, Ben."),),
        turns=((1.0, 3.0, "anna"),),
    ),
    seconds=10.0,
)
HUM = Case(
    group=NO_SPEECH,
    recording=Recording(name="hum", audio=Path("hum.wav"), utterances=(), turns=()),
    seconds=10.0,
)
USED = {"seconds": 10.0, "wall": 5.0, "cpu": 5.0, "peak_mb": 100.0}


def environment(directory: Path, *commands: str) -> Path:
    """Return a program that is run in place of a Python."""
    path = directory / "python"
    path.write_text("\n".join(["#!/bin/sh", *commands, ""]))
    path.chmod(0o755)
    return path


def with_packages(directory: Path, *names: str) -> Path:
    """Return a Python that has empty packages."""
    for name in names:
        (directory / name).mkdir()
    command = f'PYTHONPATH={directory} exec {sys.executable} "$@"'
    return environment(directory, command)


def written(work: Path, system: str, *rows: dict[str, Any]) -> None:
    lines = [json.dumps({**USED, **row}) + "\n" for row in rows]
    systems.output(system, work).write_text("".join(lines))


def kept(work: Path) -> None:
    """Write outputs of the systems of this project."""
    for system in systems.WORDS:
        written(work, system, {"name": "call"}, {"name": "hum"})
    for system in systems.TURNS:
        written(work, system, {"name": "call"})


def test_environment_is_asked_for_its_peers(tmp_path: Path) -> None:
    assert systems.peers_of(with_packages(tmp_path, "whisperx", "other")) == ["whisperx"]


@pytest.mark.parametrize(
    ("commands", "message"),
    [
        (["exit 0"], "has none of the packages senko, whisperx"),
        (["exit 3"], "ended with exit status 3"),
        (["kill -ILL $$"], "ended with an illegal instruction on this processor"),
    ],
)
def test_environment_without_peers_is_refused(
    tmp_path: Path, commands: Sequence[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    python = environment(tmp_path, *commands)
    with pytest.raises(SystemExit):
        program.main(["--work", str(tmp_path), "--peer", str(python)])
    assert f"{python} {message}" in capsys.readouterr().err


def test_missing_python_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be run: No such file"):
        systems.peers_of(tmp_path / "none")


@pytest.mark.parametrize(
    ("command", "how"),
    [
        ("kill -ILL $$", "an illegal instruction on this processor"),
        ("kill -ABRT $$", "signal SIGABRT"),
        ("exit 1", "exit status 1"),
    ],
)
def test_broken_peer_does_not_end_the_run(
    tmp_path: Path, command: str, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    kept(tmp_path)
    broken = environment(tmp_path, command)
    turns = json.dumps({"name": "call", "turns": [[1.0, 3.0, "1"]], **USED})
    (tmp_path / "other").mkdir()
    working = environment(tmp_path / "other", f"echo '{turns}' >> \"$3\"")
    peers = {"whisperx": broken, "senko": working}
    program.run_all([CALL, HUM], tmp_path, peers=peers, resume=True)
    assert f"whisperX ended with {how}, and is left out" in capsys.readouterr().err
    assert set(systems.read("senko", tmp_path)) == {"call"}


def test_broken_system_of_this_project_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(environment(tmp_path, "exit 1")))
    with pytest.raises(subprocess.CalledProcessError):
        program.run_all([CALL], tmp_path, peers={}, resume=True)


def test_complete_outputs_are_kept_on_resumption(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(tmp_path)
    # The output of one recording is missing.
    written(tmp_path, "plain words", {"name": "call"})
    ran: list[str] = []
    monkeypatch.setattr(program, "run", lambda system, *_, **__: ran.append(system))
    program.run_all([CALL, HUM], tmp_path, peers={"senko": Path("python")}, resume=True)
    assert ran == ["plain words", "senko"]
    assert systems.read("product words", tmp_path)


def test_peers_with_missing_outputs_are_left_out() -> None:
    words = {"call": {"words": [[1.0, 3.0, "Good"]], **USED}}
    raw: dict[str, Any] = {"whisperx": words, "senko": {"call": {"turns": [], **USED}}}
    found = program.measure(raw, [CALL, HUM])
    assert "whisperx" not in found["scores"]
    assert set(found["systems"]) == {"senko"}
    assert found["scores"]["senko"]["call"]["der"] == pytest.approx(100.0)


def test_words_of_segments_have_no_scores_of_times() -> None:
    words = {
        # "Thanks" is additional, and far from speech.
        "call": {"words": [[1.0, 3.0, "Good morning, Ben."], [8.0, 9.0, "Thanks"]], **USED},
        "hum": {"words": [[4.0, 5.0, "You"]], **USED},
    }
    found = program.measure({"whisperx": words}, [CALL, HUM])
    scored = found["scores"]["whisperx"]
    assert scored["call"] == {"wer": pytest.approx(100 / 3), "words": 3}
    assert scored["hum"] == {"invented_words": 1, "silence_seconds": pytest.approx(10.0)}
    assert found["systems"]["whisperx"] == {
        "cpu": 10.0,
        "peak_mb": 100,
        "seconds": 20.0,
        "wall": 10.0,
    }


def test_words_are_spread_evenly_over_their_segment() -> None:
    found = whisperx_script.spread(" Good morning,  Ben. ", 2.0, 5.0)
    assert found == [(2.0, 3.0, "Good"), (3.0, 4.0, "morning,"), (4.0, 5.0, "Ben.")]
    assert whisperx_script.spread(" ", 2.0, 5.0) == []


def test_whisperx_receives_the_directory_of_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / "models"
    monkeypatch.setattr(systems, "_store", lambda: _Store(directory))
    systems.run(
        "whisperx", [CALL], tmp_path, python=environment(tmp_path, f'echo "$@" > {tmp_path}/seen')
    )
    script, listed, written_to, model = (tmp_path / "seen").read_text().split()
    assert Path(script).name == "whisperx_script.py"
    assert json.loads(Path(listed).read_text()) == [
        ["call", str(Path("call.wav").absolute()), "en"]
    ]
    assert written_to == str(systems.output("whisperx", tmp_path))
    assert model == str(directory / "base")


class _Store:
    def __init__(self, directory: Path) -> None:
        self._root = directory

    def recognition(self, name: str) -> "_Store":
        return _Store(self._root / name)

    @property
    def directory(self) -> Path:
        return self._root
