"""Pauses between the connections of a live session."""

import pytest

from securetranscribe.errors import ApiError
from securetranscribe.live_retries import Retries


def test_the_first_attempt_after_a_restart_is_at_once() -> None:
    retries = Retries()
    assert retries.after_loss(1012) == 0.0
    assert retries.after_loss(1012) > 0.0
    retries.served()
    assert retries.after_loss(1012) == 0.0


@pytest.mark.parametrize("code", [0, 1012, 1013])
def test_pauses_grow_to_some_seconds_only(code: int) -> None:
    retries = Retries()
    pauses = [retries.after_loss(code) for _ in range(50)]
    # Half as long up to one and a half times as long, and at most ten seconds before that.
    assert all(5.0 <= pause <= 15.0 for pause in pauses[6:])
    assert len(set(pauses[6:])) > 1


def test_a_busy_server_is_left_alone_for_a_while() -> None:
    assert Retries().after_loss(1013) >= 2.5


@pytest.mark.parametrize(("code", "status"), [(1008, 400), (1009, 413), (4401, 401), (4409, 423)])
def test_some_ends_are_final(code: int, status: int) -> None:
    with pytest.raises(ApiError) as raised:
        Retries().after_loss(code)
    assert raised.value.status == status
