import io
from pathlib import Path

from rich.console import Console

from devstack.console import StackConsole, StatusRow
from devstack.health import TcpProbe
from devstack.report import Report, silent
from devstack.state import NetworkAccess, ProcessEndpoint, RunnerState


def console() -> tuple[io.StringIO, StackConsole]:
    out = io.StringIO()
    return out, StackConsole(Console(file=out, width=60, highlight=False))


def test_each_report_is_one_plain_line_of_any_length() -> None:
    out, printer = console()
    report = Report(name="nats", happening="crashed", detail="[bold]" + "x" * 200)
    printer.report(report)
    silent(report)
    (line,) = out.getvalue().splitlines()
    assert line.startswith("✗ nats")
    assert "crashed  [bold]xxx" in line


def test_the_final_block_of_the_whole_stack(tmp_path: Path) -> None:
    out, printer = console()
    state = RunnerState(
        pid=1,
        phase="ready",
        addresses={"GATEWAY_GRPC": "127.0.0.1:2"},
        gateway_url="http://127.0.0.1:8000",
    )
    printer.ready(state, tmp_path, tmp_path / "logs")
    text = out.getvalue()
    assert "http://127.0.0.1:8000/docs" in text
    assert "127.0.0.1:2" in text
    assert str(tmp_path / "logs") in text


def test_the_final_block_names_addresses_for_other_devices(tmp_path: Path) -> None:
    out, printer = console()
    network = NetworkAccess(
        urls=("https://192.168.7.9:8443", "https://desk.local:8443"),
        authority_url="http://192.168.7.9:8000/local-authority.crt",
        fingerprint="AB:CD",
    )
    state = RunnerState(pid=1, phase="ready", gateway_url="https://127.0.0.1:8443", network=network)
    printer.ready(state, tmp_path, tmp_path / "logs")
    lines = [line.split() for line in out.getvalue().splitlines()]
    assert ["On", "other", "devices", network.urls[0]] in lines
    assert [network.urls[1]] in lines
    assert "install http://192.168.7.9:8000/local-authority.crt" in out.getvalue()
    assert ["Its", "SHA-256", "AB:CD"] in lines
    out, printer = console()
    own = RunnerState(pid=1, phase="ready", gateway_url="https://a", network=NetworkAccess(urls=()))
    printer.ready(own, tmp_path, tmp_path / "logs")
    assert "SHA-256" not in out.getvalue()


def test_the_final_block_of_the_servers_alone(tmp_path: Path) -> None:
    out, printer = console()
    probe = TcpProbe(host="h", port=1)
    endpoint = ProcessEndpoint(name="nats", address="127.0.0.1:3", probe=probe)
    printer.ready(RunnerState(pid=1, phase="ready", endpoints=(endpoint,)), tmp_path, tmp_path)
    assert "127.0.0.1:3" in out.getvalue()
    assert "Web" not in out.getvalue()


def test_the_table() -> None:
    out, printer = console()
    printer.status(
        [
            StatusRow(name="nats", pid=7, address="a:1", problem=None),
            StatusRow(name="s3", pid=None, address="a:2", problem="no answer", restarts=2),
        ],
        title="runner 1: ready",
    )
    lines = out.getvalue().splitlines()
    assert lines[0].strip() == "runner 1: ready"
    assert lines[2].split() == ["nats", "7", "a:1", "0", "healthy"]
    assert lines[3].split() == ["s3", "-", "a:2", "2", "no", "answer"]
