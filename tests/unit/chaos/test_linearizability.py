import random
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.linearizability import Operation, UndecidedError, contradiction


def register(state: int, operation: Operation) -> Iterable[int]:
    """A register of one number."""
    kind, value = operation.call
    if kind == "write":
        yield value
    elif operation.result == state:
        yield state


def write(value: int, begun: float, ended: float | None) -> Operation:
    return Operation(call=("write", value), begun=begun, ended=ended, result="written")


def read(result: int, begun: float, ended: float) -> Operation:
    return Operation(call=("read", None), begun=begun, ended=ended, result=result)


def linearizable(*history: Operation) -> bool:
    return contradiction(history, register, 0) is None


def test_calls_one_after_the_other() -> None:
    assert linearizable()
    assert linearizable(write(1, 0, 1), read(1, 2, 3), write(2, 4, 5), read(2, 6, 7))
    assert not linearizable(write(1, 0, 1), read(0, 2, 3))


def test_lost_write_is_found() -> None:
    assert not linearizable(write(1, 0, 1), write(2, 2, 3), read(1, 4, 5))


def test_concurrent_calls_have_any_order() -> None:
    assert linearizable(write(1, 0, 10), read(0, 1, 2), read(1, 3, 4))
    assert linearizable(write(1, 0, 10), write(2, 0, 10), read(2, 11, 12))
    # But one order for everybody.
    assert not linearizable(write(1, 0, 10), read(1, 1, 2), read(0, 3, 4))


def test_unanswered_write_happens_late_or_never() -> None:
    assert linearizable(write(1, 0, None), read(0, 1, 2), read(1, 3, 4))
    assert linearizable(write(1, 0, None), read(0, 5, 6))
    assert not linearizable(write(1, 0, None), read(1, 5, 6), read(0, 7, 8))
    assert not linearizable(read(1, 0, 1), write(1, 2, None))


def test_contradiction_names_the_operation() -> None:
    stale = read(1, 4, 5)
    found = contradiction([write(1, 0, 1), write(2, 2, 3), stale], register, 0)
    assert found is not None
    assert found.unexplained == (stale,)
    assert len(found.explained) == 2


@given(seed=st.integers(0, 2**32), clients=st.integers(1, 4))
def test_histories_of_a_real_register(seed: int, clients: int) -> None:
    """Calls take effect at a moment between begin and answer. One wrong read is found."""
    dice = random.Random(seed)
    moments, state, history = [], 0, []
    for client in range(clients):
        now = dice.random()
        for number in range(6):
            begun, effect = now, now + dice.random()
            now = effect + dice.random()
            moments.append((effect, begun, now, client * 100 + number + 1))
            now += dice.random()
    for _, begun, ended, value in sorted(moments):
        if dice.random() < 0.5:
            state = value
            history.append(write(value, begun, ended))
        else:
            history.append(read(state, begun, ended))
    assert linearizable(*history)
    assert not linearizable(*history, read(9999, 50, 51))


def test_search_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.chaos.linearizability._MOST_STATES", 100)
    history = [write(value, 0, 10) for value in range(12)]
    with pytest.raises(UndecidedError):
        contradiction([*history, read(-1, 11, 12)], register, 0)
