"""Rendered statuses are kept for a minute, up to a number of bytes."""

import datetime as dt
from collections.abc import Sequence
from typing import cast

import pytest

from common.errors import NotFoundError
from gateway.api.status_reads import Rendered, RenderedStatuses, StatusReader, _told
from gateway.backends import Backends
from gateway.sessions.session import Preferences, Session
from securetranscribe.v1 import transcription_pb2
from tests.unit.gateway.fakes import NOON


def rendered(size: int) -> Rendered:
    return Rendered(version="1", tag='W/"1"', data=b"x" * size)


def key(number: int) -> tuple[str, int, bool, None]:
    return ("workspace", number, True, None)


def test_oldest_makes_room() -> None:
    known = RenderedStatuses(most_bytes=10)
    for number in (1, 2, 3):
        known.keep(key(number), rendered(4))

    assert [known.get(key(number)) is not None for number in (1, 2, 3)] == [False, True, True]


def test_replaced_one_takes_its_room_once() -> None:
    known = RenderedStatuses(most_bytes=10)
    for _ in range(5):
        known.keep(key(1), rendered(4))
    known.keep(key(2), rendered(6))

    assert known.get(key(1)) == rendered(4)


def test_one_over_the_limit_is_not_kept() -> None:
    known = RenderedStatuses(most_bytes=10)
    known.keep(key(1), rendered(11))
    known.keep(key(2), rendered(10))

    assert known.get(key(1)) is None
    assert known.get(key(2)) is not None


def test_nothing_is_kept_for_longer_than_a_minute() -> None:
    now = 0.0
    known = RenderedStatuses(clock=lambda: now)
    known.keep(key(1), rendered(4))
    now = 59.0
    assert known.get(key(1)) is not None
    now = 60.0
    assert known.get(key(1)) is None
    known.keep(key(2), rendered(4))
    assert key(1) not in known._known


def test_reads_of_others_drop_old_ones() -> None:
    now = 0.0
    known = RenderedStatuses(clock=lambda: now)
    known.keep(key(1), rendered(4))
    now = 30.0
    known.keep(key(2), rendered(4))
    now = 60.0
    assert known.get(key(2)) is not None
    assert list(known._known) == [key(2)]


def test_forgotten_one_is_gone() -> None:
    known = RenderedStatuses()
    known.keep(key(1), rendered(4))
    known.forget(key(1))
    known.forget(key(1))
    assert known.get(key(1)) is None


def session(workspace_id: str) -> Session:
    return Session(
        id=1,
        session_id=workspace_id,
        workspace_id=workspace_id,
        token_sha256="00",
        user_identifier="",
        authenticated=False,
        preferences=Preferences(),
        created_at=NOON,
        last_accessed_at=NOON,
        expires_at=NOON + dt.timedelta(hours=1),
    )


class FakeBackends:
    """Fake of gateway.backends.Backends with transcriptions until they are deleted."""

    def __init__(self) -> None:
        self.deleted: set[tuple[str, int]] = set()

    async def status_versions(self, wanted: Sequence[tuple[int, str]]) -> list[str]:
        return ["" for _ in wanted]

    async def transcription(
        self, request: transcription_pb2.GetTranscriptionRequest, owner: Session
    ) -> transcription_pb2.GetTranscriptionResponse:
        if (owner.workspace_id, request.transcription_id) in self.deleted:
            raise NotFoundError("There is no such transcription.")
        found = transcription_pb2.Transcription(
            transcription_id=request.transcription_id,
            status=transcription_pb2.TRANSCRIPTION_STATUS_COMPLETED,
        )
        return transcription_pb2.GetTranscriptionResponse(transcription=found, version="1")


async def test_nothing_is_kept_of_a_deleted_transcription() -> None:
    backends, kept_until = FakeBackends(), NOON
    reader = StatusReader(cast(Backends, backends), lambda _session: kept_until, release="1")
    own, other = session("own"), session("other")
    for caller, number in ((own, 1), (own, 2), (other, 1)):
        for transcript in (False, True):
            await reader.read(number, caller, transcript=transcript)
    kept_until = NOON + dt.timedelta(minutes=1)

    backends.deleted.add(("own", 1))
    with pytest.raises(NotFoundError):
        await reader.read(1, own, transcript=True)

    left = [one[:3] for one in reader._rendered._known]
    assert left == [("own", 2, False), ("own", 2, True), ("other", 1, False), ("other", 1, True)]


@pytest.mark.parametrize(
    ("kept_for", "told"),
    [
        (dt.timedelta(days=30, minutes=7, seconds=7), dt.timedelta(days=30)),
        (dt.timedelta(hours=1, seconds=7), dt.timedelta(hours=1, seconds=7)),
    ],
)
def test_moment_days_away_is_told_to_the_hour(kept_for: dt.timedelta, told: dt.timedelta) -> None:
    assert _told(NOON + kept_for, NOON) == NOON + told
    assert _told(None, NOON) is None
