"""Providers as the operator describes them in `OIDC_PROVIDERS`."""

import json
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import NoDecode

from common.identity import Role

_DEFAULT_SCOPES = ("openid", "profile", "email")


class RoleRule(BaseModel):
    """Role of the members of a group in a workspace."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    group: str = Field(min_length=1)
    workspace: str = Field(min_length=1, description="Identifier of the workspace.")
    role: Literal["viewer", "editor", "manager"]

    @property
    def granted(self) -> Role:
        """The role."""
        return Role.of(self.role)


class OidcProvider(BaseModel):
    """One provider. Everything about its addresses comes from its discovery document."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")
    name: str = ""
    issuer: str = Field(pattern=r"^https?://[^\s?#]+$")
    client_id: str = Field(min_length=1)
    client_secret: SecretStr = SecretStr("")
    client_secret_file: Path | None = None
    token_auth_method: Literal["", "client_secret_basic", "client_secret_post"] = ""
    scopes: tuple[str, ...] = _DEFAULT_SCOPES
    groups_claim: str = "groups"
    roles: tuple[RoleRule, ...] = ()
    administrators: tuple[str, ...] = ()
    allowed_groups: tuple[str, ...] = ()
    trust_email: bool = False
    create_users: bool = True
    ca_file: Path | None = None

    @field_validator("issuer")
    @classmethod
    def _protected(cls, issuer: str) -> str:
        if not issuer.startswith("https://") and not is_loopback(issuer):
            raise ValueError("must begin with https://")
        return issuer

    @field_validator("scopes")
    @classmethod
    def _with_openid(cls, scopes: tuple[str, ...]) -> tuple[str, ...]:
        return scopes if "openid" in scopes else ("openid", *scopes)

    @model_validator(mode="after")
    def _readable_files(self) -> Self:
        for path in (self.client_secret_file, self.ca_file):
            if path is not None and not path.is_file():
                raise ValueError(f"{path} is not a readable file")
        if self.client_secret_file is not None and self.client_secret.get_secret_value():
            raise ValueError("client_secret and client_secret_file cannot be used together")
        return self

    @property
    def label(self) -> str:
        """Name to show."""
        return self.name or self.id

    def secret(self) -> str:
        """Return the client secret. Empty for public clients."""
        if self.client_secret_file is not None:
            return self.client_secret_file.read_text(encoding="utf-8").strip()
        return self.client_secret.get_secret_value()

    @property
    def discovery_url(self) -> str:
        """Address of the discovery document."""
        return f"{self.issuer.removesuffix('/')}/.well-known/openid-configuration"


def _parsed(value: Any) -> Any:
    """Return the list in a JSON text."""
    if not isinstance(value, str):
        return value
    if not value.strip():
        return ()
    try:
        found = json.loads(value)
    except ValueError as error:
        raise ValueError("is not a JSON list of providers") from error
    if not isinstance(found, list):
        raise ValueError("is not a JSON list of providers")
    return tuple(found)


def _distinct(providers: tuple[OidcProvider, ...]) -> tuple[OidcProvider, ...]:
    if len({one.id for one in providers}) < len(providers):
        raise ValueError("has two providers with the same id")
    return providers


Providers = Annotated[
    tuple[OidcProvider, ...], NoDecode, BeforeValidator(_parsed), AfterValidator(_distinct)
]


def by_id(providers: tuple[OidcProvider, ...]) -> Mapping[str, OidcProvider]:
    """Return the providers by their ids."""
    return {one.id: one for one in providers}


def is_loopback(url: str) -> bool:
    """Return whether an address is on this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
