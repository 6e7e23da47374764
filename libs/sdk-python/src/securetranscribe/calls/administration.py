"""The deployment: its health, its services, its storage and its audit log."""

from typing import IO, Any

import httpx2

from securetranscribe import results
from securetranscribe.methods import flow, listing, nothing, operation, plain, record
from securetranscribe.steps import Data, Flow, Items, Parts, Request, present

_HEADER = "X-Admin-Token"


def _body(response: httpx2.Response) -> Data:
    body: Data = response.json()
    return body


def _formats(response: httpx2.Response) -> list[str]:
    exports = response.json()["paths"]["/api/transcription/export/{transcription_id}"]
    (schema,) = (
        one["schema"] for one in exports["get"]["parameters"] if one["name"] == "export_format"
    )
    return next(list(one["enum"]) for one in schema.get("anyOf", [schema]) if "enum" in one)


class AdministrationCalls:
    """Calls about the deployment. `admin_token` is the `ADMIN_TOKEN` of the deployment."""

    @operation("GET", "/admin/system", record(results.SystemData))
    def get_system(self, admin_token: str) -> Parts:
        """Return services, workers, stages, the queue and the throughput."""
        return Parts(headers={_HEADER: admin_token})

    @operation("GET", "/admin/storage", record(results.StorageData))
    def get_storage(self, admin_token: str) -> Parts:
        """Return figures of the storage and the disk."""
        return Parts(headers={_HEADER: admin_token})

    @operation("GET", "/admin/set-aside", record(results.SetAsideData))
    def list_set_aside(self, admin_token: str) -> Parts:
        """Return items at which a background step kept failing."""
        return Parts(headers={_HEADER: admin_token})

    @operation("POST", "/admin/set-aside/retry", record(results.RetryData))
    def retry_set_aside(
        self, admin_token: str, service: str, step: str, *, item: str | None = None
    ) -> Parts:
        """Try set-aside items again."""
        body = present(service=service, step=step, item=item)
        return Parts(json=body, headers={_HEADER: admin_token})

    @operation("GET", "/admin/workspaces", record(results.WorkspaceFiguresList))
    def list_all_workspaces(self, admin_token: str, *, page: int = 1, per_page: int = 100) -> Parts:
        """Return one page of all `workspaces` with figures, and without content."""
        query = {"page": page, "per_page": per_page}
        return Parts(query=query, headers={_HEADER: admin_token})

    @operation("GET", "/audit", record(results.AuditPageData))
    def read_audit_log(self, /, **query: Any) -> Parts:
        """Return a page of `entries`, and the `cursor` of the next one.

        The query is that of the API, with `since` and `until` for `from` and `to`.
        """
        return Parts(query=_query(query))

    @listing(results.AuditEntryData)
    def find_audit_entries(self, /, **query: Any) -> Flow[None]:
        """Yield all matching entries of the audit log, page by page."""
        cursor = None
        while True:
            page = yield from AdministrationCalls.read_audit_log.flow(self, cursor=cursor, **query)
            yield Items(items=page["entries"])
            cursor = page["cursor"]
            if cursor is None:
                return

    @operation("GET", "/audit/export", nothing())
    def export_audit_log(self, /, file: IO[bytes], **query: Any) -> Parts:
        """Write the audit log to an open file. `format` is `jsonl` or `csv`."""
        return Parts(query=_query(query), sink=file)

    @flow(plain(_formats))
    def list_export_formats(self) -> Flow[list[str]]:
        """Return the names of all export formats of the server."""
        return _formats((yield Request(method="GET", path="/openapi.json")))

    @operation("GET", "/health", plain(_body))
    def get_health(self) -> Parts:
        """Return the `version` of the gateway, if it is alive."""
        return Parts()

    @operation("GET", "/health/ready", plain(_body))
    def get_readiness(self) -> Parts:
        """Return the `checks` of the gateway, if it is ready for requests."""
        return Parts()

    @operation("GET", "/health/db", plain(_body))
    def get_database_health(self) -> Parts:
        """Return the state of the gateway's database."""
        return Parts()


def _query(query: dict[str, Any]) -> dict[str, Any]:
    renamed = {"since": "from", "until": "to"}
    return {
        renamed.get(name, name): str(value).lower() if isinstance(value, bool) else value
        for name, value in present(**query).items()
    }
