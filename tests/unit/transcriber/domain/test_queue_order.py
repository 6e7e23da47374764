"""Order of the queue."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from transcriber.domain.queue_order import QueueOrder, WaitingJob

SESSIONS = ("a", "b", "c")


def job(
    number: int, session: str = "a", priority: int = 5, release: int | None = None
) -> WaitingJob:
    return WaitingJob(number=number, workspace_id=session, priority=priority, release=release)


def numbers(jobs: list[WaitingJob], running: dict[str, int] | None = None) -> list[int]:
    return [item.number for item in QueueOrder(jobs, running or {}).jobs]


@st.composite
def queues(draw: st.DrawFn) -> tuple[list[WaitingJob], dict[str, int]]:
    count = draw(st.integers(0, 12))
    releases = draw(st.permutations(range(count)))
    jobs = [
        job(
            number,
            draw(st.sampled_from(SESSIONS)),
            draw(st.integers(1, 10)),
            releases[number] if draw(st.booleans()) and number % 3 == 0 else None,
        )
        for number in range(count)
    ]
    running = {session: draw(st.integers(0, 3)) for session in SESSIONS}
    return draw(st.permutations(jobs)), running


def test_oldest_job_of_session_is_first() -> None:
    assert numbers([job(3), job(1), job(2)]) == [1, 2, 3]


def test_higher_priority_is_first() -> None:
    assert numbers([job(1, priority=5), job(2, priority=9), job(3, priority=1)]) == [2, 1, 3]


def test_first_jobs_of_all_sessions_precede_second_ones() -> None:
    jobs = [job(1), job(2), job(3), job(4, "b"), job(5, "c")]
    assert numbers(jobs) == [1, 4, 5, 2, 3]


def test_running_jobs_count_toward_share() -> None:
    jobs = [job(1, "a"), job(2, "b"), job(3, "b")]
    assert numbers(jobs, {"a": 2}) == [2, 3, 1]


def test_priority_precedes_fair_share() -> None:
    jobs = [job(1, "a", 7), job(2, "a", 7), job(3, "b", 5)]
    assert numbers(jobs) == [1, 2, 3]


def test_released_jobs_cannot_be_overtaken() -> None:
    jobs = [job(1, "a", 10), job(2, "b", 1, release=8), job(3, "c", 1, release=7)]
    assert numbers(jobs) == [3, 2, 1]


def test_released_jobs_count_toward_share() -> None:
    jobs = [job(1, "a", release=1), job(2, "a"), job(3, "b")]
    assert numbers(jobs) == [1, 3, 2]


@given(queues())
def test_order_is_a_permutation_independent_of_input_order(
    queue: tuple[list[WaitingJob], dict[str, int]],
) -> None:
    jobs, running = queue
    ordered = QueueOrder(jobs, running).jobs
    assert Counter(ordered) == Counter(jobs)
    assert QueueOrder(reversed(jobs), running).jobs == ordered


@given(queues())
def test_priorities_do_not_rise_after_released_jobs(
    queue: tuple[list[WaitingJob], dict[str, int]],
) -> None:
    jobs, running = queue
    ordered = QueueOrder(jobs, running).jobs
    released = [item for item in ordered if item.release is not None]
    assert ordered[: len(released)] == released
    priorities = [item.priority for item in ordered[len(released) :]]
    assert priorities == sorted(priorities, reverse=True)


@given(queues())
def test_age_decides_within_session_and_priority(
    queue: tuple[list[WaitingJob], dict[str, int]],
) -> None:
    jobs, running = queue
    seen: dict[tuple[str, int], int] = {}
    for item in QueueOrder(jobs, running).jobs:
        if item.release is None:
            key = (item.workspace_id, item.priority)
            assert seen.get(key, -1) < item.number
            seen[key] = item.number


@given(st.integers(1, 30), st.integers(1, 5))
def test_new_session_waits_for_at_most_one_job_of_a_busy_one(many: int, at: int) -> None:
    jobs = [job(number, "greedy") for number in range(many)] + [job(many + at, "newcomer")]
    assert numbers(jobs).index(many + at) <= 1


def test_a_workspace_with_a_weight_has_more_turns() -> None:
    jobs = [job(1), job(2), job(3), job(4, "b"), job(5, "b"), job(6, "b"), job(7, "b")]
    assert [item.number for item in QueueOrder(jobs, {}, {"b": 2.0}).jobs] == [4, 1, 5, 6, 2, 7, 3]


@given(queues(), st.sampled_from(SESSIONS), st.integers(1, 10))
def test_a_later_job_gets_the_place_that_it_would_have(
    queue: tuple[list[WaitingJob], dict[str, int]], session: str, priority: int
) -> None:
    jobs, running = queue
    order = QueueOrder(jobs, running, {"b": 2.0})
    later = job(100, session, priority)
    whole = QueueOrder([*jobs, later], running, {"b": 2.0}).jobs
    assert order.add(later) == whole.index(later)
    assert Counter(order.jobs) == Counter(whole)

    order.remove(100)
    order.remove(101)
    assert order.jobs == QueueOrder(jobs, running, {"b": 2.0}).jobs


def test_a_released_job_is_added_behind_those_released() -> None:
    order = QueueOrder([job(1, release=1), job(2, "b"), job(3, "c")], {})
    assert order.add(job(4, "b", release=2)) == 1
    # It counts toward the share of its workspace.
    assert order.add(job(5, "b")) == 4
    order.remove(4)
    assert [item.number for item in order.jobs] == [1, 2, 3, 5]
