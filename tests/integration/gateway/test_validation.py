"""Invalid input always gets the documented error envelope."""

import json
import re
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.gateway.conftest import Running

TOO_LONG = 2**63
WITH_IDS = [
    ("POST", "/api/transcription/start/{}", "transcription_id"),
    ("GET", "/api/transcription/status/{}", "transcription_id"),
    ("POST", "/api/transcription/speakers/assign/{}", "transcription_id"),
    ("POST", "/api/transcription/export/{}?export_format=pdf", "transcription_id"),
    ("DELETE", "/api/transcription/{}", "transcription_id"),
    ("PUT", "/api/speakers/{}", "speaker_id"),
    ("GET", "/api/speakers/{}/statistics", "speaker_id"),
    ("DELETE", "/api/speakers/{}", "speaker_id"),
]


def checked(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body.keys() == {"success", "error", "timestamp"}
    assert body["error"]["code"] == code
    return body["error"]["details"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("prefix", ["/api", "/api/v1"])
@pytest.mark.parametrize(("method", "path", "field"), WITH_IDS)
@pytest.mark.parametrize("value", ["abc", "0", "-1", str(TOO_LONG), "9" * 400, "1.5", "%00", "é"])
async def test_invalid_ids(
    client: httpx2.AsyncClient, prefix: str, method: str, path: str, field: str, value: str
) -> None:
    body = {"json": {"Speaker_1": "x"}} if "assign" in path else {}
    if method == "PUT":
        body = {"json": {}}
    url = path.format(value).replace("/api", prefix, 1)
    answer = await client.request(method, url, **body)  # type: ignore[arg-type]
    assert checked(answer, 400, "VALIDATION_ERROR")["field"] == field


@pytest.mark.parametrize(("method", "path", "field"), WITH_IDS)
async def test_unknown_ids(client: httpx2.AsyncClient, method: str, path: str, field: str) -> None:
    body: dict[str, Any] = {"json": {"Speaker_1": "x"}} if "assign" in path else {}
    if method == "PUT":
        body = {"json": {}}
    answer = await client.request(method, path.format(TOO_LONG - 1), **body)
    checked(answer, 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/api/transcription/list?limit=0", "limit"),
        ("/api/transcription/list?limit=1001", "limit"),
        ("/api/transcription/list?limit=x", "limit"),
        ("/api/transcription/list?offset=-1", "offset"),
        ("/api/transcription/list?offset=99999999999", "offset"),
        ("/api/transcription/list?status_filter=queued", "status_filter"),
        ("/api/queue/jobs?status_filter=pending", "status_filter"),
        ("/api/queue/jobs?limit=0", "limit"),
        ("/api/queue/jobs/" + "x" * 65, "job_id"),
        ("/api/queue/jobs/%00", "job_id"),
        ("/api/speakers?page=0", "page"),
        ("/api/speakers?per_page=201", "per_page"),
        ("/api/speakers?active_only=maybe", "active_only"),
    ],
)
async def test_parameters_out_of_range(client: httpx2.AsyncClient, path: str, field: str) -> None:
    assert checked(await client.get(path), 400, "VALIDATION_ERROR")["field"] == field


async def test_an_empty_filter_means_no_filter(client: httpx2.AsyncClient) -> None:
    for path in ("/api/transcription/list", "/api/queue/jobs"):
        assert (await client.get(f"{path}?status_filter=")).status_code == 200


async def test_empty_parameters_are_no_errors_of_the_server(client: httpx2.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    tried = 0
    for path, methods in paths.items():
        for parameter in methods.get("get", {}).get("parameters", []):
            if parameter["in"] == "query":
                url = re.sub(r"{\w+}", "1", path)
                answer = await client.get(url, params={parameter["name"]: ""})
                assert answer.status_code != 500, (url, parameter["name"])
                tried += 1
    assert tried > 20


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"{", "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b'{"name": "x"}', "text/plain"),
        (b'{"name": "x"}', "application/x-www-form-urlencoded"),
        (b"name=x", "application/x-www-form-urlencoded"),
        (b'"text"', "application/json"),
        (b"null", "application/json"),
        (b"", "application/json"),
        (b"x" * 2_000_000, "application/json"),
        (b'{"name": "' + b"1" * 5000 + b'"}', "nonsense"),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/speakers"),
        ("POST", "/api/speakers/search"),
        ("PUT", "/api/speakers/1"),
        ("PUT", "/api/sessions/current"),
        ("POST", "/api/sessions/extend"),
        ("POST", "/api/transcription/speakers/assign/1"),
    ],
)
async def test_bodies_other_than_json(
    client: httpx2.AsyncClient, method: str, path: str, content: bytes, content_type: str
) -> None:
    answer = await client.request(
        method, path, content=content, headers={"Content-Type": content_type}
    )
    assert checked(answer, 400, "VALIDATION_ERROR")["field"] == "body"


@pytest.mark.parametrize(
    "text", ['{"name": "\\u0000"}', '{"name": "\\ud800"}', '{"name": "a", "gender": "\\udfff"}']
)
async def test_texts_that_cannot_be_stored(client: httpx2.AsyncClient, text: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await client.post("/api/speakers", content=text, headers=headers)
    assert checked(answer, 400, "VALIDATION_ERROR")["field"] in ("name", "gender")


@pytest.mark.parametrize(
    "path", ["/nope", "/api", "/api/", "/api/nope", "/api/v2/queue/status", "/static/../app.py",
             "/static/settings.py", "/api/speakers/", "//api/speakers"],
)  # fmt: skip
async def test_unknown_paths(client: httpx2.AsyncClient, path: str) -> None:
    checked(await client.get(path), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PATCH", "/api/speakers", "GET, HEAD, POST"),
        ("POST", "/api/queue/status", "GET, HEAD"),
        ("GET", "/api/transcription/upload", "POST"),
        ("DELETE", "/api/v1/sessions/extend", "POST"),
        ("POST", "/health", "GET, HEAD"),
        ("TRACE", "/api/sessions/current", "DELETE, GET, HEAD, PUT"),
    ],
)
async def test_unknown_methods(
    client: httpx2.AsyncClient, method: str, path: str, allow: str
) -> None:
    answer = await client.request(method, path)
    checked(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == allow


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4)
    ),
    max_leaves=8,
)


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(value=json_values, known=st.sampled_from(["name", "hours", "preferences", "query", "x"]))
async def test_any_json_is_accepted_or_rejected(running: Running, value: Any, known: str) -> None:
    text = json.dumps({known: value})
    headers = {"Content-Type": "application/json"}
    async with running.client() as client:
        for method, path in (
            ("PUT", "/api/sessions/current"),
            ("POST", "/api/sessions/extend"),
            ("POST", "/api/sessions/create"),
            ("POST", "/api/speakers/search"),
            ("POST", "/api/transcription/speakers/assign/999999"),
        ):
            answer = await client.request(method, path, content=text, headers=headers)
            assert answer.status_code < 500, (text, answer.text)
            assert answer.json()["success"] is (answer.status_code < 400)
