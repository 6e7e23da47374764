"""Delivery of events to the clients of their workspace."""

import asyncio
from collections import OrderedDict, defaultdict

from common import logging, telemetry
from common.errors import ResourceExhaustedError
from common.events import workspace_of
from common.identity import Caller, Grant, Owner
from gateway.live import messages
from gateway.live.models import QueueState
from gateway.live.send_queue import GOING_AWAY, SESSION_ENDED, TOO_SLOW, SendQueue
from securetranscribe.v1 import event_pb2

_REMEMBERED_JOBS = 10_000
_WORKSPACES_AT_A_TIME = 20
_MOST_WATCHED = 100
_log = logging.get(__name__)


class Client:
    """One open WebSocket connection."""

    def __init__(self, caller: Caller) -> None:
        self.grant = Grant.copy(caller)
        self.session_id = caller.session_id
        #: Clients of one workspace get the same events. Others stand for themselves.
        self.group = _group(caller)
        self.watched: set[int] = set()
        self.send_queue = SendQueue()
        self._queue: QueueState | None = None

    def put_queue_state(self, state: QueueState) -> None:
        """Queue the state for sending unless it was the last one sent. Not for opened links."""
        if self.grant.link_id:
            return
        if state != self._queue:
            self._queue = state
            self.send_queue.put_queue(messages.queue_update(state))

    def put_initial_queue_state(self, state: QueueState) -> None:
        """Queue the initial state for sending unless a newer one was already sent."""
        if self._queue is None:
            self.put_queue_state(state)


