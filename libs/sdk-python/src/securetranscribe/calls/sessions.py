"""The session, and its jobs in the queue."""

from typing import IO, Any

from securetranscribe import results
from securetranscribe.methods import flow, listing, nothing, operation, record
from securetranscribe.steps import Data, Flow, Items, Parts, present

_PAGE = 200


class SessionCalls:
    """Calls about the session and the queue."""

    session_token: str | None

    @flow(record(results.CreatedSessionData))
    def create_session(self, *, user_identifier: str | None = None) -> Flow[Data]:
        """Create a session, and use its token from now on."""
        created = yield from SessionCalls.request_session.flow(
            self, user_identifier=user_identifier
        )
        self.session_token = str(created["session_token"])
        return created

    @operation("POST", "/sessions/create", record(results.CreatedSessionData))
    def request_session(self, *, user_identifier: str | None = None) -> Parts:
        """Create a session, without using it."""
        return Parts(json=present(user_identifier=user_identifier))

    @flow(record(results.ResumedSessionData))
    def resume(self) -> Flow[Data]:
        """Take up the session again after its end by time, and continue it.

        `session_token` is that of the new session from then on. Return the fields of the session.
        """
        resumed = yield from SessionCalls.request_resumption.flow(self)
        self.session_token = str(resumed["session_token"])
        return resumed

    @operation("POST", "/sessions/resume", record(results.ResumedSessionData))
    def request_resumption(self) -> Parts:
        """Take up the session again, without using the new one."""
        return Parts()

    @operation("GET", "/sessions/current", record(results.CurrentSessionData))
    def get_session(self) -> Parts:
        """Return properties and figures of this session."""
        return Parts()

    @operation("PUT", "/sessions/current", record(results.SessionData))
    def update_session(self, /, **changes: Any) -> Parts:
        """Change `user_identifier` or `preferences` of the session."""
        return Parts(json=changes)

    @operation("POST", "/sessions/extend", record(results.ExtendedSessionData))
    def extend_session(self, hours: int) -> Parts:
        """Extend the session to at least this number of hours from now."""
        return Parts(json={"hours": hours})

    @operation("DELETE", "/sessions/current", record(results.InvalidatedSessionData))
    def end_session(self) -> Parts:
        """End the session. Everything that it owns is erased."""
        return Parts()

    @operation("GET", "/sessions/current/archive", nothing())
    def archive(self, file: IO[bytes]) -> Parts:
        """Write everything owned by the session to an open file, as one ZIP.

        It has the kept recordings, transcripts, clips, and a manifest.
        """
        return Parts(sink=file)

    @operation("GET", "/queue/status", record(results.QueueData))
    def get_queue_status(self) -> Parts:
        """Return figures of the queue and this session's position in it."""
        return Parts()

    @operation("GET", "/queue/jobs", record(results.JobList))
    def list_jobs(
        self, *, limit: int = 50, offset: int = 0, status_filter: str | None = None
    ) -> Parts:
        """Return a page of `jobs`, the newest first, and their `total`."""
        return Parts(query=present(limit=limit, offset=offset, status_filter=status_filter))

    @listing(results.JobData)
    def find_jobs(self, *, status_filter: str | None = None) -> Flow[None]:
        """Yield all jobs, the newest first, page by page."""
        offset, total = 0, 1
        while offset < total:
            page = yield from SessionCalls.list_jobs.flow(
                self, limit=_PAGE, offset=offset, status_filter=status_filter
            )
            yield Items(items=page["jobs"])
            offset, total = offset + _PAGE, page["total"]

    @operation("GET", "/queue/jobs/{job_id}", record(results.JobData))
    def get_job(self, job_id: str) -> Parts:
        """Return the state of a job."""
        return Parts()

    @operation("PUT", "/queue/jobs/{job_id}", record(results.JobData))
    def update_job(self, job_id: str, *, priority: int) -> Parts:
        """Change the priority of a waiting job, from 1 (last) to 10 (first). Return the job.

        Only administrators set more than 5.
        """
        return Parts(json={"priority": priority})

    @operation("DELETE", "/queue/jobs/{job_id}", record(results.CancelledJob))
    def cancel_job(self, job_id: str) -> Parts:
        """Cancel a queued or running job."""
        return Parts()
