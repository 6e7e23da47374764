"""Response envelope and time format."""

import datetime as dt
import json

import pytest

from gateway.web.envelope import Pagination, Success, format_moment


def test_times_are_in_utc_and_whole_seconds() -> None:
    berlin = dt.timezone(dt.timedelta(hours=1))
    moment = dt.datetime(2024, 1, 1, 13, 0, 0, 999999, tzinfo=berlin)
    assert format_moment(moment) == "2024-01-01T12:00:00Z"


def test_success() -> None:
    answer = json.loads(Success[int].of(3, "Done").model_dump_json())
    stamp = answer.pop("timestamp")
    assert answer == {"success": True, "data": 3, "message": "Done"}
    assert dt.datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ")  # noqa: DTZ007


@pytest.mark.parametrize(
    ("page", "total", "pages", "more", "before"),
    [(1, 100, 5, True, False), (5, 100, 5, False, True), (1, 0, 1, False, False),
     (2, 21, 2, False, True), (9, 20, 1, False, True)],
)  # fmt: skip
def test_pagination(page: int, total: int, pages: int, more: bool, before: bool) -> None:
    made = Pagination.of(page=page, per_page=20, total=total)
    assert (made.pages, made.has_next, made.has_prev) == (pages, more, before)
