from pathlib import Path

from devstack.health import GrpcProbe, HttpProbe, TcpProbe
from devstack.state import NetworkAccess, ProcessEndpoint, RunnerState, read_state, write_state


def test_a_state_round_trips(tmp_path: Path) -> None:
    state = RunnerState(
        pid=17,
        phase="ready",
        endpoints=(
            ProcessEndpoint(name="pg", address="a:1", probe=TcpProbe(host="a", port=1)),
            ProcessEndpoint(
                name="s3",
                address="a:2",
                probe=HttpProbe(host="a", port=2, path="/", expected=[200, 403]),
            ),
            ProcessEndpoint(name="speakers", address="a:3", probe=GrpcProbe(address="a:3")),
        ),
        addresses={"SPEAKERS_GRPC": "a:3"},
        gateway_url="https://a:4",
        network=NetworkAccess(
            urls=("https://b:4",), authority_url="http://b:5/x.crt", fingerprint="AB"
        ),
    )
    path = tmp_path / "state.json"
    write_state(path, state)
    assert read_state(path) == state


def test_a_state_of_servers_only(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_state(path, RunnerState(pid=17, phase="starting"))
    assert read_state(path) == RunnerState(pid=17, phase="starting")


def test_invalid_states_are_read_as_none(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    assert read_state(path) is None
    for text in ("", "{}", '{"pid": 1, "phase": "odd", "endpoints": [], "addresses": {}}'):
        path.write_text(text)
        assert read_state(path) is None
    path.write_text(
        '{"pid": 1, "phase": "odd", "endpoints": [], "addresses": {}, "gateway_url": null}'
    )
    assert read_state(path) is None
