import io
import json
import logging as stdlib
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from opentelemetry.sdk.trace import TracerProvider

from common import logging

SPOKEN = "words of a transcript"


def fail(text: str) -> None:
    raise RuntimeError("broken") from ValueError(len(text))


class Log:
    """Captured log output."""

    def __init__(self) -> None:
        self._stream = io.StringIO()

    def configure(self, style: str) -> None:
        logging.configure(service="exporter", level="INFO", style=style)
        (handler,) = stdlib.getLogger().handlers
        assert isinstance(handler, stdlib.StreamHandler)
        handler.setStream(self._stream)

    def text(self) -> str:
        return self._stream.getvalue()

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text().splitlines()]


@pytest.fixture
def log() -> Iterator[Log]:
    """Yield the configured log and restore the state of the process afterwards."""
    root = stdlib.getLogger()
    handlers, level = root.handlers[:], root.level
    log = Log()
    log.configure("json")
    yield log
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_line_is_one_json_object(log: Log) -> None:
    logging.get("exporter.app").info("started\nand more", port=50051)

    (line,) = log.lines()
    assert line["event"] == "started\nand more"
    assert line["port"] == 50051
    assert line["level"] == "info"
    assert line["logger"] == "exporter.app"
    assert line["service"] == "exporter"
    assert line["timestamp"].endswith("Z")


def test_line_has_bound_ids(log: Log) -> None:
    with structlog.contextvars.bound_contextvars(job_id="job_1", session_id="session_1"):
        logging.get("x").info("inside")
    logging.get("x").info("outside")

    inside, outside = log.lines()
    assert (inside["job_id"], inside["session_id"]) == ("job_1", "session_1")
    assert "job_id" not in outside


def test_line_has_the_trace(log: Log) -> None:
    tracer = TracerProvider().get_tracer("test")
    with tracer.start_as_current_span("span") as span:
        logging.get("x").info("traced")
        context = span.get_span_context()
    logging.get("x").info("untraced")

    traced, untraced = log.lines()
    assert traced["trace_id"] == f"{context.trace_id:032x}"
    assert traced["span_id"] == f"{context.span_id:016x}"
    assert "trace_id" not in untraced


def test_libraries_log_in_the_same_form(log: Log) -> None:
    with structlog.contextvars.bound_contextvars(job_id="job_1"):
        stdlib.getLogger("psycopg.pool").warning("connecting to %s failed", "db")

    (line,) = log.lines()
    assert line["event"] == "connecting to db failed"
    assert line["logger"] == "psycopg.pool"
    assert line["job_id"] == "job_1"


def test_level_applies_to_all_and_chatty_libraries_are_quieter(log: Log) -> None:
    logging.get("x").debug("no")
    stdlib.getLogger("other").debug("no")
    stdlib.getLogger("urllib3").info("no")
    stdlib.getLogger("urllib3").warning("yes")

    assert [line["event"] for line in log.lines()] == ["yes"]


def test_line_has_the_exception_without_local_variables(log: Log) -> None:
    try:
        fail(SPOKEN)
    except RuntimeError as error:
        logging.get("x").error("failed", exc_info=error)

    (line,) = log.lines()
    assert "RuntimeError: broken" in line["exception"]
    assert SPOKEN not in line["exception"]


def test_console_style_shows_exceptions_without_warnings_and_local_variables(log: Log) -> None:
    log.configure("console")

    try:
        fail(SPOKEN)
    except RuntimeError:
        logging.get("x").exception("failed")

    said = log.text()
    assert "RuntimeError: broken" in said
    assert SPOKEN not in said


def test_configuring_twice_does_not_log_twice(log: Log) -> None:
    log.configure("json")
    logging.get("x").info("once")

    assert len(log.lines()) == 1
