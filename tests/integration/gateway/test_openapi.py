"""The OpenAPI document matches the gateway."""

from pathlib import Path
from typing import Any

import httpx2
import pytest

from common import errors
from common.rate_limits import RateLimitedError
from gateway.web.preconditions import PreconditionRequiredError
from gateway.web.ranges import RangeNotSatisfiableError
from tests.integration.gateway.test_options import HIGH

DOCUMENTED = {
    ("GET", "/api/admin/workspaces"),
    ("GET", "/api/audit"),
    ("GET", "/api/audit/export"),
    ("GET", "/api/auth/providers"),
    ("GET", "/api/auth/oidc/{provider}/start"),
    ("GET", "/api/auth/oidc/{provider}/callback"),
    ("POST", "/api/auth/oidc/{provider}/logout"),
    ("POST", "/api/auth/oidc/sign-out"),
    ("POST", "/api/auth/sign-in"),
    ("POST", "/api/auth/sign-out"),
    ("GET", "/api/auth/me"),
    ("PUT", "/api/auth/me"),
    ("GET", "/api/auth/sessions"),
    ("DELETE", "/api/auth/sessions"),
    ("DELETE", "/api/auth/sessions/{session_id}"),
    ("GET", "/api/workspaces/{workspace_id}/settings"),
    ("PUT", "/api/workspaces/{workspace_id}/settings"),
    ("POST", "/api/imports"),
    ("POST", "/api/transcription/{transcription_id}/import"),
    ("POST", "/api/auth/password"),
    ("POST", "/api/auth/setup"),
    ("POST", "/api/auth/reset"),
    ("GET", "/api/users"),
    ("POST", "/api/users"),
    ("PUT", "/api/users/{user_id}"),
    ("DELETE", "/api/users/{user_id}"),
    ("POST", "/api/users/{user_id}/reset-link"),
    ("GET", "/api/workspaces"),
    ("POST", "/api/workspaces"),
    ("PUT", "/api/workspaces/{workspace_id}"),
    ("DELETE", "/api/workspaces/{workspace_id}"),
    ("POST", "/api/workspaces/{workspace_id}/switch"),
    ("GET", "/api/workspaces/{workspace_id}/members"),
    ("PUT", "/api/workspaces/{workspace_id}/members/{user_id}"),
    ("DELETE", "/api/workspaces/{workspace_id}/members/{user_id}"),
    ("GET", "/api/tokens"),
    ("POST", "/api/tokens"),
    ("DELETE", "/api/tokens/{token_id}"),
    ("GET", "/api/webhooks"),
    ("POST", "/api/webhooks"),
    ("GET", "/api/webhooks/{webhook_id}"),
    ("PUT", "/api/webhooks/{webhook_id}"),
    ("DELETE", "/api/webhooks/{webhook_id}"),
    ("POST", "/api/webhooks/{webhook_id}/rotate"),
    ("POST", "/api/webhooks/{webhook_id}/test"),
    ("GET", "/api/webhooks/{webhook_id}/deliveries"),
    ("POST", "/api/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver"),
    ("POST", "/api/sessions/resume"),
    ("GET", "/api/sessions/current/archive"),
    ("POST", "/api/transcription/upload"),
    ("POST", "/api/transcription/start/{transcription_id}"),
    ("GET", "/api/transcription/status/{transcription_id}"),
    ("POST", "/api/transcription/speakers/assign/{transcription_id}"),
    ("POST", "/api/transcription/export/{transcription_id}"),
    ("GET", "/api/transcription/export/{transcription_id}"),
    ("GET", "/api/transcription/{transcription_id}/transcript"),
    ("GET", "/api/transcription/{transcription_id}/summary"),
    ("GET", "/api/transcription/{transcription_id}/playback"),
    ("GET", "/api/transcription/{transcription_id}/peaks"),
    ("POST", "/api/transcription/{transcription_id}/edits"),
    ("POST", "/api/transcription/{transcription_id}/undo"),
    ("POST", "/api/transcription/{transcription_id}/redo"),
    ("GET", "/api/transcription/{transcription_id}/revisions"),
    ("GET", "/api/transcription/{transcription_id}/revisions/compare"),
    ("POST", "/api/transcription/{transcription_id}/revisions/{revision}/restore"),
    ("POST", "/api/transcription/{transcription_id}/reprocess"),
    ("GET", "/api/transcription/{transcription_id}/conflicts"),
    ("POST", "/api/transcription/{transcription_id}/conflicts/{conflict_id}/resolve"),
    ("POST", "/api/uploads"),
    ("GET", "/api/uploads"),
    ("GET", "/api/uploads/duplicates"),
    ("GET", "/api/uploads/{upload_id}"),
    ("PATCH", "/api/uploads/{upload_id}"),
    ("DELETE", "/api/uploads/{upload_id}"),
    ("POST", "/api/captures"),
    ("GET", "/api/captures"),
    ("GET", "/api/captures/{capture_id}"),
    ("PUT", "/api/captures/{capture_id}/chunks/{number}"),
    ("POST", "/api/captures/{capture_id}/finish"),
    ("DELETE", "/api/captures/{capture_id}"),
    ("GET", "/api/search"),
    ("POST", "/api/transcripts/replace"),
    ("POST", "/api/transcripts/replace/{replacement_id}/undo"),
    ("GET", "/api/vocabulary/terms"),
    ("POST", "/api/vocabulary/terms"),
    ("PUT", "/api/vocabulary/terms/{term_id}"),
    ("DELETE", "/api/vocabulary/terms/{term_id}"),
    ("GET", "/api/vocabulary/corrections"),
    ("POST", "/api/vocabulary/corrections"),
    ("PUT", "/api/vocabulary/corrections/{correction_id}"),
    ("DELETE", "/api/vocabulary/corrections/{correction_id}"),
    ("POST", "/api/vocabulary/import"),
    ("GET", "/api/vocabulary/export"),
    ("GET", "/api/vocabulary/suggestions"),
    ("POST", "/api/vocabulary/suggestions/{suggestion_id}/accept"),
    ("POST", "/api/vocabulary/suggestions/{suggestion_id}/dismiss"),
    ("POST", "/api/transcription/{transcription_id}/vocabulary"),
    ("POST", "/api/transcription/{transcription_id}/vocabulary/undo"),
    ("GET", "/api/transcription/list"),
    ("DELETE", "/api/transcription/{transcription_id}"),
    ("PUT", "/api/transcription/{transcription_id}"),
    ("POST", "/api/transcription/{transcription_id}/title/suggest"),
    ("POST", "/api/transcription/{transcription_id}/trash"),
    ("POST", "/api/transcription/{transcription_id}/restore"),
    ("GET", "/api/trash"),
    ("POST", "/api/transcriptions/bulk"),
    ("GET", "/api/tags"),
    ("POST", "/api/tags"),
    ("PUT", "/api/tags/{tag_id}"),
    ("DELETE", "/api/tags/{tag_id}"),
    ("GET", "/api/folders"),
    ("POST", "/api/folders"),
    ("PUT", "/api/folders/{folder_id}"),
    ("DELETE", "/api/folders/{folder_id}"),
    ("GET", "/api/transcriptions/{transcription_id}/shares"),
    ("POST", "/api/transcriptions/{transcription_id}/shares"),
    ("DELETE", "/api/transcriptions/{transcription_id}/shares/{share_id}"),
    ("GET", "/api/transcriptions/{transcription_id}/links"),
    ("POST", "/api/transcriptions/{transcription_id}/links"),
    ("DELETE", "/api/transcriptions/{transcription_id}/links/{link_id}"),
    ("GET", "/api/transcriptions/{transcription_id}/links/{link_id}/uses"),
    ("GET", "/api/shared"),
    ("POST", "/api/shared/open"),
    ("GET", "/api/speakers"),
    ("POST", "/api/speakers"),
    ("GET", "/api/speakers/{speaker_id}"),
    ("PUT", "/api/speakers/{speaker_id}"),
    ("GET", "/api/speakers/trash"),
    ("POST", "/api/speakers/trash/{trash_id}/restore"),
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
    ("PUT", "/api/queue/jobs/{job_id}"),
    ("DELETE", "/api/queue/jobs/{job_id}"),
    ("GET", "/api/queue/jobs"),
    ("GET", "/api/admin/system"),
    ("GET", "/api/admin/storage"),
    ("GET", "/api/admin/set-aside"),
    ("POST", "/api/admin/set-aside/retry"),
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


def test_the_document_lists_exactly_the_endpoints(document: Any) -> None:
    assert operations(document).keys() == DOCUMENTED


def test_only_actual_statuses_are_documented(document: Any) -> None:
    for (method, path), operation in operations(document).items():
        statuses = set(operation["responses"])
        keys = [one for one in operation.get("parameters", ()) if one["name"] == "Idempotency-Key"]
        assert ("422" in statuses) is bool(keys), (method, path)
        assert not keys or "409" in statuses, (method, path)
        if path.startswith("/api"):
            assert {"400", "401", "403", "429", "500", "503"} <= statuses, (method, path)
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_operation_ids_are_unique(document: Any) -> None:
    names = [operation["operationId"] for operation in operations(document).values()]
    assert len(set(names)) == len(names)


def test_the_messages_of_the_websocket_are_described(document: Any) -> None:
    schemas = document["components"]["schemas"]
    message = schemas["LiveMessage"]
    names = {
        kind: ref.rpartition("/")[2] for kind, ref in message["discriminator"]["mapping"].items()
    }
    assert {kind: schemas[name]["properties"]["type"]["const"] for kind, name in names.items()} == {
        kind: kind for kind in names
    }
    page = (Path(__file__).parents[3] / "docs" / "api.md").read_text()
    for kind in names:
        assert f"| `{kind}` |" in page


def test_credentials_are_optional(document: Any) -> None:
    operation = operations(document)["GET", "/api/sessions/current"]
    assert operation["security"] == [{"bearer": []}, {"cookie": []}, {}]


def test_every_response_field_is_required(document: Any) -> None:
    schemas = document["components"]["schemas"]
    sent = {one["$ref"].rpartition("/")[2] for one in schemas["LiveClientMessage"]["oneOf"]}
    for name, schema in schemas.items():
        if name in sent or (name.endswith("Body") and name != "ErrorBody"):
            continue
        if "properties" in schema and not name.endswith(("Change", "Body", "Operation")):
            assert set(schema.get("required", ())) == set(schema["properties"]), name


def test_every_operation_with_a_priority_is_known(document: Any) -> None:
    """Tests show for each that priorities above the default are refused."""
    schemas = document["components"]["schemas"]

    def has_priority(schema: dict[str, Any]) -> bool:
        found = schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)
        parts = [part for word in ("anyOf", "allOf", "oneOf") for part in found.get(word, ())]
        return "priority" in found.get("properties", {}) or any(map(has_priority, parts))

    found = {
        key
        for key, operation in operations(document).items()
        for content in operation.get("requestBody", {}).get("content", {}).values()
        if has_priority(content["schema"])
    }
    # The transcriber decides on the priority of a waiting job.
    assert found - {("PUT", "/api/queue/jobs/{job_id}")} == {*HIGH}


