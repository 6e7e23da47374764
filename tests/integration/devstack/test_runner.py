"""Commands of `devstack` in a process of their own."""

import json
import os
import re
import signal
import socket
import subprocess

import pytest

from devstack.stack import EmbeddedServers
from tests.integration.devstack.operating import AllGone, Operator, Until
from tests.ports import free_port


def names(count_of_workers: int = 1) -> set[str]:
    workers = [f"transcriber-worker-{number + 1}" for number in range(count_of_workers)]
    services = ["gateway", "transcriber-api", *workers, "diarizer-1", "speakers", "exporter"]
    return {"postgres", "nats", "s3", "transcriber-embedder", *services}


@pytest.fixture
def gateway_port(operator: Operator) -> int:
    port = free_port()
    operator.environment["PORT"] = str(port)
    return port


def test_up_in_the_foreground_until_ctrl_c(
    operator: Operator, gateway_port: int, all_gone: AllGone
) -> None:
    operator.environment["TRANSCRIBER_WORKERS"] = "2"
    runner = operator.up()
    pids = operator.pids()
    assert set(pids) == names(count_of_workers=2)

    assert f"http://127.0.0.1:{gateway_port}/docs" in operator.said
    state = json.loads((operator.data / "state.json").read_text())
    assert len(state["addresses"]) == 7
    assert all(address in operator.said for address in state["addresses"].values())
    assert str(operator.data / "logs") in operator.said

    status = operator.well()
    assert f"runner {runner.pid}: ready" in status.stdout
    for name, pid in pids.items():
        (line,) = [one for one in status.stdout.splitlines() if one.split()[0] == name]
        assert line.split()[1] == str(pid)
        assert line.split()[3:] == ["0", "healthy"]

    second = operator.run("up")
    assert second.returncode == 4
    assert f"in use by process {runner.pid}" in second.stderr

    runner.send_signal(signal.SIGINT)
    said = runner.communicate(timeout=120)[0]
    assert runner.returncode == 0, said
    all_gone(pids.values(), seconds=0.1)
    lines = [line.split() for line in said.splitlines()]
    stopped = [words[1] for words in lines if words[2:] == ["stopped"]]
    assert set(stopped) == names(count_of_workers=2)
    assert set(stopped[-3:]) == {"postgres", "nats", "s3"}  # the servers go last
    assert "drained" in (operator.data / "logs" / "speakers.log").read_text()
    assert operator.run("status").returncode == 3


def test_in_the_background(operator: Operator, gateway_port: int, all_gone: AllGone) -> None:
    started = operator.run("up", "--detach")
    assert started.returncode == 0, started.stdout + started.stderr
    assert f"http://127.0.0.1:{gateway_port}" in started.stdout
    pids = operator.pids()
    runner = json.loads((operator.data / "runner.pid").read_text())["pid"]
    assert set(pids) == names()
    operator.well()

    again = operator.run("up", "--detach")
    assert again.returncode == 0, again.stdout + again.stderr
    assert f"the stack is already running (process {runner})" in again.stdout
    assert f"http://127.0.0.1:{gateway_port}/docs" in again.stdout
    assert operator.pids() == pids

    stopped = operator.run("down")
    assert (stopped.returncode, stopped.stdout) == (0, "stopped\n"), stopped.stderr
    all_gone([runner, *pids.values()], seconds=0.1)
    assert operator.run("down").returncode == 0


def test_sources_of_variables_and_their_output(operator: Operator, gateway_port: int) -> None:
    (operator.directory / ".env").write_text(
        "LOG_LEVEL=DEBUG\nGREETING=from the file\nDATABASE_URL=postgresql://elsewhere/x\n"
    )
    operator.environment["GREETING"] = "from the environment"
    assert operator.run("up", "--detach").returncode == 0
    (dump,) = operator.directory.glob("speakers-*.json")
    own = json.loads(dump.read_text())
    assert own["LOG_LEVEL"] == "DEBUG"
    assert own["GREETING"] == "from the environment"
    assert own["DATABASE_URL"].startswith("postgresql://speakers:")
    (worker,) = operator.directory.glob("transcriber-worker-*.json")
    assert json.loads(worker.read_text())["OMP_WAIT_POLICY"] == "PASSIVE"

    printed = operator.run("env", "speakers").stdout
    shell = subprocess.run(
        ["sh", "-c", f"{printed}\nenv"], check=True, capture_output=True, text=True, env={}
    )
    variables = dict(line.split("=", 1) for line in shell.stdout.splitlines())
    for name in ("DATABASE_URL", "NATS_URL", "SECRET_KEY", "GATEWAY_GRPC", "TRANSCRIBER_GRPC"):
        assert variables[name] == own[name]
    assert "subscriber:" in operator.run("env", "subscriber").stdout


