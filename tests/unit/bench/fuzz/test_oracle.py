"""Judgment of answers."""

import pytest

from bench.fuzz.oracle import Book, inside


@pytest.mark.parametrize(
    "text",
    [
        'Traceback (most recent call last):\n  File "a.py", line 1',
        "KeyError: 'sessions'",
        "'NoneType' object has no attribute 'id'",
        "/usr/lib/python3/dist-packages/av/container.pyx",
        "psycopg: no connection",
        'relation "jobs" does not exist',
        "<Task object at 0x7fb09df70c20>",
        "in decode.py",
    ],
)
def test_inside_of_the_program_is_found(text: str) -> None:
    assert inside(f"It failed: {text}")


@pytest.mark.parametrize(
    "text",
    [
        "There is no such transcription.",
        "The file is no audio, or its type (audio/wav) is another one.",
        "Line 5: '00:00:61' is not a time such as 00:01:05,250.",
        "See /api/transcription/list and docs/imports.md.",
        "a value or a key in error",
    ],
)
def test_errors_for_users_are_left_alone(text: str) -> None:
    assert inside(text) == ""


def test_parts_that_were_sent_may_come_back() -> None:
    assert inside("'/tmp/x' is no language.", "/tmp/x") == ""


def test_server_errors_are_faults_with_their_seed() -> None:
    one = Book()
    one.http("uploads", "1:uploads:7", 500, {}, "Sorry.")
    assert one.faults == ["uploads, seed 1:uploads:7: status 500: Sorry."]
    assert one.cases == 1


def test_busy_answers_are_counted_apart() -> None:
    one = Book()
    one.http("uploads", 1, 503, {"Retry-After": "5"}, "Try again.")
    assert (one.faults, one.busy) == ([], 1)
    one.http("uploads", 2, 503, {}, "Try again.")
    assert len(one.faults) == 1


def test_exception_text_in_a_refusal_is_a_fault() -> None:
    one = Book()
    one.http("uploads", 1, 400, {}, '{"error": "ValueError: bad"}')
    one.rpc("grpc", 2, "INVALID_ARGUMENT", "KeyError: 3")
    one.rpc("grpc", 3, "UNKNOWN", "Sorry.")
    assert len(one.faults) == 3


def test_outcomes_are_shown_by_kind() -> None:
    one = Book()
    for status in (200, 400, 400):
        one.http("uploads", 1, status, {}, "Bad file.")
    assert "| uploads | 3 | 400: 2, 200: 1 |" in list(one.lines())