async def test_unsupported_methods(client: httpx2.AsyncClient) -> None:
    for method, path, allowed in (
        ("PUT", "/api/speakers/search", "POST"),
        ("OPTIONS", "/api/transcription/list", "GET, HEAD"),
        ("PATCH", "/api/v1/sessions/current", "DELETE, GET, HEAD, PUT"),
        ("PATCH", "/api/speakers/1", "DELETE, GET, HEAD, PUT"),
        ("HEAD", "/api/speakers/search", "POST"),
    ):
        answer = await client.request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed), path
        assert method == "HEAD" or answer.json()["error"]["code"] == "METHOD_NOT_ALLOWED"


def test_every_tag_is_declared(document: Any) -> None:
    declared = [tag["name"] for tag in document["tags"]]
    used = {
        tag
        for methods in document["paths"].values()
        for one in methods.values()
        for tag in one["tags"]
    }
    assert (set(declared), len(declared)) == (used, len(used))


def test_requests_to_webhooks_are_described(document: Any) -> None:
    operation = document["webhooks"]["event"]["post"]
    reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    schema = document["components"]["schemas"][reference.rpartition("/")[2]]
    assert "job.completed" in schema["discriminator"]["mapping"]


def test_clips_have_ranges(document: Any) -> None:
    paths = [path for path in document["paths"] if path.endswith("/clip")]
    assert len(paths) == 2
    for path in paths:
        responses = document["paths"][path]["get"]["responses"]
        assert "audio/flac" in responses["206"]["content"]
        assert "Content-Range" in responses["206"]["headers"]
        assert "application/json" in responses["416"]["content"]


def test_every_endpoint_is_in_the_api_documentation(document: Any) -> None:
    page = (Path(__file__).parents[3] / "docs" / "api.md").read_text()
    for method, path in operations(document):
        assert f"`{method} {path}`" in page, (method, path)
    for status in ("401", "403", "404", "409", "413", "416", "428", "429", "500", "503"):
        assert f"| {status} |" in page


def test_every_error_code_is_in_the_api_documentation() -> None:
    page = (Path(__file__).parents[3] / "docs" / "api.md").read_text()
    # Only classes that cross the wire. Classes derived by libraries or other tests arrive as these.
    codes = {kind.code for kind in errors.tree() if kind.__module__ == errors.__name__}
    codes |= {RateLimitedError.code, RangeNotSatisfiableError.code, PreconditionRequiredError.code}
    assert {code for code in codes if f"`{code}`" not in page} == set()
