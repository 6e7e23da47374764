"""Checks of an installation from outside, as every client sees it."""

import datetime as dt
import email.utils
import importlib.metadata
import time
from collections.abc import Callable, Mapping

import httpx2

from securetranscribe.cli.findings import Finding
from securetranscribe.client import SecureTranscribeClient
from securetranscribe.errors import ApiError, ConnectionFailedError
from securetranscribe.steps import NextEvent

_CLOCK_SECONDS = 30.0
_STAGES = ("transcribe", "diarize")


def reachable(client: SecureTranscribeClient) -> Finding:
    """Check that the API answers at the address."""
    try:
        health = client.get_health()
    except ConnectionFailedError as error:
        return Finding(
            check="address",
            state="problem",
            text=str(error),
            advice="Is the server started (make status, docker compose ps), and is the address of "
            "--url or SECURETRANSCRIBE_URL right? For HTTPS with an authority of your own, set "
            "SSL_CERT_FILE.",
        )
    except (ApiError, KeyError, ValueError) as error:
        return Finding(
            check="address",
            state="problem",
            text=f"Something else answers at {client.base_url}: {error}",
            advice="The address ends in /api and is that of the gateway or of Envoy.",
        )
    return Finding(
        check="address", state="ok", text=f"{client.base_url} answers, version {health['version']}."
    )


def version(client: SecureTranscribeClient) -> Finding:
    """Compare the versions of client and server."""
    ours, theirs = importlib.metadata.version("securetranscribe"), client.get_health()["version"]
    if ours == theirs:
        return Finding(check="version", state="ok", text=f"Client and server are both {ours}.")
    return Finding(
        check="version",
        state="warning",
        text=f"The client is {ours}, the server {theirs}.",
        advice="Install the client of the server's version.",
    )


def ready(client: SecureTranscribeClient) -> Finding:
    """Check that the gateway reaches its servers."""
    try:
        checks = client.get_readiness()["checks"]
    except ApiError as error:
        return Finding(
            check="readiness",
            state="problem",
            text=f"The gateway is not ready: {error.message}",
            advice="Look at the server that is named, and at the logs of the gateway.",
        )
    return Finding(check="readiness", state="ok", text=f"Reachable: {', '.join(sorted(checks))}.")


def session(client: SecureTranscribeClient) -> Finding:
    """Check that a session can be used."""
    told = client.get_sign_in_options()
    if told["setup_required"]:
        return Finding(
            check="session",
            state="problem",
            text="There is no administrator yet.",
            advice="Make a setup token on the server: python -m gateway setup-token",
        )
    try:
        session = client.get_session()
    except ApiError as error:
        return Finding(
            check="session",
            state="problem",
            text=error.message,
            advice="Sign in: securetranscribe login",
        )
    return Finding(
        check="session",
        state="ok",
        text=f"Mode {told['mode']}, session until {session['expires_at']}.",
    )


def clock(client: SecureTranscribeClient) -> Finding:
    """Compare the clocks of this machine and the server."""
    before = time.time()
    answered = httpx2.get(
        f"{client.base_url.removesuffix('/api')}/health", verify=client._context, trust_env=False
    )
    now = (before + time.time()) / 2
    header = answered.headers.get("date")
    if header:
        theirs = email.utils.parsedate_to_datetime(header).timestamp()
    else:
        theirs = dt.datetime.fromisoformat(answered.json()["timestamp"]).timestamp()
    apart = abs(now - theirs)
    if apart <= _CLOCK_SECONDS:
        return Finding(check="clock", state="ok", text="The clocks agree.")
    return Finding(
        check="clock",
        state="problem",
        text=f"The clocks of this machine and the server are {apart:.0f} s apart.",
        advice="Let both machines set their clocks by NTP. Certificates, sign-ins and signed calls "
        "depend on the time.",
    )


def events(client: SecureTranscribeClient) -> Finding:
    """Check that the WebSocket opens."""
    live = client.open_live()
    try:
        event = live.next(NextEvent(open_seconds=5, lost_seconds=0))
    finally:
        live.close()
    if event is not None and event["data"] == "open":
        return Finding(check="events", state="ok", text="The WebSocket opens.")
    return Finding(
        check="events",
        state="warning",
        text="The WebSocket does not open.",
        advice="A proxy in between has to pass on the headers Upgrade and Connection for /api/ws.",
    )


def queue(client: SecureTranscribeClient) -> Finding:
    """Check that there is a worker for each stage, and a place in the queue."""
    queue = client.get_queue_status()
    text = (
        f"{queue['queued_jobs']} of at most {queue['queue_size']} jobs wait, "
        f"{queue['processing_jobs']} are processed."
    )
    missing = [name for name in _STAGES if not queue[f"{name}_workers"]]
    if missing:
        return Finding(
            check="queue",
            state="problem",
            text=f"{text} There is no live worker for: {', '.join(missing)}.",
            advice="Start the workers, and look at their logs. Models that are missing or damaged "
            "keep them from starting: securetranscribe models verify",
        )
    if queue["queued_jobs"] >= queue["queue_size"]:
        return Finding(
            check="queue",
            state="warning",
            text=text,
            advice="The queue is full. Wait, or start more workers.",
        )
    return Finding(check="queue", state="ok", text=text)


#: Checks of a server that was reached, by name.
CHECKS: Mapping[str, Callable[[SecureTranscribeClient], Finding]] = {
    "version": version,
    "readiness": ready,
    "clock": clock,
    "session": session,
    "events": events,
    "queue": queue,
}
