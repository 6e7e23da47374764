"""The OpenAPI document is what the gateway does."""

import asyncio
import re
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.integration.gateway.conftest import Running

DOCUMENTED = {
    ("POST", "/api/transcription/upload"),
    ("POST", "/api/transcription/start/{transcription_id}"),
    ("GET", "/api/transcription/status/{transcription_id}"),
    ("POST", "/api/transcription/speakers/assign/{transcription_id}"),
    ("POST", "/api/transcription/export/{transcription_id}"),
    ("GET", "/api/transcription/list"),
    ("DELETE", "/api/transcription/{transcription_id}"),
    ("GET", "/api/speakers"),
    ("POST", "/api/speakers"),
    ("GET", "/api/speakers/{speaker_id}"),
    ("PUT", "/api/speakers/{speaker_id}"),
    ("POST", "/api/speakers/{speaker_id}/merge"),
    ("POST", "/api/speakers/{speaker_id}/split"),
    ("POST", "/api/speakers/{speaker_id}/enroll"),
    ("GET", "/api/speakers/{speaker_id}/clip"),
    ("GET", "/api/speakers/{speaker_id}/observations"),
    ("DELETE", "/api/speakers/{speaker_id}/observations/{observation_id}"),
    ("GET", "/api/transcription/speakers/{transcription_id}"),
    ("GET", "/api/transcription/speakers/{transcription_id}/{speaker_label}/clip"),
    ("GET", "/api/speakers/{speaker_id}/statistics"),
    ("POST", "/api/speakers/search"),
    ("DELETE", "/api/speakers/{speaker_id}"),
    ("GET", "/api/sessions/current"),
    ("POST", "/api/sessions/create"),
    ("PUT", "/api/sessions/current"),
    ("POST", "/api/sessions/extend"),
    ("DELETE", "/api/sessions/current"),
    ("GET", "/api/queue/status"),
    ("GET", "/api/queue/jobs/{job_id}"),
    ("DELETE", "/api/queue/jobs/{job_id}"),
    ("GET", "/api/queue/jobs"),
    ("GET", "/health"),
    ("GET", "/health/db"),
    ("GET", "/health/ready"),
}


@pytest.fixture
async def document(client: httpx2.AsyncClient) -> Any:
    return (await client.get("/openapi.json")).json()


def operations(document: Any) -> dict[tuple[str, str], Any]:
    return {
        (method.upper(), path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_exactly_the_documented_endpoints(document: Any) -> None:
    assert operations(document).keys() == DOCUMENTED


def test_only_statuses_that_are_sent(document: Any) -> None:
    for (method, path), operation in operations(document).items():
        statuses = set(operation["responses"])
        assert "422" not in statuses, path
        if path.startswith("/api"):
            assert {"400", "401", "403", "429", "500", "503"} <= statuses, (method, path)
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_operations_have_names_of_their_own(document: Any) -> None:
    names = [operation["operationId"] for operation in operations(document).values()]
    assert len(set(names)) == len(names)


def test_credentials_may_be_shown_or_not(document: Any) -> None:
    operation = operations(document)["GET", "/api/sessions/current"]
    assert operation["security"] == [{"bearer": []}, {"cookie": []}, {}]


def test_every_field_is_required_in_answers(document: Any) -> None:
    for name, schema in document["components"]["schemas"].items():
        if name.endswith("Body") and name != "ErrorBody":
            continue
        if "properties" in schema and not name.endswith(("Change", "Body")):
            assert set(schema.get("required", ())) == set(schema["properties"]), name


async def test_fuzzing_finds_no_failure_and_no_violation(running: Running, tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "schemathesis.cli", "run", f"{running.base_url}/openapi.json",
        "--max-examples=5", "--phases=coverage,fuzzing", "--seed=1", "--no-color",
        "--checks=not_a_server_error,status_code_conformance,content_type_conformance,"
        "response_schema_conformance,response_headers_conformance",
        cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output = (await process.communicate())[0].decode()
    assert process.returncode == 0, output[-6000:]
    tested = re.search(r"Tested: (\d+)", output)
    assert tested is not None, output[-2000:]
    assert int(tested[1]) == len(DOCUMENTED)
