import asyncio
import errno
import json
import os
import signal
import stat
import sys
import textwrap
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from devstack.errors import StartError
from devstack.files import DataDirectory
from devstack.leftovers import clean_up, recorded_children
from devstack.logs import rotate
from devstack.process import Process, ProcessSpec, stop_all
from devstack.stamps import ProcessStamp, read_stat

Make = Callable[..., Process]
DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(60)
"""
TALKS = "import os; print(os.environ['WORD'], os.getcwd(), flush=True)"
PARENT = textwrap.dedent("""
    import sys, time
    from pathlib import Path
    from devstack.files import DataDirectory
    from devstack.process import Process, ProcessSpec
    files = DataDirectory(root=Path(sys.argv[1]))
    child = Process(ProcessSpec(name="child", command=("sleep", "60"), environment={}), files)
    child.start()
    print(child.pid, flush=True)
    time.sleep(60)
""")


@pytest.fixture
def files(tmp_path: Path) -> DataDirectory:
    directory = DataDirectory(root=tmp_path / "data")
    directory.create()
    return directory


@pytest.fixture
async def make(files: DataDirectory) -> AsyncIterator[Make]:
    made: list[Process] = []

    def make(*command: str, **options: Any) -> Process:
        options = {"name": "thing", "environment": dict(os.environ), **options}
        made.append(Process(ProcessSpec(command=command, **options), files))
        return made[-1]

    yield make
    for process in made:
        await process.stop()


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not done():  # noqa: ASYNC110 - other processes set no event
            await asyncio.sleep(0.02)


async def until_logged(process: Process, text: str) -> None:
    await until(lambda: text in process.log_tail())


async def number_in_log(process: Process) -> int:
    await until(lambda: bool(process.log_tail()))
    return int(process.log_tail())


async def until_gone(pid: int) -> None:
    await until(lambda: (state := read_stat(pid)) is None or state.state in "ZX")


async def test_a_process_has_its_own_environment_directory_and_log(
    make: Make, tmp_path: Path
) -> None:
    process = make(sys.executable, "-c", TALKS, environment={"WORD": "hello"}, directory=tmp_path)
    process.start()
    assert await process.wait(60) == 0
    assert process.log_tail() == f"hello {tmp_path}"
    assert stat.S_IMODE(process.log.stat().st_mode) == 0o600


async def test_a_process_before_its_start(make: Make) -> None:
    process = make("sleep", "60")
    assert not process.running
    assert process.exit_code is None
    with pytest.raises(StartError, match="thing has not been started"):
        _ = process.pid
    await process.stop()
    process.kill()


async def test_a_running_process_cannot_be_started(make: Make) -> None:
    process = make("sleep", "60")
    process.start()
    with pytest.raises(StartError, match=f"already running as process {process.pid}"):
        process.start()


async def test_a_process_without_a_pid_file_does_not_run(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("devstack.process.write_pid_file", full)
    process = make("sleep", "60")
    with pytest.raises(OSError, match="No space left"):
        process.start()
    assert process.exit_code == -signal.SIGKILL


async def test_stopping_sends_the_stop_signal(make: Make) -> None:
    process = make("sleep", "60", stop_signal=signal.SIGINT)
    process.start()
    await process.stop()
    assert process.exit_code == -signal.SIGINT
    assert not process.running


async def test_a_stop_signal_during_the_start_is_not_lost(make: Make) -> None:
    process = make("sleep", "60", stop_signal=signal.SIGINT)
    for milliseconds in range(0, 60, 2):
        process.start()
        await asyncio.sleep(milliseconds / 1000)
        await process.stop()
        assert process.exit_code == -signal.SIGINT, f"after {milliseconds} ms"
        assert process.log_tail() == ""


async def test_a_process_ignoring_signals_is_killed_after_the_grace_period(make: Make) -> None:
    process = make(sys.executable, "-c", DEAF, grace=0.2)
    process.start()
    await until_logged(process, "deaf")
    await process.stop()
    assert process.exit_code == -signal.SIGKILL


async def test_a_cancelled_stop_kills(make: Make) -> None:
    process = make(sys.executable, "-c", DEAF, grace=60)
    process.start()
    await until_logged(process, "deaf")
    stopping = asyncio.create_task(process.stop())
    await asyncio.sleep(0.05)
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    assert process.exit_code == -signal.SIGKILL


async def test_processes_are_stopped_concurrently_and_reported(make: Make) -> None:
    several = [make("sleep", "60", name=f"thing-{number}") for number in range(3)]
    for process in several[:2]:
        process.start()
    stopped: list[str] = []
    await stop_all(several, stopped=lambda process: stopped.append(process.name))
    assert sorted(stopped) == ["thing-0", "thing-1"]


@pytest.mark.parametrize("after", [0, 0.05])
async def test_a_cancelled_stop_of_several_kills_them_all(make: Make, after: float) -> None:
    several = [
        make(sys.executable, "-c", DEAF, name=f"thing-{number}", grace=60) for number in range(3)
    ]
    for process in several:
        process.start()
        await until_logged(process, "deaf")
    stopping = asyncio.create_task(stop_all(several))
    await asyncio.sleep(after)
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    assert [process.exit_code for process in several] == [-signal.SIGKILL] * 3


async def test_stopping_also_ends_descendants(make: Make) -> None:
    process = make("sh", "-c", "sleep 61 & echo $!; wait")
    process.start()
    grandchild = await number_in_log(process)
    await process.stop()
    await until_gone(grandchild)


async def test_waiting_times_out(make: Make) -> None:
    process = make("sleep", "60")
    process.start()
    with pytest.raises(TimeoutError):
        await process.wait(0.05)


async def test_a_restarted_process_keeps_its_log(make: Make) -> None:
    process = make("echo", "again")
    for _ in range(2):
        process.start()
        await process.wait(60)
    assert process.log_tail() == "again\nagain"


async def test_a_new_run_rotates_the_log(make: Make) -> None:
    for _ in range(2):
        process = make("echo", "once")
        process.start()
        await process.wait(60)
    assert process.log_tail() == "once"
    assert process.log.with_name("thing.log.1").read_text() == "once\n"


def test_only_a_few_old_logs_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    for number in range(6):
        path.write_text(str(number))
        rotate(path)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["x.log.1", "x.log.2", "x.log.3"]
    assert path.with_name("x.log.1").read_text() == "5"


def test_an_empty_log_is_not_rotated(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.touch()
    rotate(path)
    assert list(tmp_path.iterdir()) == [path]


async def test_a_missing_program_is_reported_in_the_log(make: Make) -> None:
    process = make("/no/such/program")
    process.start()
    assert await process.wait(60) == 127
    assert "cannot run /no/such/program: No such file" in process.log_tail()


async def test_secrets_are_not_shown(make: Make) -> None:
    process = make("true", environment={"PASSWORD": "hunter2"})
    assert "hunter2" not in repr(process.spec)


async def test_the_pid_file_exists_while_the_process_runs(make: Make, files: DataDirectory) -> None:
    process = make("sleep", "60")
    process.start()
    record = json.loads(files.pid_file("thing").read_text())
    assert record["pid"] == process.pid
    assert record["start_ticks"] == ProcessStamp.of(process.pid).start_ticks
    assert stat.S_IMODE(files.pid_file("thing").stat().st_mode) == 0o600
    await process.stop()
    assert not files.pid_file("thing").exists()


async def test_a_child_dies_with_its_parent(
    make: Make, files: DataDirectory, tmp_path: Path
) -> None:
    parent = make(sys.executable, "-c", PARENT, str(files.root), name="parent")
    parent.start()
    child = await number_in_log(parent)
    assert ProcessStamp.of(child).session_members() == [child]
    os.kill(parent.pid, signal.SIGKILL)
    await until_gone(child)


async def test_a_child_outlives_the_thread_that_started_it(make: Make) -> None:
    process = make("sleep", "60")
    thread = threading.Thread(target=process.start)
    thread.start()
    thread.join()
    with pytest.raises(TimeoutError):
        await process.wait(0.3)


async def test_leftovers_are_ended(make: Make, files: DataDirectory) -> None:
    process = make("sh", "-c", "sleep 61 & wait")
    process.start()
    assert [child.name for child in recorded_children(files)] == ["thing"]
    assert await clean_up(files) == ["thing"]
    assert not process.running
    assert recorded_children(files) == []
    assert await clean_up(files) == []


async def test_descendants_of_a_dead_leftover_are_ended_at_once(
    make: Make, files: DataDirectory
) -> None:
    process = make("sh", "-c", "sleep 61 & echo $!; wait")
    process.start()
    grandchild = await number_in_log(process)
    os.kill(process.pid, signal.SIGKILL)
    await process.wait(60)
    assert await clean_up(files) == ["thing"]
    await until_gone(grandchild)


async def test_a_reused_pid_is_left_alone(make: Make, files: DataDirectory) -> None:
    process = make("sleep", "60")
    process.start()
    path = files.pid_file("thing")
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "start_ticks": record["start_ticks"] - 1}))
    assert await clean_up(files) == []
    assert process.running
    assert not path.exists()


async def test_invalid_pid_files_are_removed(files: DataDirectory) -> None:
    files.pid_file("one").write_text("123\n")
    files.pid_file("two").write_text('{"pid": "x", "start_ticks": 1, "boot": ""}')
    assert recorded_children(files) == []
    assert await clean_up(files) == []
    assert list(files.run.iterdir()) == []


async def test_a_leftover_ignoring_signals_is_killed(
    make: Make, files: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devstack.leftovers._GRACE_SECONDS", 0.2)
    process = make(sys.executable, "-c", DEAF)
    process.start()
    await until_logged(process, "deaf")
    assert ProcessStamp.of(process.pid).alive()
    assert await clean_up(files) == ["thing"]
    assert process.exit_code == -signal.SIGKILL