class Hub:
    """All WebSocket connections of this process. Delivery never waits for a client."""

    def __init__(self, *, clients_per_session: int) -> None:
        self._clients_per_session = clients_per_session
        self._clients: defaultdict[str, set[Client]] = defaultdict(set)
        self._watchers: defaultdict[int, set[Client]] = defaultdict(set)
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._closed = False

    def attach(self, caller: Caller) -> Client:
        """Add a connection.

        Raises:
            ResourceExhaustedError: the session has too many, or the process is shutting down.
        """
        if self._closed:
            raise ResourceExhaustedError("The server is restarting. Connect again.")
        clients = self._clients.get(_group(caller), ())
        own = sum(client.session_id == caller.session_id for client in clients)
        if own >= self._clients_per_session:
            raise ResourceExhaustedError("The session has too many open connections.")
        client = Client(caller)
        self._clients[client.group].add(client)
        telemetry.WEBSOCKETS.inc()
        return client

    def detach(self, client: Client) -> None:
        """Remove a connection."""
        for transcription_id in list(client.watched):
            self.unwatch(client, transcription_id)
        clients = self._clients[client.group]
        if client in clients:
            clients.remove(client)
            telemetry.WEBSOCKETS.dec()
            if client.send_queue.closing is TOO_SLOW:
                telemetry.WEBSOCKETS_DROPPED.inc()
        if not clients:
            del self._clients[client.group]

    def watch(self, client: Client, transcription_id: int) -> None:
        """Deliver events of a transcription of others to a client allowed to read it.

        Raises:
            ResourceExhaustedError: the client watches too many.
        """
        if len(client.watched) >= _MOST_WATCHED:
            raise ResourceExhaustedError(f"A connection watches at most {_MOST_WATCHED}.")
        client.watched.add(transcription_id)
        self._watchers[transcription_id].add(client)

    def unwatch(self, client: Client, transcription_id: int) -> None:
        """Deliver no more events of a transcription of others to a client."""
        client.watched.discard(transcription_id)
        self._watchers[transcription_id].discard(client)
        if not self._watchers[transcription_id]:
            del self._watchers[transcription_id]

    def watchers(self, transcription_id: int) -> list[Client]:
        """Return the clients watching a transcription of others."""
        return list(self._watchers.get(transcription_id, ()))

    def __len__(self) -> int:
        return sum(len(clients) for clients in self._clients.values())

    def dispatch(self, event: event_pb2.Event) -> None:
        """Deliver an event. Repeated endings of a job are ignored."""
        kind = event.WhichOneof("data")
        workspace_id = workspace_of(event)
        if kind == "job_progress":
            self._progress(workspace_id, event.job_progress)
        elif kind == "job_completed":
            completed = event.job_completed
            clients = self._concerned(workspace_id, completed.transcription_id)
            self._ending(clients, completed.job_id, messages.completed(completed))
        elif kind == "job_failed":
            failed = event.job_failed
            clients = self._concerned(workspace_id, failed.transcription_id)
            self._ending(clients, failed.job_id, messages.failed(failed))
        elif kind == "job_cancelled":
            cancelled = event.job_cancelled
            clients = self._concerned(workspace_id, cancelled.transcription_id)
            self._ending(clients, cancelled.job_id, messages.cancelled(cancelled))
        elif kind == "transcript_edited":
            self._edited(workspace_id, event.transcript_edited)
        elif kind == "transcript_part":
            self._part(workspace_id, event.transcript_part)
        elif kind == "session_revoked":
            self.end_session(Grant(session_id=event.session_id, workspace_id=workspace_id))
        elif kind == "session_changed":
            self.reconnect(Grant(session_id=event.session_id, workspace_id=workspace_id))

    async def dispatch_queue(self, change: event_pb2.QueueChanged) -> None:
        """Send each workspace its view of the queue, yielding between small batches."""
        places = {place.workspace_id or place.session_id: place for place in change.places}
        for count, workspace_id in enumerate(list(self._clients), start=1):
            state = messages.queue_state(change, places.get(workspace_id))
            for client in self._clients.get(workspace_id, ()):
                client.put_queue_state(state)
            if count % _WORKSPACES_AT_A_TIME == 0:
                # Waking all clients at once would block the event loop.
                await asyncio.sleep(0)

    def end_session(self, ended: Owner) -> None:
        """Close the connections of an ended session. Its workspace may have other sessions."""
        for client in self._clients.get(_group(ended), ()):
            if client.session_id == ended.session_id:
                client.send_queue.close(SESSION_ENDED)

    def reconnect(self, changed: Owner) -> None:
        """Close the connections of a session, so that its clients connect again."""
        for client in self._clients.get(_group(changed), ()):
            if client.session_id == changed.session_id:
                client.send_queue.close(GOING_AWAY)

    def close(self) -> None:
        """Close all connections and accept no more."""
        self._closed = True
        for clients in self._clients.values():
            for client in clients:
                client.send_queue.close(GOING_AWAY)

    def _concerned(self, workspace_id: str, transcription_id: int) -> set[Client]:
        """Return the clients receiving events of a transcription of a workspace."""
        clients = self._clients.get(workspace_id, set()) if workspace_id else set()
        watchers = self._watchers.get(transcription_id)
        return clients | watchers if watchers else clients

    def _progress(self, workspace_id: str, event: event_pb2.JobProgress) -> None:
        clients = self._concerned(workspace_id, event.transcription_id)
        # Progress events are delivered separately and may arrive after the ending.
        if not clients or event.job_id in self._ended:
            return
        text = messages.progress(event)
        for client in clients:
            client.send_queue.put_progress(event.job_id, text)

    def _edited(self, workspace_id: str, event: event_pb2.TranscriptEdited) -> None:
        clients = self._concerned(workspace_id, event.transcription_id)
        if not clients:
            return
        text = messages.edited(event)
        for client in clients:
            client.send_queue.put_edit(event.transcription_id, event.revision, text)

    def _part(self, workspace_id: str, event: event_pb2.TranscriptPart) -> None:
        clients = self._concerned(workspace_id, event.transcription_id)
        job_id = event.partial_transcript.job_id
        if not clients or job_id in self._ended:
            return
        text = messages.part(event)
        until = event.partial_transcript.covered.ToMilliseconds()
        for client in clients:
            client.send_queue.put_part(job_id, until, text)

    def _ending(self, clients: set[Client], job_id: str, text: str) -> None:
        if job_id in self._ended:
            return
        self._ended[job_id] = None
        if len(self._ended) > _REMEMBERED_JOBS:
            self._ended.popitem(last=False)
        for client in clients:
            client.send_queue.put_ending(job_id, text)


def _group(caller: Owner) -> str:
    """Return the workspace of a caller, or the session of one without a workspace."""
    return caller.workspace_id or caller.session_id
