"""Places of uploads in progress."""

from contextlib import ExitStack

import pytest

from common.errors import ResourceExhaustedError
from common.upload_places import PlaceLimits, UploadPlaces

LIMITS = PlaceLimits(total=5, per_session=2, per_address=3)


def test_places_of_a_session_are_limited_and_returned() -> None:
    places = UploadPlaces(LIMITS)
    for _ in range(2):
        with ExitStack() as held:
            for _ in range(2):
                held.enter_context(places.place("one", "10.0.0.1"))
            with pytest.raises(ResourceExhaustedError, match="At most 2 of your uploads"):
                held.enter_context(places.place("one", "10.0.0.2"))
            held.enter_context(places.place("two", "10.0.0.1"))


def test_places_of_an_address_are_limited() -> None:
    places = UploadPlaces(LIMITS)
    with ExitStack() as held:
        for number in range(3):
            held.enter_context(places.place(f"session-{number}", f"2001:db8::{number}"))
        with pytest.raises(ResourceExhaustedError, match="from your address"):
            held.enter_context(places.place("another", "2001:db8::ffff"))
        held.enter_context(places.place("another", "2001:db8:0:1::1"))


def test_uploads_that_services_pass_on_count_in_total() -> None:
    places = UploadPlaces(LIMITS)
    with ExitStack() as held:
        for number in range(5):
            held.enter_context(places.place(f"session-{number}", ""))
        with pytest.raises(ResourceExhaustedError, match="Too many uploads are in progress"):
            held.enter_context(places.place("another", ""))
