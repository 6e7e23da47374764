import pytest
from pydantic import SecretStr, ValidationError

from common.provisioning.settings import ProvisioningSettings


def test_passwords_come_from_the_urls_of_services() -> None:
    settings = ProvisioningSettings(
        gateway_database_url=SecretStr("postgresql://gateway:a%2Fb@db/securetranscribe"),
        speakers_database_url=SecretStr("postgresql://speakers:c@db/securetranscribe"),
    )
    assert settings.passwords() == {"gateway": "a/b", "speakers": "c"}


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://postgres:pw@db/securetranscribe",
        "postgresql://transcriber@db/securetranscribe",
    ],
)
def test_url_of_another_role_or_without_password_is_rejected(url: str) -> None:
    with pytest.raises(ValidationError, match="with the user transcriber") as refused:
        ProvisioningSettings(transcriber_database_url=SecretStr(url))
    assert "pw" not in str(refused.value)
