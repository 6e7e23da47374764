"""Pauses between attempts, and the distinction of outages."""

import nats.errors
import nats.js.errors
import pytest

from common.background.policy import Policy, is_outage, outage_pause, reason
from common.errors import ResourceExhaustedError, SpeakerError, TimedOutError, UnavailableError


def test_pauses_double_up_to_a_bound() -> None:
    policy = Policy(first_pause=5.0, longest_pause=30.0)
    assert [policy.pause(attempts) for attempts in (1, 2, 3, 4, 500)] == [5, 10, 20, 30, 30]
    assert [outage_pause(outages) for outages in (0, 1, 2, 500)] == [1, 2, 4, 30]


@pytest.mark.parametrize(
    "error",
    [
        UnavailableError("away"),
        ResourceExhaustedError("full"),
        nats.errors.TimeoutError(),
        nats.errors.NoRespondersError(),
        nats.errors.ConnectionClosedError(),
        nats.js.errors.ServiceUnavailableError(),
        nats.js.errors.NoStreamResponseError(),
    ],
)
def test_absent_and_full_servers_are_outages(error: Exception) -> None:
    assert is_outage(error)


@pytest.mark.parametrize(
    "error",
    [
        SpeakerError("no"),
        TimedOutError("slow"),
        MemoryError(),
        TimeoutError(),
        nats.errors.MaxPayloadError(),
        nats.errors.BadSubjectError(),
        nats.js.errors.BadRequestError(),
    ],
)
def test_other_errors_are_charged_to_the_item(error: Exception) -> None:
    assert not is_outage(error)


def test_messages_of_foreign_errors_are_hidden() -> None:
    assert reason(ValueError("a word of the transcript")) == "ValueError"
    assert reason(SpeakerError("A speaker is missing.")) == "A speaker is missing."
    assert len(reason(SpeakerError("x" * 10_000))) == 500