def test_servers_only(operator: Operator) -> None:
    started = operator.run("up", "--servers-only", "--detach")
    assert started.returncode == 0, started.stdout + started.stderr
    assert set(operator.pids()) == {"postgres", "nats", "s3"}
    operator.well()


def test_killing_the_runner_ends_everything(
    operator: Operator, gateway_port: int, all_gone: AllGone
) -> None:
    runner = operator.up()
    pids = operator.pids()
    runner.kill()
    runner.wait()
    all_gone(pids.values())
    assert operator.run("status").returncode == 3

    again = operator.up()
    assert set(operator.pids()) == names()
    assert not set(operator.pids().values()) & set(pids.values())
    again.send_signal(signal.SIGTERM)
    assert again.wait(120) == 0


def test_descendants_of_services_are_ended_after_the_runner_was_killed(
    operator: Operator, gateway_port: int, all_gone: AllGone
) -> None:
    """The kernel ends the runner's children, but not theirs."""
    operator.environment["FAKE_BEHAVIOR"] = "parent"
    runner = operator.up()
    logs = (operator.data / "logs").glob("*.log")
    lines = [line for log in logs for line in log.read_text().splitlines()]
    grandchildren = [int(line.split()[1]) for line in lines if line.startswith("grandchild")]
    assert len(grandchildren) == len(names() - {"postgres", "nats", "s3"})
    pids = operator.pids()
    runner.kill()
    runner.wait()
    all_gone(pids.values())
    down = operator.run("down")
    assert down.returncode == 0
    assert "ended speakers, left over from an earlier run" in down.stdout
    all_gone(grandchildren)


def test_a_crashed_service_is_restarted(
    operator: Operator, gateway_port: int, until: Until
) -> None:
    runner = operator.up()
    before = operator.pids()
    name, killed = "transcriber-worker-1", before["transcriber-worker-1"]
    os.kill(killed, signal.SIGKILL)
    # The pid file is missing for a moment.
    until(lambda: operator.pids().get(name, killed) != killed)
    operator.well()
    after = operator.pids()
    assert {one for one in before if before[one] != after[one]} == {name}
    runner.send_signal(signal.SIGINT)
    said = runner.communicate(timeout=120)[0]
    assert "transcriber-worker-1  crashed  ended (signal 9), restarting in 0.5 s" in said
    assert "transcriber-worker-1  restarting" in said


def test_status_shows_unhealthy_processes(operator: Operator, gateway_port: int) -> None:
    operator.up()
    pid = operator.pids()["nats"]
    os.kill(pid, signal.SIGSTOP)
    try:
        status = operator.run("status")
    finally:
        os.kill(pid, signal.SIGCONT)
    assert status.returncode == 1
    (line,) = [one for one in status.stdout.splitlines() if one.startswith("nats")]
    assert "no answer on port" in line


@pytest.mark.parametrize("name", ["postgres", "nats", "s3"])
def test_a_killed_server_is_restarted(
    operator: Operator, gateway_port: int, until: Until, name: str
) -> None:
    runner = operator.up()
    before = operator.pids()
    os.kill(before[name], signal.SIGKILL)
    until(lambda: operator.pids().get(name, before[name]) != before[name])
    status = operator.well()
    after = operator.pids()
    assert {one for one in before if before[one] != after[one]} == {name}
    (line,) = [one.split() for one in status.stdout.splitlines() if one.startswith(name)]
    assert line[1] == str(after[name])
    assert line[3:] == ["1", "healthy"]
    runner.send_signal(signal.SIGINT)
    said = runner.communicate(timeout=120)[0]
    assert runner.returncode == 0, said
    lines = [" ".join(one.split()) for one in said.splitlines()]
    assert any(f"{name} crashed ended (signal 9), restarting" in one for one in lines)
    assert any(f"{name} ready after" in one for one in lines)


