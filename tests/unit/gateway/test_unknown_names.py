"""Errors for unknown names."""

import pytest

from gateway.web.unknown_names import nearest_name, unknown_name

KNOWN = ("limit", "offset", "status_filter")


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("limits", "limit"),
        ("statusFilter", "status_filter"),
        ("status-filter", "status_filter"),
        ("STATUS_FILTER", "status_filter"),
        ("tint", None),
        ("", None),
    ],
)
def test_nearest_name(name: str, nearest: str | None) -> None:
    assert nearest_name(name, KNOWN) == nearest


def test_names_unlike_any_are_answered_with_all() -> None:
    error = unknown_name("tint", KNOWN, kind="query parameter")
    assert error.message == (
        "There is no query parameter tint. Known: limit, offset, status_filter."
    )
    assert error.details == {"field": "tint"}
    assert unknown_name("x", (), kind="field").message == "There is no field x. There is none here."


def test_long_names_are_cut() -> None:
    error = unknown_name("x" * 5000, KNOWN, kind="field")
    assert error.details == {"field": "x" * 100}
    assert len(error.message) < 300
