"""Links to transcriptions: opening, limits, uses and revocation."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from typing import Any

import grpc.aio
import pytest
from google.protobuf.duration_pb2 import Duration

from common.addresses import use_address
from common.client_signing import interceptors
from common.errors import (
    AuthorizationError,
    NotFoundError,
    ResourceExhaustedError,
    ValidationError,
)
from common.grpc_client import unwrap
from common.postgres import Database
from common.signing import CallSigner, acting_for
from common.times import duration, moment
from securetranscribe.v1 import sharing_pb2, sharing_pb2_grpc
from tests.integration.transcriber.conftest import SECRET, Api, ApiFactory
from tests.integration.transcriber.sharing.sharing import VIEWER, Person
from tests.integration.transcriber.sharing.test_shares import (
    CHANGES,
    OWNERS,
    READS,
    SOUND,
    outcome,
    owned,
)
from transcriber.store.links import Links

_EXPIRE = "UPDATE links SET expires_at = now() - interval '1 second'"
_STORED = "SELECT row_to_json(links)::text AS text FROM links"
PASSWORD = "correct horse"


class Gateway:
    """Opens links as the gateway does, for clients of several addresses."""

    def __init__(self, api: Api, channel: grpc.aio.Channel) -> None:
        self._api = api
        self._stub: Any = sharing_pb2_grpc.SharingServiceStub(channel)

    async def open(self, token: str, password: str = "", address: str = "192.0.2.1") -> Any:
        """Open a link from an address."""
        use_address(address)
        request = sharing_pb2.CheckLinkRequest(token=token, password=password)
        return await unwrap(self._stub.CheckLink(request, metadata=acting_for()))

    async def visitor(self, token: str, password: str = "") -> Person:
        """Return somebody who has opened a link."""
        opened = await self.open(token, password)
        return Person(self._api, f"visitor;link={opened.link_id}")


@pytest.fixture
async def gateway(api: Api) -> AsyncIterator[Gateway]:
    signing = interceptors(CallSigner(SECRET, "gateway"), "transcriber")
    async with grpc.aio.insecure_channel(api.address, interceptors=signing) as channel:
        yield Gateway(api, channel)


@pytest.fixture
def owner(api: Api) -> Person:
    return Person(api, "lo@alpha;user=olga;role=editor")


async def linked(owner: Person, number: int, **fields: Any) -> tuple[sharing_pb2.Link, str]:
    """Create a link to a transcription. Return it with its token."""
    answer = await owner.call("CreateLink", transcription_id=number, **fields)
    return answer.link, answer.token


async def uses(owner: Person, link: sharing_pb2.Link) -> list[sharing_pb2.LinkUse]:
    """Return the uses of a link, latest first."""
    answer = await owner.call(
        "ListLinkUses", transcription_id=link.transcription_id, link_id=link.link_id
    )
    return list(answer.uses)


async def test_visitors_read_and_export_one_transcription(
    gateway: Gateway, owner: Person, database: Database
) -> None:
    number, other = await owned(database), await owned(database)
    link, token = await linked(owner, number, name=" For the printer ")
    assert (link.name, link.state, link.password_required) == (
        "For the printer", sharing_pb2.LINK_STATE_OPEN, False,
    )  # fmt: skip
    lifetime = moment(link.expire_time) - moment(link.create_time)
    assert lifetime == dt.timedelta(days=7)
    assert len(token) == 43
    visitor = await gateway.visitor(token)
    for method, fields in READS:
        assert await outcome(visitor, number, method, fields) == "", method
    for method, fields in (*CHANGES, *OWNERS):
        assert await outcome(visitor, number, method, fields) == "AUTHORIZATION_ERROR", method
    for method, fields in (*READS, *SOUND, *CHANGES):
        assert await outcome(visitor, other, method, fields) == "NOT_FOUND", method
    for method, fields in OWNERS:
        assert await outcome(visitor, other, method, fields) == "AUTHORIZATION_ERROR", method
    [shown] = await visitor.shared()
    assert (shown.transcription.transcription_id, shown.role) == (number, VIEWER)
    assert shown.expire_time == link.expire_time
    for method in ("ListTranscriptions", "ListTags", "ListTrash", "ListTerms"):
        with pytest.raises(AuthorizationError):
            await visitor.call(method)
    [listed] = (await owner.call("ListLinks", transcription_id=number)).links
    assert (listed.link_id, listed.use_count) == (link.link_id, 1)
    [use] = await uses(owner, link)
    assert (use.address, use.outcome) == ("192.0.2.1", sharing_pb2.LINK_USE_OUTCOME_OPENED)


async def test_neither_token_nor_password_is_stored(owner: Person, database: Database) -> None:
    number = await owned(database)
    _, token = await linked(owner, number, password=PASSWORD)
    row = await database.fetch_one(_STORED)
    assert row is not None
    assert token not in row["text"]
    assert PASSWORD not in row["text"]
    assert "$argon2id$" in row["text"]


async def test_links_without_sound(gateway: Gateway, owner: Person, database: Database) -> None:
    number = await owned(database)
    _, token = await linked(owner, number, without_audio=True)
    visitor = await gateway.visitor(token)
    for method, fields in SOUND:
        with pytest.raises(AuthorizationError, match="no access to the sound"):
            await visitor.call(method, transcription_id=number, **fields)
    assert await outcome(visitor, number, "ReadTranscript", {}) == ""
    assert (await visitor.shared())[0].without_audio


async def test_passwords(gateway: Gateway, owner: Person, database: Database) -> None:
    number = await owned(database)
    link, token = await linked(owner, number, password=PASSWORD)
    assert link.password_required
    with pytest.raises(AuthorizationError) as missing:
        await gateway.open(token)
    assert missing.value.details["reason"] == "PASSWORD_REQUIRED"
    with pytest.raises(AuthorizationError) as wrong:
        await gateway.open(token, "wrong horse")
    assert wrong.value.details["reason"] == "WRONG_PASSWORD"
    assert (await gateway.open(token, PASSWORD)).transcription_id == number
    assert [use.outcome for use in await uses(owner, link)] == [
        sharing_pb2.LINK_USE_OUTCOME_OPENED, sharing_pb2.LINK_USE_OUTCOME_WRONG_PASSWORD,
    ]  # fmt: skip


async def test_guesses_of_passwords_are_limited_per_link(
    gateway: Gateway, owner: Person, database: Database
) -> None:
    number = await owned(database)
    link, token = await linked(owner, number, password=PASSWORD)
    _, other = await linked(owner, number)

    async def guess(count: int) -> type[BaseException] | None:
        try:
            await gateway.open(token, f"guess {count}", f"192.0.2.{count}")
        except (AuthorizationError, ResourceExhaustedError) as error:
            return type(error)
        return None

    outcomes = await asyncio.gather(*(guess(count) for count in range(16)))
    assert outcomes.count(AuthorizationError) <= 10
    assert outcomes.count(ResourceExhaustedError) >= 6
    with pytest.raises(ResourceExhaustedError) as refused:
        await gateway.open(token, PASSWORD, "192.0.2.200")
    assert refused.value.retry_after_seconds == 900
    await gateway.open(other)
    assert (await uses(owner, link))[0].outcome == sharing_pb2.LINK_USE_OUTCOME_TOO_MANY


async def test_guesses_of_tokens_are_limited_per_network(
    gateway: Gateway, owner: Person, database: Database
) -> None:
    number = await owned(database)
    _, token = await linked(owner, number)
    for count in range(30):
        with pytest.raises(NotFoundError, match="no such link"):
            await gateway.open(f"guess {count}", address=f"2001:db8:1:1::{count:x}")
    with pytest.raises(ResourceExhaustedError):
        await gateway.open(token, address="2001:db8:1:1::ffff")
    await gateway.open(token, address="2001:db8:1:2::1")


async def test_visitors_at_the_same_time_leave_no_failures(database: Database) -> None:
    async with database.transaction() as connection:
        for _ in range(2):
            await Links(connection).failed("192.0.2.0/24", None)
    async with asyncio.timeout(60), database.transaction() as first:
        await Links(first).succeeded("192.0.2.0/24", None)
        async with database.transaction() as second:
            await Links(second).succeeded("192.0.2.0/24", None)
    assert await database.fetch_all("SELECT * FROM link_failures") == []


async def test_revoked_links_end_at_once(
    gateway: Gateway, owner: Person, database: Database
) -> None:
    number = await owned(database)
    link, token = await linked(owner, number)
    visitor = await gateway.visitor(token)

    async def watch() -> None:
        async for _ in visitor.stream("WatchTranscription", transcription_id=number):
            pass

    watching = asyncio.create_task(watch())
    await owner.call("RevokeLink", transcription_id=number, link_id=link.link_id)
    assert await outcome(visitor, number, "ReadTranscript", {}) == "NOT_FOUND"
    with pytest.raises(NotFoundError):
        async with asyncio.timeout(30):
            await watching
    with pytest.raises(NotFoundError):
        await gateway.open(token)
    late, opened = await uses(owner, link)
    assert late.outcome == sharing_pb2.LINK_USE_OUTCOME_TOO_LATE
    assert opened.outcome == sharing_pb2.LINK_USE_OUTCOME_REVOKED
    [listed] = (await owner.call("ListLinks", transcription_id=number)).links
    assert listed.state == sharing_pb2.LINK_STATE_REVOKED
    assert listed.revoke_time == opened.end_time


async def test_links_expire(gateway: Gateway, owner: Person, database: Database) -> None:
    number = await owned(database)
    link, token = await linked(owner, number, lifetime=duration(3600))
    opened = await gateway.open(token)
    assert opened.expire_time == link.expire_time
    visitor = await gateway.visitor(token)
    await database.execute(_EXPIRE)
    assert await outcome(visitor, number, "ReadTranscript", {}) == "NOT_FOUND"
    with pytest.raises(NotFoundError):
        await gateway.open(token)
    assert (await uses(owner, link))[1].outcome == sharing_pb2.LINK_USE_OUTCOME_EXPIRED


async def test_trashed_transcriptions_are_not_opened(
    gateway: Gateway, owner: Person, database: Database
) -> None:
    number = await owned(database)
    _, token = await linked(owner, number)
    assert await outcome(owner, number, "ListLinks", {}) == ""
    await owner.call("TrashTranscription", transcription_id=number)
    with pytest.raises(NotFoundError):
        await gateway.open(token)
    assert await outcome(owner, number, "ListLinks", {}) == "NOT_FOUND"
    await owner.call("RestoreTranscription", transcription_id=number)
    assert await outcome(owner, number, "ListLinks", {}) == ""
    await gateway.open(token)


async def test_invalid_links(owner: Person, database: Database, apis: ApiFactory) -> None:
    number = await owned(database)
    for fields, field in (
        ({"lifetime": duration(0)}, "lifetime"),
        ({"lifetime": duration(5)}, "lifetime"),
        ({"lifetime": duration(400 * 86_400)}, "lifetime"),
        ({"lifetime": Duration(seconds=2**63 - 1)}, "lifetime"),
        ({"password": "short"}, "password"),
        ({"name": "x" * 101}, "name"),
    ):
        with pytest.raises(ValidationError) as refused:
            await owner.call("CreateLink", transcription_id=number, **fields)
        assert refused.value.details["field"] == field
    async with apis.run(links_may_last=True) as lasting:
        permitted = Person(lasting, "lp@alpha;user=olga;role=editor")
        link, _ = await linked(permitted, number, lifetime=duration(0))
        assert not link.HasField("expire_time")


async def test_only_the_gateway_checks_links(owner: Person) -> None:
    for method in ("CheckLink", "ForgetGrantee"):
        with pytest.raises(AuthorizationError, match="Only services"):
            await owner.call(method)
