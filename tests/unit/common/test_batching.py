import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import prometheus_client
import pytest
import torch

from common.batching import Batcher, BatchLimits

#: Long enough for a batch to be filled, and never waited for where batches fill.
_LONG = 30.0
_TORCH = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
_CTRANSLATE2 = RuntimeError("CUDA failed with error out of memory")


class Doubler:
    """Model that doubles numbers, and fails as told. It notes its batches."""

    def __init__(
        self,
        fails: Callable[[Sequence[int]], Exception | None] = lambda _items: None,
        *,
        held: bool = False,
    ) -> None:
        self.batches: list[list[int]] = []
        self.kinds: list[Hashable] = []
        self.freed = 0
        self.entered = threading.Semaphore(0)
        self.release = threading.Event()
        self._fails = fails
        if not held:
            self.release.set()

    def __call__(self, kind: Hashable, items: Sequence[int]) -> list[int]:
        self.entered.release()
        self.batches.append(list(items))
        self.kinds.append(kind)
        assert self.release.wait(_LONG)
        failure = self._fails(items)
        if failure is not None:
            raise failure
        return [2 * item for item in items]

    def free(self) -> None:
        self.freed += 1


def batcher(
    model: Doubler, most: int, *, wait: float = _LONG, name: str = "doubler"
) -> Batcher[Hashable, int, int]:
    limits = BatchLimits(most=most, wait_seconds=wait)
    return Batcher(model, model=name, limits=limits, free=model.free)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def together(
    made: Batcher[Hashable, int, int], threads: ThreadPoolExecutor, *items: Sequence[int]
) -> list[list[int] | Exception]:
    """Return the answers to the items of several recordings, or the error of each."""
    begun = threading.Barrier(len(items))

    def record(own: Sequence[int]) -> list[int] | Exception:
        with made.recording():
            begun.wait(_LONG)
            try:
                return list(made.answers("kind", own))
            except Exception as error:
                return error

    return list(threads.map(record, items))


def sample(name: str, model: str) -> float:
    return prometheus_client.REGISTRY.get_sample_value(name, {"model": model}) or 0.0


def test_answers_are_in_order_and_their_own(threads: ThreadPoolExecutor) -> None:
    made = batcher(Doubler(), 4)
    found = together(made, threads, range(9), range(100, 103), range(200, 211), [])
    assert found == [
        [2 * item for item in range(9)],
        [2 * item for item in range(100, 103)],
        [2 * item for item in range(200, 211)],
        [],
    ]


def test_batches_hold_items_of_several_recordings(threads: ThreadPoolExecutor) -> None:
    model = Doubler()
    together(batcher(model, 4), threads, [1, 2], [11, 12])
    assert [sorted(batch) for batch in model.batches] == [[1, 2, 11, 12]]


def test_batch_has_no_more_items_than_its_limit() -> None:
    model = Doubler()
    assert list(batcher(model, 3).answers("kind", range(8))) == [2 * item for item in range(8)]
    assert max(map(len, model.batches)) == 3


def test_items_of_different_kinds_do_not_share_a_batch(threads: ThreadPoolExecutor) -> None:
    model = Doubler()
    made = batcher(model, 4)
    with made.recording(), made.recording():
        found = threads.map(lambda kind: list(made.answers(kind, [len(kind)])), ["a", "bb"])
        assert list(found) == [[2], [4]]
    assert sorted(model.kinds) == ["a", "bb"]  # type: ignore[type-var]
    assert sorted(model.batches) == [[1], [2]]


def test_lone_recording_waits_for_nobody() -> None:
    made = batcher(Doubler(), 16)
    with made.recording():
        assert list(made.answers("kind", [1, 2])) == [2, 4]


def test_item_waits_no_longer_than_the_deadline() -> None:
    """Another recording is in work, but has nothing to add."""
    model = Doubler()
    made = batcher(model, 16, wait=0.01)
    with made.recording(), made.recording():
        assert list(made.answers("kind", [1])) == [2]
    assert model.batches == [[1]]


def test_items_are_prepared_while_a_batch_runs() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(100):
            taken.append(item)
            yield item

    made = batcher(Doubler(), 4)
    answers = made.answers("kind", items())
    assert next(answers) == 0
    assert len(taken) == 8


