from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.schedule import OF_LINKS, Fault, Field, Kind, dumps, loads, schedule

FIELD = Field(
    processes=("postgres", "nats", "gateway"),
    links=(("gateway", "postgres"), ("gateway", "nats")),
    clocks=("gateway",),
)


def test_same_seed_makes_the_same_schedule() -> None:
    assert schedule(7, FIELD, kills=50) == schedule(7, FIELD, kills=50)
    assert schedule(7, FIELD, kills=50) != schedule(8, FIELD, kills=50)


@given(seed=st.integers(0, 2**32), kills=st.integers(0, 40))
def test_every_process_is_killed_equally_often(seed: int, kills: int) -> None:
    victims = [one.process for one in schedule(seed, FIELD, kills=kills) if one.kind is Kind.KILL]
    assert len(victims) == kills
    counts = Counter(dict.fromkeys(FIELD.processes, 0)) + Counter(victims)
    if kills >= len(FIELD.processes):
        assert set(victims) == set(FIELD.processes)
        assert max(counts.values()) - min(counts.values()) <= 1


@given(seed=st.integers(0, 2**32))
def test_faults_fit_the_field(seed: int) -> None:
    for fault in schedule(seed, FIELD, kills=30, longest_seconds=4):
        assert 0 <= fault.seconds <= 4
        assert fault.pause > 0
        if fault.kind in OF_LINKS:
            assert (fault.process, fault.peer) in FIELD.links
        elif fault.kind is Kind.TURN_CLOCK:
            assert fault.process == "gateway"


def test_all_kinds_occur() -> None:
    assert {one.kind for one in schedule(1, FIELD, kills=200)} == set(Kind)


def test_kinds_that_the_machine_forbids_are_left_out() -> None:
    field = Field(processes=("nats",), links=(), kinds=frozenset({Kind.KILL, Kind.FREEZE}))
    assert {one.kind for one in schedule(1, field, kills=50)} == {Kind.KILL, Kind.FREEZE}


def test_schedules_are_kept_in_files() -> None:
    made = schedule(3, FIELD, kills=20)
    assert loads(dumps(made)) == made


def test_faults_are_described() -> None:
    fault = Fault(kind=Kind.SLOW, pause=1, process="gateway", peer="nats", seconds=3, amount=0.5)
    assert str(fault) == "slow gateway to nats by 0.5 for 3.0 s"
