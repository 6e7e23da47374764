"""A small run of `make soak`: each kind of its load works, and every figure is read."""

from bench.soak.observation import observed
from tests.e2e.stack import Stack


async def test_load_of_the_soak_works(stack: Stack) -> None:
    record, work = await observed(stack.servers, stack.services, 0.0, interval=0.5)
    assert not work.failed
    assert work.done.keys() == set(work.KINDS)
    processes = {one.name for one in (*stack.servers.processes, *stack.services.processes)}
    assert record.series["MB"].keys() == processes
    assert record.series["descriptors"].keys() == processes
    for kind in ("MB", "descriptors", "rows"):
        for name, values in record.series[kind].items():
            assert min(values) > 0, (kind, name)
            assert len(values) == len(record.times)
