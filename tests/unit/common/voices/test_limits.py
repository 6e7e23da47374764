import pytest

from common.voices.limits import RequestedSpeakers, SpeakerLimits

DEFAULTS = SpeakerLimits(fewest=2, most=10, least_speech=1.5)


@pytest.mark.parametrize(
    ("requested", "fewest", "most"),
    [
        (RequestedSpeakers(), 2, 10),
        (RequestedSpeakers(exactly=3), 3, 3),
        (RequestedSpeakers(at_least=4), 4, 10),
        (RequestedSpeakers(at_most=1), 1, 1),
        (RequestedSpeakers(at_least=12), 12, 12),
        (RequestedSpeakers(at_least=3, at_most=5), 3, 5),
    ],
)
def test_requests_are_completed_by_defaults(
    requested: RequestedSpeakers, fewest: int, most: int
) -> None:
    limits = requested.limits(DEFAULTS)
    assert limits == SpeakerLimits(fewest=fewest, most=most, least_speech=1.5)


@pytest.mark.parametrize(
    ("requested", "found", "said"),
    [
        (RequestedSpeakers(exactly=2), 2, None),
        (RequestedSpeakers(exactly=2), 3, "Speakers requested: 2. Speakers found: 3."),
        (RequestedSpeakers(at_least=3), 2, "Speakers requested: at least 3. Speakers found: 2."),
        (RequestedSpeakers(at_most=1), 2, "Speakers requested: at most 1. Speakers found: 2."),
        (RequestedSpeakers(at_least=1, at_most=2), 2, None),
        (RequestedSpeakers(), 0, None),
    ],
)
def test_other_numbers_than_requested_are_reported(
    requested: RequestedSpeakers, found: int, said: str | None
) -> None:
    assert requested.warning(found) == said
