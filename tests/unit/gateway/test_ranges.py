"""Byte ranges of responses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.responses import Response

from gateway.web import problems
from gateway.web.ranges import RangeNotSatisfiableError, entity_tag, requested, respond

SOUND = bytes(range(100))


def ask(**headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return respond(
        Headers(named), SOUND, media_type="audio/flac", headers={"Cache-Control": "no-store"}
    )


@pytest.mark.parametrize(
    ("header", "first", "last"),
    [
        ("bytes=0-1", 0, 1),
        ("bytes=0-0", 0, 0),
        ("bytes=99-99", 99, 99),
        ("bytes=40-", 40, 99),
        ("bytes=0-", 0, 99),
        ("bytes=90-5000", 90, 99),
        ("bytes=-10", 90, 99),
        ("bytes=-5000", 0, 99),
        ("BYTES=7-8", 7, 8),
        (" bytes = 7 - 8 ", 7, 8),
        (f"bytes=7-{'9' * 900}", 7, 99),
    ],
)
def test_single_ranges(header: str, first: int, last: int) -> None:
    response = ask(range=header)
    assert (response.status_code, response.body) == (206, SOUND[first : last + 1])
    assert response.headers["content-range"] == f"bytes {first}-{last}/100"
    assert response.headers["content-length"] == str(last + 1 - first)


@pytest.mark.parametrize(
    "header",
    [
        "", "bytes", "bytes=", "bytes=-", "bytes=x-1", "bytes=1-x", "bytes=3-2", "bytes=--2",
        "bytes=+1-2", "bytes=1.0-2", "bytes=\u0663-\u0664", "items=0-1", "bytes=0-1,5-6",
        "bytes=0-1,", f"bytes=0-{'9' * 5000}",
    ],
)  # fmt: skip
def test_other_headers_are_ignored(header: str) -> None:
    assert requested(header, 100) is None


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=5000-", "bytes=-0"])
def test_ranges_without_bytes_are_rejected(header: str) -> None:
    with pytest.raises(RangeNotSatisfiableError) as caught:
        ask(range=header)
    response = problems.problem(caught.value)
    assert response.status_code == 416
    assert response.headers["content-range"] == "bytes */100"
    assert b'"RANGE_NOT_SATISFIABLE"' in response.body


@pytest.mark.parametrize("header", ["bytes=0-", "bytes=0-0", "bytes=-1"])
def test_nothing_has_no_ranges(header: str) -> None:
    with pytest.raises(RangeNotSatisfiableError):
        requested(header, 0)


@given(size=st.integers(1, 300), first=st.integers(0, 400), length=st.integers(1, 400))
def test_ranges_lie_within_the_content(size: int, first: int, length: int) -> None:
    content = bytes(size)
    try:
        part = requested(f"bytes={first}-{first + length - 1}", size)
    except RangeNotSatisfiableError:
        assert first >= size
    else:
        assert part is not None
        assert len(part.of(content)) == min(length, size - first) == part.last - part.first + 1


def test_the_whole() -> None:
    response = ask()
    assert (response.status_code, response.body) == (200, SOUND)
    assert response.headers["accept-ranges"] == "bytes"
    assert response.headers["content-type"] == "audio/flac"
    assert response.headers["cache-control"] == "no-store"
    assert "content-range" not in response.headers


def test_a_range_is_sent_if_the_content_is_the_same() -> None:
    tag = ask().headers["etag"]
    same = ask(range="bytes=0-1", if_range=tag)
    assert (same.status_code, same.headers["etag"]) == (206, tag)
    others = ('"other"', f"W/{tag}", "Wed, 21 Oct 2015 07:28:00 GMT", "")
    assert {ask(range="bytes=0-1", if_range=other).status_code for other in others} == {200}
    # An outdated range may begin after the end of the present content.
    assert ask(range="bytes=500-", if_range='"other"').status_code == 200


def test_entity_tags_depend_on_the_content() -> None:
    assert entity_tag(SOUND) == entity_tag(bytes(range(100))) != entity_tag(SOUND[1:])
