"""The same that is asked of the stack on one machine, by REST through Envoy."""

import httpx2

from tests.containers.conftest import Containers
from tests.e2e.test_pipeline import (
    reference,
    test_progress_rises_to_a_hundred,
    test_segments_are_in_order_and_within_the_recording,
    test_silence_gives_an_empty_transcript,
    test_statistics_are_those_of_the_segments,
    test_the_speakers_are_those_who_spoke,
    test_the_words_are_those_that_were_said,
)

__all__ = [
    "reference",
    "test_progress_rises_to_a_hundred",
    "test_segments_are_in_order_and_within_the_recording",
    "test_silence_gives_an_empty_transcript",
    "test_statistics_are_those_of_the_segments",
    "test_the_speakers_are_those_who_spoke",
    "test_the_words_are_those_that_were_said",
]


def test_pages_and_api_are_behind_the_same_door(stack: Containers) -> None:
    assert httpx2.get(f"{stack.base_url}/health").status_code == 200
    page = httpx2.get(f"{stack.base_url}/")
    assert page.status_code == 200
    assert "text/html" in page.headers["content-type"]
    assert "content-security-policy" in page.headers


def test_figures_are_not_for_outside(stack: Containers) -> None:
    assert httpx2.get(f"{stack.base_url}/metrics").status_code == 404
