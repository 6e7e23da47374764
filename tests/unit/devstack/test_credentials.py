import json
import stat
from pathlib import Path

import pytest

from devstack.credentials import StackCredentials, load_credentials
from devstack.errors import ConfigurationError


def test_credentials_are_generated_once(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    first = load_credentials(path)
    assert load_credentials(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_every_secret_is_long_and_unique() -> None:
    values = list(vars(StackCredentials()).values())
    assert len(set(values)) == len(values)
    assert all(len(value) >= 20 for value in values)


def test_secrets_need_no_quoting_in_urls_and_files() -> None:
    joined = "".join(vars(StackCredentials()).values())
    assert all(character.isalnum() or character in "-_" for character in joined)


def test_repr_shows_no_secret() -> None:
    credentials = StackCredentials()
    shown = repr(credentials)
    assert not any(value in shown for value in vars(credentials).values())


def test_missing_secrets_are_added_and_others_kept(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps({"nats_service": "old", "from_the_future": "kept"}))
    credentials = load_credentials(path)
    written = json.loads(path.read_text())
    assert credentials.nats_service == "old"
    assert written["from_the_future"] == "kept"
    assert written["secret_key"] == credentials.secret_key


def test_a_readable_file_becomes_private(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    load_credentials(path)
    path.chmod(0o644)
    load_credentials(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "{", "[]", "null"])
def test_a_broken_file_is_never_replaced(tmp_path: Path, text: str) -> None:
    path = tmp_path / "credentials.json"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=r"credentials\.json"):
        load_credentials(path)
    assert path.read_text() == text


def test_a_secret_other_than_text_is_rejected_by_name(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    path.write_text('{"nats_service": 5, "secret_key": "x"}')
    with pytest.raises(ConfigurationError, match="nats_service is not text"):
        load_credentials(path)


def test_passwords_by_role() -> None:
    credentials = StackCredentials(postgres_gateway="g", postgres_superuser="s")
    assert credentials.postgres_password("gateway") == "g"
    assert credentials.postgres_password("postgres") == "s"
    with pytest.raises(KeyError):
        credentials.postgres_password("exporter")
