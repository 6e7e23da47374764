"""Seeded mutations and hostile texts."""

from random import Random

import pytest

from bench.fuzz import mutations, texts

_DATA = bytes(range(256)) * 20
_OTHERS = (b"other" * 100, b"")


def test_same_seed_gives_the_same_bytes() -> None:
    made = [mutations.mutate(_DATA, f"1:{number}", _OTHERS) for number in range(50)]
    assert made == [mutations.mutate(_DATA, f"1:{number}", _OTHERS) for number in range(50)]
    assert len(set(made)) > 45


@pytest.mark.parametrize("mutation", mutations.MUTATIONS)
@pytest.mark.parametrize("data", [b"", b"a", _DATA])
def test_any_data_can_be_mutated(mutation: mutations.Mutation, data: bytes) -> None:
    for seed in range(50):
        assert isinstance(mutation(Random(seed), data, _OTHERS), bytes)


def test_length_is_limited() -> None:
    for seed in range(100):
        assert len(mutations.mutate(_DATA, seed, _OTHERS, most=1000)) <= 1000


def test_texts_can_be_sent() -> None:
    random = Random(1)
    made = [texts.text(random, most=500) for _ in range(2000)]
    assert all(len(one) <= 500 for one in made)
    assert [one.encode().decode() for one in made] == made
    assert len(set(made)) > 200
