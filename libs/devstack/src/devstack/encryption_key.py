"""The encryption key of stored recordings, made once and never replaced by itself."""

import base64
import os

from common.encryption.key_holders import DeploymentKeys
from devstack.errors import ConfigurationError
from devstack.files import PRIVATE_FILE, DataDirectory, read_object, write_object, write_private

#: Variables of the service that encrypts. Other processes get none of them.
KEY_VARIABLES = (
    "ENCRYPTION_KEY",
    "ENCRYPTION_KEY_FILE",
    "ENCRYPTION_KEY_SERVICE",
    "ENCRYPTION_KEY_SERVICE_TOKEN",
    "ENCRYPTION_KEY_SERVICE_TOKEN_FILE",
)
#: Entry of the credentials: that there is a key. Its loss must not go unnoticed.
_MADE = "encryption_key_made"


def ensure_encryption_key(files: DataDirectory) -> None:
    """Make the key of a data directory (mode 0600), unless one was ever made.

    Raises:
        ConfigurationError: the key is lost or damaged. Another one could read nothing.
    """
    path = files.encryption_key
    credentials = read_object(files.credentials)
    if not path.exists():
        if credentials.get(_MADE):
            raise ConfigurationError(
                f"{path} is missing. Recordings are encrypted with it: restore it from your backup"
            )
        write_private(path, base64.b64encode(os.urandom(32)).decode() + "\n")
    try:
        DeploymentKeys.parse(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigurationError(f"{path}: {error}. Restore it from your backup") from None
    path.chmod(PRIVATE_FILE)
    if not credentials.get(_MADE):
        write_object(files.credentials, {**credentials, _MADE: True})
