"""Random tokens, and tokens derived from an idempotency key."""

from gateway.sessions.tokens import (
    RequestTokens,
    looks_like_token,
    new_session_id,
    new_token,
)


def test_tokens_have_256_bits_in_43_characters() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(looks_like_token(token) for token in tokens)


def test_other_texts_do_not_look_like_tokens() -> None:
    token = new_token()
    for text in ("", token[:-1], token + "A", token[:-1] + "=", token[:-1] + "é", "token_xyz789"):
        assert not looks_like_token(text)


def test_format_of_session_ids() -> None:
    assert len(new_session_id()) == len("session_") + 32
    assert new_session_id() != new_session_id()


def test_a_repeated_key_derives_the_same_token() -> None:
    tokens = RequestTokens("secret")
    token = tokens.token("salt", "request", "10.0.0.1")
    assert looks_like_token(token)
    assert token == RequestTokens("secret").token("salt", "request", "10.0.0.1")


def test_a_derived_token_depends_on_every_input() -> None:
    tokens = RequestTokens("secret")
    base = tokens.token("salt", "request", "10.0.0.1")
    others = {
        tokens.token("other", "request", "10.0.0.1"),
        tokens.token("salt", "other", "10.0.0.1"),
        tokens.token("salt", "request", "10.0.0.2"),
        RequestTokens("other").token("salt", "request", "10.0.0.1"),
    }
    assert len(others | {base}) == 5


def test_the_stored_form_of_a_key_depends_on_the_caller() -> None:
    tokens = RequestTokens("secret")
    assert tokens.request_hash("a", "1") == tokens.request_hash("a", "1")
    assert tokens.request_hash("a", "1") != tokens.request_hash("a", "2")
    assert "a" * 20 not in tokens.request_hash("a" * 20, "1")