def test_starting_an_unhealthy_stack_names_the_process(
    operator: Operator, gateway_port: int
) -> None:
    assert operator.run("up", "--detach").returncode == 0
    pid = operator.pids()["speakers"]
    os.kill(pid, signal.SIGSTOP)
    try:
        again = operator.run("up", "--detach")
    finally:
        os.kill(pid, signal.SIGCONT)
    assert again.returncode == 1
    assert "speakers is not healthy: no answer" in again.stdout
    assert str(operator.data / "logs" / "speakers.log") in again.stdout
    assert "make status" in again.stdout
    operator.well()


def test_starting_services_next_to_servers_only_is_explained(
    operator: Operator, gateway_port: int
) -> None:
    assert operator.run("up", "--servers-only", "--detach").returncode == 0
    again = operator.run("up", "--servers-only", "--detach")
    assert again.returncode == 0
    assert "already running" in again.stdout
    services = operator.run("up", "--detach")
    assert services.returncode == 4
    assert "without the services" in services.stderr


def test_a_service_that_cannot_start_is_explained(
    operator: Operator, gateway_port: int, all_gone: AllGone
) -> None:
    operator.environment["FAKE_BEHAVIOR"] = "crash"
    failed = operator.run("up")
    assert failed.returncode == 1
    assert "ended (exit code 2)" in failed.stderr
    assert "| configuration: FAKE_SETTING: is not set" in failed.stderr
    assert operator.pids() == {}

    detached = operator.run("up", "--detach")
    assert detached.returncode == 1
    assert "configuration: FAKE_SETTING: is not set" in detached.stdout


def test_a_service_that_never_becomes_ready_is_explained(
    operator: Operator, gateway_port: int
) -> None:
    operator.environment |= {"FAKE_BEHAVIOR": "never", "DEVSTACK_SERVICE_SECONDS": "5"}
    failed = operator.run("up")
    assert failed.returncode == 1
    # On a busy machine some may not even listen by then.
    assert re.search(r"was not healthy within 5 s: (NOT_SERVING|no answer)", failed.stderr)
    assert operator.pids() == {}


def test_a_gateway_port_in_use_is_explained(operator: Operator, gateway_port: int) -> None:
    with socket.create_server(("127.0.0.1", gateway_port)):
        failed = operator.run("up")
    assert failed.returncode == 4
    assert f"port {gateway_port} on 127.0.0.1 for gateway is taken" in failed.stderr
    assert "PORT" in failed.stderr
    assert operator.pids() == {}


def test_a_second_ctrl_c_does_not_wait(
    operator: Operator, gateway_port: int, all_gone: AllGone, until: Until
) -> None:
    operator.environment |= {"FAKE_BEHAVIOR": "deaf", "DEVSTACK_STOP_SECONDS": "600"}
    runner = operator.up()
    pids = operator.pids()
    runner.send_signal(signal.SIGINT)
    until(lambda: json.loads((operator.data / "state.json").read_text())["phase"] == "stopping")
    assert set(operator.pids()) == names()
    runner.send_signal(signal.SIGINT)
    assert runner.wait(120) == 0
    all_gone(pids.values(), seconds=0.1)


def test_ctrl_c_while_starting(
    operator: Operator, gateway_port: int, until: Until, all_gone: AllGone
) -> None:
    operator.environment["FAKE_BEHAVIOR"] = "never"
    runner = operator.start("up")
    until(lambda: set(operator.pids()) == names())
    pids = operator.pids()
    runner.send_signal(signal.SIGINT)
    said = runner.communicate(timeout=120)[0]
    assert runner.returncode == 0, said
    all_gone(pids.values(), seconds=0.1)


def test_servers_inside_another_program_are_not_stopped(
    operator: Operator, servers: EmbeddedServers
) -> None:
    command = operator.command("down")
    command[command.index("--data-dir") + 1] = str(servers.files.root)
    down = subprocess.run(
        command, check=False, capture_output=True, text=True, env=operator.variables()
    )
    assert down.returncode == 4
    assert f"process {os.getpid()} uses the servers from inside another program" in down.stderr
    assert all(process.running for process in servers.processes)
