import subprocess
from pathlib import Path

import pytest

from scripts.secrets_scan import ALLOWED, Rule, files, findings, main, rules

# Made of parts, so that this file has none of them.
GITHUB = "ghp_" + "aB3" * 12
AWS = "AKIA" + "ABCDEFGHIJKLMNOP"
KEY = "-----BEGIN " + "RSA PRIVATE KEY-----"
URL = "postgresql://gateway" + ":correct-horse@db/x"
QUOTED = "api_key" + ' = "correct-horse-battery"'


@pytest.fixture(scope="module")
def wanted() -> list[Rule]:
    return rules()


@pytest.mark.parametrize("secret", [GITHUB, AWS, KEY, URL, QUOTED])
def test_secrets_are_found_with_their_line_and_not_shown(wanted: list[Rule], secret: str) -> None:
    found = [*findings("deploy/file.yaml", f"first\nkey: {secret}\nlast", wanted)]
    assert found
    assert all(line.startswith("deploy/file.yaml:2: ") for line in found)
    assert not any(secret in line for line in found)


@pytest.mark.parametrize(
    "text",
    ["postgresql://gateway:{password}@db/x", "nats://service:$PASSWORD@nats", "redis://u:p@host",
     'secret_key: "${SECRET_KEY}"', "password = settings.password", "0.0.0.0:8080"],
)  # fmt: skip
def test_templates_and_placeholders_pass(wanted: list[Rule], text: str) -> None:
    assert [*findings("libs/file.py", text, wanted)] == []


def test_tests_may_make_passwords_up(wanted: list[Rule]) -> None:
    assert [*findings("tests/unit/test_it.py", QUOTED, wanted)] == []
    assert [*findings("tests/unit/test_it.py", GITHUB, wanted)] != []


def test_allowed_line_passes(wanted: list[Rule]) -> None:
    assert [*findings("a.py", f"{QUOTED}  # {ALLOWED}", wanted)] == []
    assert len([*findings("a.py", f"# {ALLOWED}\n{QUOTED}", wanted)]) == 1


def test_new_text_files_are_read_and_ignored_or_binary_ones_are_not(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / ".gitignore").write_text("local\n")
    (tmp_path / "local").write_text(QUOTED)
    (tmp_path / "sound.bin").write_bytes(b"\0" + QUOTED.encode())
    (tmp_path / "new.txt").write_text("text")
    assert dict(files(tmp_path)) == {".gitignore": "local\n", "new.txt": "text"}


def test_repository_has_no_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0, capsys.readouterr().err
