"""Providers as operators describe them."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from gateway.oidc.providers import OidcProvider, Providers
from gateway.oidc.sign_in import safe_return


def provider(**changes: Any) -> OidcProvider:
    return OidcProvider(
        **{"id": "p", "issuer": "https://id.example.org", "client_id": "us", **changes}
    )


@pytest.mark.parametrize(
    ("issuer", "document"),
    [
        ("https://a.org", "https://a.org/.well-known/openid-configuration"),
        (
            "https://a.org/realms/x",
            "https://a.org/realms/x/.well-known/openid-configuration",
        ),
        (
            "https://a.org/application/o/app/",
            "https://a.org/application/o/app/.well-known/openid-configuration",
        ),
    ],
)
def test_address_of_the_document(issuer: str, document: str) -> None:
    assert provider(issuer=issuer).discovery_url == document


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "Company"},
        {"id": ""},
        {"id": "a/b"},
        {"issuer": "id.example.org"},
        {"issuer": "http://id.example.org"},
        {"issuer": "https://id.example.org?x=1"},
        {"client_id": ""},
        {"roles": [{"group": "g", "workspace": "w", "role": "commenter"}]},
        {"roles": [{"group": "", "workspace": "w", "role": "viewer"}]},
        {"unknown": 1},
        {"client_secret_file": "/no/such/file"},
    ],
)
def test_refused_settings(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        provider(**changes)


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:8080", "http://localhost/x", "http://[::1]"])
def test_plain_http_only_on_this_machine(issuer: str) -> None:
    assert provider(issuer=issuer).issuer == issuer


def test_secret_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("hush\n")
    assert provider(client_secret_file=path).secret() == "hush"
    assert "hush" not in repr(provider(client_secret="hush"))
    with pytest.raises(ValidationError):
        provider(client_secret_file=path, client_secret="hush")


def test_openid_is_always_asked_for() -> None:
    assert provider(scopes=["email"]).scopes == ("openid", "email")


def test_ids_are_distinct() -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(Providers)
    assert len(adapter.validate_python((provider(), provider(id="q")))) == 2
    with pytest.raises(ValidationError, match="same id"):
        adapter.validate_python((provider(), provider(name="Another")))


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/app/library?x=1#y", "/app/library?x=1#y"),
        ("", "/"),
        ("app", "/"),
        ("//evil.org", "/"),
        ("/\\evil.org", "/"),
        ("/a\\b", "/"),
        ("https://evil.org", "/"),
        ("/a\nb", "/"),
        ("/" + "a" * 600, "/"),
    ],
)
def test_browsers_stay_here_after_the_sign_in(path: str, target: str) -> None:
    assert safe_return(path) == target