def test_poisoned_item_hurts_only_its_recording(threads: ThreadPoolExecutor) -> None:
    poison = ValueError("poison")
    model = Doubler(lambda items: poison if 13 in items else None)
    made = batcher(model, 4, name="poisoned")
    found = together(made, threads, [1, 2], [13, 14])
    assert found == [[2, 4], poison]
    assert sorted(map(len, model.batches)) == [1, 1, 1, 1, 4]
    assert made.limit == 4
    assert sample("securetranscribe_batch_splits_total", "poisoned") == 1
    assert sample("securetranscribe_batch_halvings_total", "poisoned") == 0


def test_missing_answer_is_an_error_of_the_batch() -> None:
    made: Batcher[str, int, int] = Batcher(
        lambda _kind, items: list(items)[1:], model="short", limits=BatchLimits(most=2)
    )
    with pytest.raises(RuntimeError, match="0 answers for 1 items"):
        list(made.answers("kind", [1, 2]))


@pytest.mark.parametrize("error", [_TORCH, _CTRANSLATE2, MemoryError()])
def test_batch_without_memory_is_halved_and_goes_on(error: Exception) -> None:
    name = f"full-{type(error).__name__}"
    model = Doubler(lambda items: error if len(items) > 2 else None)
    made = batcher(model, 8, name=name)
    assert list(made.answers("kind", range(16))) == [2 * item for item in range(16)]
    assert made.limit == 2
    assert list(map(len, model.batches)) == [8, 4, *8 * [2]]
    assert model.freed == sample("securetranscribe_batch_halvings_total", name) == 2
    assert sample("securetranscribe_batch_limit", name) == 2
    assert sample("securetranscribe_batch_splits_total", name) == 0
    assert sample("securetranscribe_batch_queue", name) == 0


def test_limit_grows_back_slowly() -> None:
    full = True
    model = Doubler(lambda items: _TORCH if full and len(items) > 2 else None)
    made = batcher(model, 4)
    list(made.answers("kind", range(8)))
    assert made.limit == 2
    full = False
    list(made.answers("kind", range(2 * 20)))
    assert made.limit == 2
    list(made.answers("kind", range(400)))
    assert made.limit == 4
    assert max(map(len, model.batches[-4:])) == 4


def test_single_item_without_memory_fails(threads: ThreadPoolExecutor) -> None:
    model = Doubler(lambda items: _TORCH if 13 in items else None)
    found = together(batcher(model, 4), threads, [1, 2], [13, 14])
    assert found == [[2, 4], _TORCH]


def test_items_of_a_recording_that_ends_are_not_computed(threads: ThreadPoolExecutor) -> None:
    model = Doubler(held=True)
    made = batcher(model, 2)
    with made.recording():
        answers = made.answers("kind", [1, 2, 3, 4])
        first = threads.submit(next, answers)
        assert model.entered.acquire(timeout=_LONG)
        model.release.set()
        assert first.result(_LONG) == 2
        answers.close()  # type: ignore[attr-defined]
        assert list(made.answers("kind", [5])) == [10]
    assert 5 in model.batches[-1]
    assert sample("securetranscribe_batch_queue", "doubler") == 0


def test_iterator_that_is_freed_on_another_thread_does_not_wait(
    threads: ThreadPoolExecutor,
) -> None:
    held, begun = threading.Event(), threading.Event()

    def run(_kind: str, items: Sequence[int]) -> list[int]:
        if 3 in items:
            begun.set()
            assert held.wait(_LONG)
        return list(items)

    made: Batcher[str, int, int] = Batcher(run, model="held", limits=BatchLimits(most=2))
    answers = made.answers("kind", [1, 2, 3, 4])
    assert threads.submit(next, answers).result(_LONG) == 1
    assert begun.wait(_LONG)
    answers.close()  # type: ignore[attr-defined]
    assert not held.is_set()
    held.set()
    assert list(made.answers("kind", [5])) == [5]


def test_library_cannot_end_the_thread() -> None:
    def leave(_kind: str, items: Sequence[int]) -> list[int]:
        if 13 in items:
            raise SystemExit
        return list(items)

    made: Batcher[str, int, int] = Batcher(leave, model="leaving", limits=BatchLimits(most=2))
    with pytest.raises(RuntimeError, match="the library raised SystemExit"):
        list(made.answers("kind", [13]))
    assert list(made.answers("kind", [1])) == [1]


def test_error_of_preparing_items_is_that_of_the_recording() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("damaged")

    made = batcher(Doubler(), 4, wait=0.0)
    with pytest.raises(OSError, match="damaged"):
        list(made.answers("kind", items()))
    assert list(made.answers("kind", [2])) == [4]


def test_batch_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="not 0"):
        BatchLimits(most=0)
