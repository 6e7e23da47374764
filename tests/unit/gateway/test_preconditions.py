"""Revisions in `ETag` and `If-Match`."""

import pytest

from common.errors import ValidationError
from gateway.web.preconditions import PreconditionRequiredError, etag, matched_revision, matches_any


@pytest.mark.parametrize("header", ['"7"', 'W/"7"', "7", ' "7" '])
def test_if_match_names_a_revision(header: str) -> None:
    assert matched_revision(header) == 7


def test_etag_is_taken_back() -> None:
    assert matched_revision(etag(12)) == 12


@pytest.mark.parametrize("header", [None, ""])
def test_if_match_is_required(header: str | None) -> None:
    with pytest.raises(PreconditionRequiredError):
        matched_revision(header)


@pytest.mark.parametrize("header", [None, ""])
def test_if_match_may_be_optional(header: str | None) -> None:
    assert matched_revision(header, required=False) == 0


@pytest.mark.parametrize(
    "header", ["0", '"0"', "*", '"abc"', '"1", "2"', '"-1"', '"1234567890"', "١"]
)
def test_other_tags_are_refused(header: str) -> None:
    with pytest.raises(ValidationError) as caught:
        matched_revision(header)
    assert not isinstance(caught.value, PreconditionRequiredError)


@pytest.mark.parametrize(
    ("header", "matches"),
    [
        ("", False),
        ('"a"', True),
        ('W/"a"', True),
        ('"b", W/"a"', True),
        ("*", True),
        ('"b"', False),
        ("a", False),
    ],
)
def test_any_of_several_tags(header: str, *, matches: bool) -> None:
    assert matches_any(header, 'W/"a"') is matches
