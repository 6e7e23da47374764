"""Keys of idempotent requests."""

import pytest

from common.errors import ValidationError
from speakers.profiles import request_key


def test_key_depends_on_caller() -> None:
    assert request_key("session a", "r") == request_key("session a", "r")
    assert request_key("session a", "r") != request_key("session b", "r")
    # The boundary between caller and id is part of the key.
    assert request_key("session a", "bc") != request_key("session ab", "c")


def test_request_without_id_has_no_key() -> None:
    assert request_key("session a", "") is None


def test_long_request_id_is_rejected() -> None:
    assert request_key("session a", "x" * 255) is not None
    with pytest.raises(ValidationError):
        request_key("session a", "x" * 256)
