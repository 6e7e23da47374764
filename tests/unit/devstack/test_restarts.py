from devstack.restarts import RestartHistory, RestartPolicy

POLICY = RestartPolicy(first_seconds=1, longest_seconds=10, stable_seconds=60, give_up_seconds=3600)


def test_delays_double_up_to_a_limit() -> None:
    assert [POLICY.delay(failures) for failures in (1, 2, 3, 4, 5, 500)] == [1, 2, 4, 8, 10, 10]


def test_the_first_restart_follows_quickly() -> None:
    history = RestartHistory(RestartPolicy(), started_at=0)
    assert history.ended(1) <= 1


def test_consecutive_ends_lead_to_longer_pauses() -> None:
    history = RestartHistory(POLICY, started_at=0)
    pauses = []
    for end in (5, 10, 15):
        pauses.append(history.ended(end))
        history.starting()
    assert pauses == [1, 2, 4]
    assert history.restarts == 3


def test_a_failed_start_counts_as_an_end() -> None:
    history = RestartHistory(POLICY, started_at=0)
    history.ended(1000)
    history.starting()
    assert history.ended(1001) == 2


def test_pauses_start_again_after_a_long_run() -> None:
    history = RestartHistory(POLICY, started_at=0)
    history.ended(5)
    history.starting()
    history.ended(7)
    history.starting()
    history.usable(9)
    assert history.ended(9 + 60) == 1
    assert not history.hopeless(9 + 60 + 3599)


def test_a_long_start_without_success_is_not_a_long_run() -> None:
    history = RestartHistory(POLICY, started_at=0)
    history.ended(0)
    history.starting()
    assert history.ended(600) == 2
    history.starting()
    assert history.ended(3600) == 4
    assert history.hopeless(3600)


def test_a_process_is_given_up_after_an_hour_of_failures() -> None:
    history = RestartHistory(POLICY, started_at=0)
    now = 5000.0
    history.ended(now)
    while now < 5000 + 3599:
        assert not history.hopeless(now)
        history.starting()
        now += 10
        history.ended(now)
    assert history.hopeless(now)


def test_time_without_possible_starts_does_not_count() -> None:
    history = RestartHistory(POLICY, started_at=0)
    history.ended(0)
    history.excuse(3000)
    assert not history.hopeless(6599)
    assert history.hopeless(6600)
