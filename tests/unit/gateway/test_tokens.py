"""Random tokens, and stored forms of idempotency keys."""

from gateway.sessions.tokens import (
    RequestKeys,
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


def test_stored_form_of_a_key_depends_on_caller_and_deployment() -> None:
    keys = RequestKeys("secret")
    assert keys.stored("a", "1") == RequestKeys("secret").stored("a", "1")
    others = {keys.stored("b", "1"), keys.stored("a", "2"), RequestKeys("x").stored("a", "1")}
    assert len(others | {keys.stored("a", "1")}) == 4
    assert "a" * 20 not in keys.stored("a" * 20, "1")


def test_successor_of_a_token_depends_on_the_deployment() -> None:
    token = new_token()
    successor = RequestKeys("secret").successor(token)
    assert looks_like_token(successor)
    assert successor == RequestKeys("secret").successor(token)
    others = {RequestKeys("x").successor(token), RequestKeys("secret").successor(new_token())}
    assert len(others | {successor, token}) == 4
