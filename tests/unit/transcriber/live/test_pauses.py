"""Pauses between attempts to reach a recognizer."""

from transcriber.live.pauses import Pauses


def test_pauses_grow_until_an_attempt_lasts() -> None:
    now = 0.0
    pauses = Pauses(lambda: now)
    found = []
    for _ in range(9):
        pauses.begin()
        found.append(pauses.after_failure(progressed=True))
    assert found == [0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 20.0, 20.0]

    pauses.begin()
    now = 10.0

    assert pauses.after_failure(progressed=True) == 0.0


def test_long_attempts_without_progress_are_failures() -> None:
    now = 0.0
    pauses = Pauses(lambda: now)
    found = []
    for _ in range(3):
        pauses.begin()
        now += 60.0
        found.append(pauses.after_failure(progressed=False))

    assert found == [0.0, 0.5, 1.0]
