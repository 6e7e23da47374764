"""How idempotent requests are told apart."""

import pytest

from common.errors import ValidationError
from speakers.profiles import request_key


def test_keys_belong_to_a_caller() -> None:
    assert request_key("session a", "r") == request_key("session a", "r")
    assert request_key("session a", "r") != request_key("session b", "r")
    # The border between the two is part of the key.
    assert request_key("session a", "bc") != request_key("session ab", "c")


def test_requests_without_an_id_are_all_different() -> None:
    assert request_key("session a", "") is None


def test_ids_are_not_endless() -> None:
    assert request_key("session a", "x" * 255) is not None
    with pytest.raises(ValidationError):
        request_key("session a", "x" * 256)
