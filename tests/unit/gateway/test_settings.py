"""Documented defaults, and clear errors for invalid settings."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from common.settings import load
from gateway.settings import GatewaySettings


def settings(**changes: Any) -> GatewaySettings:
    """Return settings with only the required values and some changes."""
    values: dict[str, Any] = {
        "secret_key": "s" * 40,
        "database_url": "postgresql://u:p@127.0.0.1:1/db",
        "grpc_port": 50050,
    }
    return GatewaySettings(**(values | changes))


def test_documented_defaults() -> None:
    made = settings()
    assert (made.host, made.port) == ("127.0.0.1", 8000)
    assert made.session_ttl == 3600
    assert made.max_file_size == 500 * 1024**2
    assert made.enable_metrics
    assert not made.force_https
    assert made.cors_origins == ()


def test_lists_and_sizes_are_parsed_as_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", "yourdomain.com, www.yourdomain.com")
    monkeypatch.setenv("CORS_ORIGINS", "https://yourdomain.com,http://localhost:3000")
    monkeypatch.setenv("MAX_FILE_SIZE", "2GB")
    monkeypatch.setenv("REDIS_URL", "")
    made = settings()
    assert made.allowed_hosts == ("yourdomain.com", "www.yourdomain.com")
    assert made.cors_origins == ("https://yourdomain.com", "http://localhost:3000")
    assert made.max_file_size == 2 * 1024**3
    assert made.redis_url.get_secret_value() == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rate_limit_upload", "often"),
        ("rate_limit_status", "10"),
        ("redis_url", "http://redis"),
        ("cors_origins", "example.org"),
        ("cors_origins", "https://example.org/path"),
        ("trusted_proxies", "proxy.example.org"),
        ("ssl_cert_path", Path("/nowhere/cert.pem")),
        ("port", 70000),
        ("session_ttl", 0),
        ("max_file_size", "much"),
    ],
)
def test_invalid_values_are_rejected(name: str, value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        settings(**{name: value})
    assert caught.value.errors()[0]["loc"] == (name,)


def test_a_certificate_requires_its_key(tmp_path: Path) -> None:
    certificate = tmp_path / "cert.pem"
    certificate.write_text("x")
    with pytest.raises(ValidationError, match="SSL_KEY_PATH"):
        settings(ssl_cert_path=certificate)


def test_redirects_require_a_certificate() -> None:
    with pytest.raises(ValidationError, match="HTTP_REDIRECT_PORT requires SSL_CERT_PATH"):
        settings(http_redirect_port=8000)


def test_repr_hides_secrets() -> None:
    made = settings(redis_url="redis://:hidden@redis:6379/0", redis_password="hidden")
    assert "hidden" not in repr(made)


def test_the_process_reports_the_invalid_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {
        "SECRET_KEY": "s" * 40, "DATABASE_URL": "postgresql://x", "GRPC_PORT": "1",
        "RATE_LIMIT_EXPORT": "often",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        load(GatewaySettings)
    assert "RATE_LIMIT_EXPORT" in capsys.readouterr().err
