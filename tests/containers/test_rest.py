"""REST through Envoy, with the tests of the stack on one machine."""

import httpx2

from tests.containers.conftest import Containers
from tests.e2e.test_pipeline import (
    reference,
    test_progress_rises_to_100,
    test_segments_are_in_order_and_within_the_recording,
    test_silence_gives_an_empty_transcript,
    test_speakers_are_correct,
    test_statistics_match_the_segments,
    test_words_are_correct,
)

__all__ = [
    "reference",
    "test_progress_rises_to_100",
    "test_segments_are_in_order_and_within_the_recording",
    "test_silence_gives_an_empty_transcript",
    "test_speakers_are_correct",
    "test_statistics_match_the_segments",
    "test_words_are_correct",
]


def test_pages_and_api_have_the_same_address(stack: Containers) -> None:
    assert httpx2.get(f"{stack.base_url}/health").status_code == 200
    page = httpx2.get(f"{stack.base_url}/")
    assert page.status_code == 200
    assert "text/html" in page.headers["content-type"]
    assert "content-security-policy" in page.headers


def test_metrics_are_not_exposed(stack: Containers) -> None:
    assert httpx2.get(f"{stack.base_url}/metrics").status_code == 404
