"""Signatures and stored secrets of webhooks, checked by the official library."""

import time

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from gateway.webhooks import signatures
from gateway.webhooks.signatures import SecretBox, WrongKeyError

BODY = '{"type":"job.completed","data":{"note":"Grüße"}}'


def test_official_library_accepts_signatures() -> None:
    secret = signatures.new_secret()
    headers = signatures.headers([secret], "msg_1", int(time.time()), BODY)
    assert Webhook(secret).verify(BODY, headers)["type"] == "job.completed"


def test_example_of_the_specification() -> None:
    signed = signatures.signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        '{"test": 2432232314}',
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_two_secrets_sign_during_a_rotation() -> None:
    old, new, other = (signatures.new_secret() for _ in range(3))
    headers = signatures.headers([new, old], "msg_1", int(time.time()), BODY)
    for secret in (old, new):
        Webhook(secret).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(BODY, headers)


@pytest.mark.parametrize(("header", "value"), [("webhook-id", "msg_2"), ("webhook-timestamp", "1")])
def test_headers_and_body_are_covered(header: str, value: str) -> None:
    secret = signatures.new_secret()
    headers = signatures.headers([secret], "msg_1", int(time.time()), BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY, {**headers, header: value})
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY + " ", headers)


def test_secrets_have_256_bits() -> None:
    assert len({signatures.new_secret() for _ in range(10)}) == 10
    assert len(signatures.new_secret()) == len("whsec_") + 44


def test_secrets_are_stored_encrypted_for_one_webhook() -> None:
    box, secret = SecretBox("k" * 32), signatures.new_secret()
    locked = box.lock(secret, "webhook_1")
    assert secret.encode() not in locked
    assert locked != box.lock(secret, "webhook_1")
    assert box.unlock(locked, "webhook_1") == secret
    with pytest.raises(WrongKeyError):
        box.unlock(locked, "webhook_2")
    with pytest.raises(WrongKeyError):
        SecretBox("other" * 8).unlock(locked, "webhook_1")
