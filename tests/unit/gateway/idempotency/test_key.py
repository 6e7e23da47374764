"""The header with the key, and fingerprints of requests."""

import datetime as dt
from typing import Any

import pytest

from common.errors import ValidationError
from common.identity import Scope
from gateway.idempotency.key import Digests, key_of
from gateway.sessions.session import Preferences, Session

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
DIGESTS = Digests("s" * 40)


def scope(*keys: bytes, path: str = "/api/tags", **headers: str) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [
            *((b"idempotency-key", key) for key in keys),
            *((name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()),
        ],
    }


def session(**changes: Any) -> Session:
    return Session(
        **{
            "id": 1,
            "session_id": "session_a",
            "workspace_id": "session_a",
            "token_sha256": "",
            "user_identifier": "",
            "authenticated": False,
            "preferences": Preferences(),
            "created_at": NOW,
            "last_accessed_at": NOW,
            "expires_at": NOW,
            **changes,
        }
    )


@pytest.mark.parametrize(
    ("header", "key"),
    [
        (b"8e03978e-40d5", "8e03978e-40d5"),
        (b'"8e03978e-40d5"', "8e03978e-40d5"),
        (b' "a \\"b\\\\" ', 'a "b\\'),
        (b"x" * 255, "x" * 255),
    ],
)
def test_keys_with_and_without_quotes(header: bytes, key: str) -> None:
    assert key_of(scope(header)) == key


@pytest.mark.parametrize(
    "headers",
    [[b""], [b'""'], [b'"open'], [b"x" * 256], ["ü".encode()], [b"a", b"b"], [b"tab\tbed"]],
)
def test_malformed_keys_are_refused(headers: list[bytes]) -> None:
    with pytest.raises(ValidationError) as caught:
        key_of(scope(*headers))
    assert caught.value.details == {"field": "Idempotency-Key"}


def test_no_key_is_none() -> None:
    assert key_of(scope()) is None


def test_users_and_scopes_have_keys_of_their_own() -> None:
    callers = [
        session(),
        session(user_id="user_1"),
        session(user_id="user_1", scopes=frozenset({Scope.READ})),
        session(link_id="7"),
    ]
    assert len({DIGESTS.of_key("a", caller) for caller in callers}) == 4
    assert len({DIGESTS.seal_of("a", caller) for caller in callers}) == 4
    same = session(session_id="session_b")
    assert DIGESTS.of_key("a", same) == DIGESTS.of_key("a", session())
    assert DIGESTS.of_key("b", same) != DIGESTS.of_key("a", same)
    assert DIGESTS.seal_of("a", same) == DIGESTS.seal_of("a", session())
    assert DIGESTS.seal_of("b", same) != DIGESTS.seal_of("a", same)
    assert DIGESTS.seal_of("a", same).hex() != DIGESTS.of_key("a", same)


def test_fingerprint_has_what_a_request_does() -> None:
    first = DIGESTS.of_request(scope(), b"{}")
    others = [
        DIGESTS.of_request(scope(), b"[]"),
        DIGESTS.of_request(scope(path="/api/folders"), b"{}"),
        DIGESTS.of_request(scope(if_match="2"), b"{}"),
        DIGESTS.of_request({**scope(), "query_string": b"a=1"}, b"{}"),
        DIGESTS.of_request({**scope(), "method": "PUT"}, b"{}"),
        DIGESTS.of_request(scope(), None),
        Digests("t" * 40).of_request(scope(), b"{}"),
    ]
    assert len({first, *others}) == 8
    versioned = scope(path="/api/v1/tags", user_agent="another", content_length="2")
    assert DIGESTS.of_request(versioned, b"{}") == first


def test_boundary_of_a_form_is_no_part_of_the_request() -> None:
    def form(boundary: str) -> str:
        kind = f"multipart/form-data; boundary={boundary}"
        return DIGESTS.of_request(scope(content_type=kind), None)

    assert form("a") == form("b")
