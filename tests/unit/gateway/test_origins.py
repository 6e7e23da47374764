"""Origins allowed to use a browser's cookie."""

import pytest
from starlette.datastructures import Headers

from gateway.web.origins import Origins


@pytest.mark.parametrize(
    ("origin", "host", "trusted"),
    [
        (None, "example.org", True),
        ("https://example.org", "example.org", True),
        ("http://localhost:8000", "localhost:8000", True),
        ("http://LOCALHOST:8000", "localhost:8000", True),
        ("http://localhost:3000", "localhost:8000", False),
        ("https://app.example.org", "example.org", True),
        ("https://app.example.org.evil.example", "example.org", False),
        ("https://evil.example", "example.org", False),
        ("null", "example.org", False),
        ("", "example.org", False),
        ("https://[bad", "example.org", False),
    ],
)
def test_trusted_origins(origin: str | None, host: str, trusted: bool) -> None:
    headers = {"host": host} | ({} if origin is None else {"origin": origin})
    assert Origins(["https://app.example.org/"]).trusts(Headers(headers)) is trusted


@pytest.mark.parametrize(
    ("site", "trusted"),
    [("none", True), ("same-origin", True), ("same-site", False), ("cross-site", False)],
)
def test_requests_of_pages_without_an_origin(site: str, trusted: bool) -> None:
    headers = Headers({"host": "example.org", "sec-fetch-site": site})
    assert Origins([]).trusts(headers) is trusted


def test_an_allowed_page_of_another_site_is_trusted() -> None:
    headers = Headers(
        {
            "host": "example.org",
            "sec-fetch-site": "cross-site",
            "origin": "https://app.example",
        }
    )
    assert Origins(["https://app.example"]).trusts(headers)


def test_a_wildcard_does_not_trust_an_origin_with_cookies() -> None:
    anybody = Origins(["*"])
    assert anybody.any
    headers = Headers({"host": "example.org", "origin": "https://evil.example"})
    assert not anybody.trusts(headers)
