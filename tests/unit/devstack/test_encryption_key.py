"""The key of a data directory is made once, and never replaced."""

from pathlib import Path

import pytest

from common.encryption.key_holders import DeploymentKeys
from devstack.credentials import load_credentials
from devstack.encryption_key import ensure_encryption_key
from devstack.errors import ConfigurationError
from devstack.files import DataDirectory


@pytest.fixture
def files(tmp_path: Path) -> DataDirectory:
    files = DataDirectory(root=tmp_path)
    load_credentials(files.credentials)
    return files


def test_it_is_made_once_and_private(files: DataDirectory) -> None:
    ensure_encryption_key(files)
    made = files.encryption_key.read_text()
    DeploymentKeys.parse(made)
    assert files.encryption_key.stat().st_mode & 0o777 == 0o600
    ensure_encryption_key(files)
    # The credentials keep what they do not know.
    load_credentials(files.credentials)
    ensure_encryption_key(files)
    assert files.encryption_key.read_text() == made


def test_lost_key_is_an_error_and_not_replaced(files: DataDirectory) -> None:
    ensure_encryption_key(files)
    files.encryption_key.unlink()
    with pytest.raises(ConfigurationError, match="restore it from your backup"):
        ensure_encryption_key(files)
    assert not files.encryption_key.exists()


def test_damaged_key_is_an_error_and_stays(files: DataDirectory) -> None:
    files.encryption_key.write_text("half a ke")
    with pytest.raises(ConfigurationError, match="32 bytes"):
        ensure_encryption_key(files)
    assert files.encryption_key.read_text() == "half a ke"


def test_several_keys_are_accepted_for_a_rotation(files: DataDirectory) -> None:
    ensure_encryption_key(files)
    both = "11" * 32 + "\n" + files.encryption_key.read_text()
    files.encryption_key.write_text(both)
    ensure_encryption_key(files)
    assert files.encryption_key.read_text() == both
