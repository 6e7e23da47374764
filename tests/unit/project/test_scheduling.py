"""Order and units of work of test processes."""

from tests.scheduling import in_order, unit_of


def test_files_with_the_same_slow_fixtures_are_one_unit() -> None:
    files = ("tests/e2e/test_cli.py", "tests/web/test_frame.py")
    assert len({unit_of(f"{file}::test_a[x::y]") for file in files}) == 1
    assert unit_of("tests/unit/project/test_skips.py::test_a") == "tests/unit/project/test_skips.py"


def test_units_are_whole_and_small_files_last() -> None:
    tests = [
        "tests/unit/test_one.py::test_a",
        "tests/e2e/test_cli.py::test_a",
        "tests/unit/test_two.py::test_a",
        "tests/unit/test_two.py::test_b",
        "tests/integration/ml/test_live.py::test_a",
        "tests/integration/gateway/test_health.py::test_a",
        "tests/integration/devstack/test_exec.py::test_a",
        "tests/web/test_frame.py::test_b",
        "tests/web/test_frame.py::test_a",
    ]
    assert in_order(tests) == [
        "tests/e2e/test_cli.py::test_a",
        "tests/web/test_frame.py::test_b",
        "tests/web/test_frame.py::test_a",
        "tests/integration/ml/test_live.py::test_a",
        "tests/integration/devstack/test_exec.py::test_a",
        "tests/integration/gateway/test_health.py::test_a",
        "tests/unit/test_two.py::test_a",
        "tests/unit/test_two.py::test_b",
        "tests/unit/test_one.py::test_a",
    ]
