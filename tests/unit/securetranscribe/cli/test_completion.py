"""Completion in shells."""

import shutil
import subprocess

import pytest

from securetranscribe.cli import completion
from securetranscribe.cli.main import parser


def completed(*words: str) -> list[str]:
    """Return what bash offers for the last of the words."""
    script = completion.script("bash", parser())
    quoted = " ".join(f"'{word}'" for word in words)
    code = f"""{script}
COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}
_securetranscribe
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(
        ["bash", "--norc", "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_commands_are_offered() -> None:
    assert {"transcribe", "doctor", "login"} <= set(completed("securetranscribe", ""))
    assert completed("securetranscribe", "tran") == ["transcribe"]


def test_options_of_a_command_are_offered() -> None:
    assert completed("securetranscribe", "transcribe", "--lang") == ["--language"]
    assert completed("securetranscribe", "--url", "x", "jobs", "--stat") == ["--status"]


def test_commands_below_a_command_are_offered() -> None:
    assert completed("securetranscribe", "jobs", "can") == ["cancel"]
    assert completed("securetranscribe", "tokens", "create", "--sco") == ["--scope"]


def test_values_of_an_option_are_offered() -> None:
    assert completed("securetranscribe", "transcribe", "--channels", "") == [
        "auto",
        "mix",
        "separate",
    ]
    assert completed("securetranscribe", "completion", "z") == ["zsh"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_scripts_of_other_shells(shell: str) -> None:
    script = completion.script(shell, parser())
    assert "transcribe" in script
    assert "channels" in script
    if (program := shutil.which(shell)) is not None:
        subprocess.run([program, "-n"], input=script, text=True, check=True, timeout=30)
