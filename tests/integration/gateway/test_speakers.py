"""Speaker endpoints."""

import asyncio
import uuid
from typing import Any

import httpx2
import pytest

from common import times
from common.limits import MAX_CLIP_BYTES
from common.postgres import Database
from gateway.uploads.body import UploadBody
from gateway.uploads.clip_upload import ClipUploads
from securetranscribe.v1 import speaker_pb2, transcription_pb2
from tests.integration.gateway.conftest import MakeGateway, Running
from tests.integration.gateway.peers import Peers
from tests.integration.gateway.sounds import BEGUN, BROKEN_AUDIO, NOT_AUDIO
from tests.integration.gateway.test_uploads import CONTENT_TYPE, SOUND, field, file, form, send

FIELDS = {
    "id", "name", "display_name", "gender", "age_range", "language", "accent", "confidence_score",
    "confidence_level", "is_verified", "is_active", "sample_count", "has_voice_data", "created_at",
    "updated_at", "description",
}  # fmt: skip


def unique() -> str:
    return f"John {uuid.uuid4().hex[:12]}"


async def create(client: httpx2.AsyncClient, **changes: Any) -> dict[str, Any]:
    body = {
        "name": unique(), "gender": "male", "age_range": "adult", "language": "en",
        "accent": "american", "description": "Regular meeting participant",
    }  # fmt: skip
    answer = await client.post("/api/speakers", json=body | changes)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]  # type: ignore[no-any-return]


async def test_create(client: httpx2.AsyncClient) -> None:
    name = unique()
    data = await create(client, name=f"  {name} ")
    assert data.keys() == FIELDS
    assert (data["name"], data["display_name"]) == (name, name)
    assert (data["confidence_score"], data["confidence_level"]) == (0.0, "very_low")
    assert (data["is_verified"], data["is_active"]) == (False, True)
    assert (data["sample_count"], data["has_voice_data"]) == (0, False)
    taken = await client.post("/api/speakers", json={"name": name.upper()})
    assert (taken.status_code, taken.json()["error"]["code"]) == (409, "CONFLICT")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"), ({"name": " "}, "name"), ({"name": "x" * 256}, "name"),
        ({"name": None}, "name"), ({"name": 3}, "name"), ({"name": "a\u0000"}, "name"),
        ({"gender": "x" * 33}, "gender"), ({"accent": "x" * 65}, "accent"),
        ({"language": "english"}, "language"), ({"description": "x" * 2001}, "description"),
    ],
)  # fmt: skip
async def test_invalid_profiles_name_the_field(
    client: httpx2.AsyncClient, changes: dict[str, Any], field: str
) -> None:
    answer = await client.post("/api/speakers", json={"name": unique()} | changes)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"]["field"] == field


async def test_a_name_is_required(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/api/speakers", json={"gender": "male"})
    assert answer.json()["error"]["details"]["field"] == "name"


async def test_pagination(client: httpx2.AsyncClient, database: Database) -> None:
    first = await create(client)
    answer = (await client.get("/api/speakers", params={"per_page": 1})).json()
    assert answer["pagination"].keys() == {
        "page", "per_page", "total", "pages", "has_next", "has_prev",
    }  # fmt: skip
    total = answer["pagination"]["total"]
    assert len(answer["data"]) == 1
    assert answer["data"][0].keys() == FIELDS
    last = (await client.get("/api/speakers", params={"per_page": 1, "page": total})).json()
    assert last["data"][0]["id"] == first["id"]
    assert (last["pagination"]["has_next"], last["pagination"]["page"]) == (False, total)


async def test_filters(client: httpx2.AsyncClient) -> None:
    gone, verified = await create(client), await create(client)
    await client.delete(f"/api/speakers/{gone['id']}")
    await client.put(f"/api/speakers/{verified['id']}", json={"is_verified": True})

    async def ids(**params: str) -> set[int]:
        answer = await client.get("/api/speakers", params={"per_page": 200, **params})
        return {speaker["id"] for speaker in answer.json()["data"]}

    assert gone["id"] not in await ids()
    assert gone["id"] in await ids(active_only="false")
    assert verified["id"] in await ids(verified_only="true")
    assert gone["id"] not in await ids(verified_only="true", active_only="false")


async def test_update(client: httpx2.AsyncClient) -> None:
    made = await create(client)
    name = f"{made['name']} Jr."
    answer = await client.put(
        f"/api/speakers/{made['id']}",
        json={"name": name, "is_verified": True, "description": "Updated", "gender": None},
    )
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert (data["name"], data["display_name"], data["is_verified"]) == (name, name, True)
    assert (data["description"], data["gender"], data["accent"]) == ("Updated", None, "american")
    other = await create(client)
    taken = await client.put(f"/api/speakers/{other['id']}", json={"name": name})
    assert taken.status_code == 409


async def test_statistics(client: httpx2.AsyncClient) -> None:
    made = await create(client)
    answer = await client.get(f"/api/speakers/{made['id']}/statistics")
    assert answer.json()["data"] == {
        "speaker_info": {
            "id": made["id"],
            "name": made["name"],
            "display_name": made["display_name"],
        },
        "total_transcriptions": 15,
        "total_audio_duration": 1800.5,
        "average_confidence": 0.92,
        "confidence_distribution": {"high": 10, "medium": 4, "low": 1, "very_low": 0},
        "voice_data_quality": {
            "has_voice_embedding": False,
            "has_mfcc_features": False,
            "sample_count": 0,
            "is_reliable": False,
        },
    }


async def test_search(client: httpx2.AsyncClient) -> None:
    made = await create(client)
    answer = await client.post(
        "/api/speakers/search", json={"query": made["name"].lower(), "active_only": True}
    )
    assert answer.status_code == 200
    assert [speaker["id"] for speaker in answer.json()["data"]] == [made["id"]]
    for body in ({}, {"query": ""}, {"query": "x" * 256}, {"query": "x", "active_only": "yes"}):
        assert (await client.post("/api/speakers/search", json=body)).status_code == 400


async def test_deactivate_and_delete(client: httpx2.AsyncClient) -> None:
    made = await create(client)
    path = f"/api/speakers/{made['id']}"
    assert (await client.delete(path)).json()["data"] == {
        "message": "Speaker deactivated successfully",
        "speaker_id": made["id"],
        "permanent": False,
    }
    twice = await client.delete(path)
    assert (twice.status_code, twice.json()["error"]["code"]) == (400, "SPEAKER_ERROR")
    gone = await client.delete(path, params={"permanent": "true"})
    assert gone.json()["data"]["message"] == "Speaker deleted successfully"
    assert (await client.get(f"{path}/statistics")).status_code == 404


async def enroll(client: httpx2.AsyncClient, speaker_id: int, *parts: bytes) -> httpx2.Response:
    return await client.post(
        f"/api/speakers/{speaker_id}/enroll",
        content=form(*(parts or (file(),))),
        headers=CONTENT_TYPE,
    )


async def enrolled(client: httpx2.AsyncClient, clips: int = 1) -> tuple[dict[str, Any], list[int]]:
    """Return a profile enrolled with clips, and the ids of its observations."""
    made = await create(client)
    answers = [(await enroll(client, made["id"])).json()["data"] for _ in range(clips)]
    return answers[-1]["speaker"], [answer["observation"]["id"] for answer in answers]


async def test_get(client: httpx2.AsyncClient) -> None:
    made = await create(client)
    assert (await client.get(f"/api/speakers/{made['id']}")).json()["data"] == made
    assert (await client.get("/api/speakers/999999999")).status_code == 404


async def test_enroll_with_a_clip(client: httpx2.AsyncClient, peers: Peers) -> None:
    made = await create(client)
    answer = await enroll(client, made["id"], file())
    assert answer.status_code == 201, answer.text
    data = answer.json()["data"]
    assert data["speaker"] == made | {"sample_count": 1, "has_voice_data": True}
    row = data["observation"]
    assert row.pop("id") > 0
    assert row == {
        "speaker_id": made["id"],
        "transcription_id": None,
        "speaker_label": None,
        "voice_seconds": 6.5,
        "decided_by": "enrollment",
        "model": "voices",
        "confidence_score": 1.0,
        "created_at": "2024-01-01T12:00:00Z",
    }
    assert peers.speakers.clips[made["id"]] == SOUND


@pytest.mark.parametrize(
    ("parts", "status", "code"),
    [
        ((field("file", "no file"),), 400, "VALIDATION_ERROR"),
        ((field("note", "alone"),), 400, "VALIDATION_ERROR"),
        ((file(), file()), 400, "VALIDATION_ERROR"),
        ((file(b""),), 400, "FILE_UPLOAD_ERROR"),
        ((file(NOT_AUDIO),), 400, "FILE_UPLOAD_ERROR"),
        ((file(BROKEN_AUDIO),), 400, "AUDIO_PROCESSING_ERROR"),
        ((file(bytes(MAX_CLIP_BYTES + 1)),), 413, "FILE_UPLOAD_ERROR"),
    ],
    ids=["field", "missing", "two", "empty", "text", "broken", "large"],
)
async def test_invalid_clips_are_rejected(
    client: httpx2.AsyncClient, parts: tuple[bytes, ...], status: int, code: str
) -> None:
    made = await create(client)
    answer = await enroll(client, made["id"], *parts)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert (await client.get(f"/api/speakers/{made['id']}")).json()["data"]["sample_count"] == 0


async def test_enrollment_requires_a_form_and_a_profile(client: httpx2.AsyncClient) -> None:
    made = await create(client)
    plain = await client.post(f"/api/speakers/{made['id']}/enroll", json={})
    assert plain.json()["error"]["details"]["field"] == "file"
    assert (await enroll(client, 999_999_999)).status_code == 404


async def test_enrollment_counts_as_an_upload(make_gateway: MakeGateway) -> None:
    async with make_gateway(rate_limit_upload="1/minute") as limited, limited.client() as client:
        made = await create(client)
        assert (await enroll(client, made["id"])).status_code == 201
        assert (await enroll(client, made["id"])).status_code == 429


async def test_concurrent_clip_uploads_are_limited(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clips are held in memory."""
    begun = asyncio.Semaphore(0)
    read = ClipUploads._read

    async def noted(uploads: ClipUploads, body: UploadBody) -> bytes:
        begun.release()
        return await read(uploads, body)

    monkeypatch.setattr(ClipUploads, "_read", noted)
    async with running.client() as client:
        made = await create(client)
        go_on = asyncio.Event()

        async def slow() -> Any:
            yield form(file())[:100]
            await go_on.wait()
            yield form(file())[100:]

        path = f"/api/speakers/{made['id']}/enroll"
        sending = [
            asyncio.create_task(client.post(path, content=slow(), headers=CONTENT_TYPE))
            for _ in range(4)
        ]
        for _ in sending:
            await begun.acquire()
        refused = await enroll(client, made["id"])
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "RESOURCE_EXHAUSTED")
        assert int(refused.headers["retry-after"]) > 0
        go_on.set()
        assert {answer.status_code for answer in await asyncio.gather(*sending)} == {201}
        assert (await enroll(client, made["id"])).status_code == 201


async def test_pagination_of_observations(client: httpx2.AsyncClient) -> None:
    speaker, rows = await enrolled(client, clips=3)
    path = f"/api/speakers/{speaker['id']}/observations"
    answer = (await client.get(path, params={"per_page": 2})).json()
    assert [row["id"] for row in answer["data"]] == [rows[2], rows[1]]
    assert (answer["pagination"]["total"], answer["pagination"]["has_next"]) == (3, True)
    last = (await client.get(path, params={"per_page": 2, "page": 2})).json()
    assert [row["id"] for row in last["data"]] == [rows[0]]
    assert (await client.get(path, params={"per_page": 201})).status_code == 400


async def test_delete_an_observation(client: httpx2.AsyncClient) -> None:
    speaker, rows = await enrolled(client, clips=2)
    path = f"/api/speakers/{speaker['id']}/observations/{rows[0]}"
    assert (await client.delete(path)).json()["data"]["sample_count"] == 1
    assert (await client.delete(path)).status_code == 404


async def test_merge(client: httpx2.AsyncClient) -> None:
    (kept, _), (source, _) = await enrolled(client), await enrolled(client, clips=2)
    path = f"/api/speakers/{kept['id']}/merge"
    answer = await client.post(path, json={"source_speaker_id": source["id"]})
    assert answer.status_code == 200
    assert answer.json()["data"] == kept | {"sample_count": 3}
    assert (await client.get(f"/api/speakers/{source['id']}")).status_code == 404
    itself = await client.post(path, json={"source_speaker_id": kept["id"]})
    assert (itself.status_code, itself.json()["error"]["code"]) == (400, "SPEAKER_ERROR")
    for body in ({}, {"source_speaker_id": "1"}, {"source_speaker_id": 0}):
        wrong = await client.post(path, json=body)
        assert wrong.json()["error"]["details"]["field"] == "source_speaker_id"


async def test_split(client: httpx2.AsyncClient) -> None:
    speaker, rows = await enrolled(client, clips=3)
    path, name = f"/api/speakers/{speaker['id']}/split", unique()
    answer = await client.post(path, json={"observation_ids": rows[:2], "name": name})
    data = answer.json()["data"]
    assert data["speaker"] == speaker | {"sample_count": 1}
    assert (data["target"]["name"], data["target"]["sample_count"]) == (name, 2)
    not_its_own = await client.post(path, json={"observation_ids": rows[:1], "name": unique()})
    assert not_its_own.json()["error"]["code"] == "SPEAKER_ERROR"
    for body, wrong in (
        ({"name": name}, "observation_ids"),
        ({"observation_ids": [], "name": name}, "observation_ids"),
        ({"observation_ids": rows, "name": " "}, "name"),
    ):
        refused = await client.post(path, json=body)
        assert refused.json()["error"]["details"]["field"] == wrong


async def test_trash(client: httpx2.AsyncClient, peers: Peers) -> None:
    speaker, _ = await enrolled(client)
    begun = times.timestamp(BEGUN)
    peers.speakers.trash[5] = speaker_pb2.TrashedSpeaker(
        trash_id=5,
        kind=speaker_pb2.TRASH_KIND_MERGE,
        speaker_id=speaker["id"],
        name="Diana",
        into_speaker_id=3,
        into_name="Diane",
        observation_count=2,
        trash_time=begun,
        keep_until_time=begun,
    )
    answer = (await client.get("/api/speakers/trash")).json()
    assert answer["pagination"]["total"] == 1
    [entry] = answer["data"]
    assert (entry["id"], entry["kind"], entry["into_name"]) == (5, "merge", "Diane")
    assert entry["trashed_at"] == entry["kept_until"] != ""
    restored = await client.post("/api/speakers/trash/5/restore")
    assert restored.json()["data"]["id"] == speaker["id"]
    assert (await client.post("/api/speakers/trash/5/restore")).status_code == 404
    assert (await client.post("/api/speakers/trash/0/restore")).status_code == 400


async def test_profile_clip(client: httpx2.AsyncClient) -> None:
    speaker, _ = await enrolled(client)
    answer = await client.get(f"/api/speakers/{speaker['id']}/clip")
    assert (answer.status_code, answer.content) == (200, SOUND[:64])
    assert answer.headers["content-type"] == "audio/flac"
    assert answer.headers["cache-control"] == "private, no-store"
    silent = await create(client)
    assert (await client.get(f"/api/speakers/{silent['id']}/clip")).status_code == 404


async def test_ranges_of_clips(client: httpx2.AsyncClient, peers: Peers) -> None:
    """Safari asks for two bytes first, and plays nothing without them."""
    speaker, _ = await enrolled(client)
    voice = f"/api/transcription/speakers/{await transcribed(client, peers)}/Speaker_1/clip"
    for path, sound in (
        (f"/api/speakers/{speaker['id']}/clip", SOUND[:64]),
        (voice, b"fLaC of one voice"),
    ):
        whole = await client.get(path)
        assert whole.headers["accept-ranges"] == "bytes"
        first = await client.get(path, headers={"Range": "bytes=0-1"})
        assert (first.status_code, first.content) == (206, sound[:2])
        assert first.headers["content-range"] == f"bytes 0-1/{len(sound)}"
        assert first.headers["content-type"] == "audio/flac"
        assert first.headers["cache-control"] == "private, no-store"
        tag = {"If-Range": whole.headers["etag"]}
        rest = await client.get(path, headers={"Range": "bytes=2-", **tag})
        assert first.content + rest.content == sound
        end = await client.get(path, headers={"Range": "bytes=-3"})
        assert (end.status_code, end.content) == (206, sound[-3:])
        for ignored in ({"Range": "bytes=0-1,4-5"}, {"Range": "bytes=0-1", "If-Range": '"old"'}):
            answer = await client.get(path, headers=ignored)
            assert (answer.status_code, answer.content) == (200, sound)
        told = await client.head(path, headers={"Range": "bytes=0-1"})
        assert (told.status_code, told.headers["content-length"]) == (206, "2")
        beyond = await client.get(path, headers={"Range": f"bytes={len(sound)}-"})
        assert (beyond.status_code, beyond.json()["error"]["code"]) == (
            416,
            "RANGE_NOT_SATISFIABLE",
        )
        assert beyond.headers["content-range"] == f"bytes */{len(sound)}"


async def transcribed(client: httpx2.AsyncClient, peers: Peers) -> int:
    """Complete a transcription with one recognized voice and one named by a person."""
    number: int = (await send(client, file())).json()["data"]["transcription_id"]
    peers.transcriber.complete(number)
    first, second = peers.transcriber.transcriptions[number].speakers
    first.name, first.speaker_id, first.match_confidence = "Ada", 7, 0.75
    first.name_source = transcription_pb2.SPEAKER_NAME_SOURCE_SUGGESTED
    second.name, second.speaker_id, second.match_confidence = "Bob", 8, 1.0
    second.name_source = transcription_pb2.SPEAKER_NAME_SOURCE_CONFIRMED
    return number


async def test_voices_and_the_source_of_their_names(
    client: httpx2.AsyncClient, peers: Peers
) -> None:
    answer = await client.get(f"/api/transcription/speakers/{await transcribed(client, peers)}")
    assert answer.status_code == 200
    ada, bob = answer.json()["data"]
    assert ada == {
        "speaker_label": "Speaker_1",
        "name": "Ada",
        "name_source": "suggested",
        "speaker_id": 7,
        "confidence_score": 0.75,
        "confidence_level": "medium",
        "segment_count": 5,
        "total_duration": 60.2,
        "voice_seconds": 0.0,
        "channel": 1,
    }
    assert (bob["name_source"], bob["confidence_level"]) == ("confirmed", "high")


async def test_a_name_from_a_track_has_no_probability(
    client: httpx2.AsyncClient, peers: Peers
) -> None:
    number = await transcribed(client, peers)
    first = peers.transcriber.transcriptions[number].speakers[0]
    first.name, first.speaker_id, first.match_confidence = "Microphone", 0, 0.0
    first.name_source = transcription_pb2.SPEAKER_NAME_SOURCE_SUGGESTED
    answer = await client.get(f"/api/transcription/speakers/{number}")
    voice = answer.json()["data"][0]
    assert (voice["name"], voice["name_source"]) == ("Microphone", "suggested")
    assert (voice["confidence_score"], voice["confidence_level"]) == (None, None)


async def test_an_unknown_voice(client: httpx2.AsyncClient, peers: Peers) -> None:
    number = await transcribed(client, peers)
    first = peers.transcriber.transcriptions[number].speakers[0]
    first.name, first.speaker_id, first.match_confidence = "Speaker_1", 0, 0.0
    first.name_source = transcription_pb2.SPEAKER_NAME_SOURCE_NONE
    answer = await client.get(f"/api/transcription/speakers/{number}")
    voice = answer.json()["data"][0]
    assert (voice["name"], voice["name_source"]) == ("Speaker_1", "none")
    assert [voice[key] for key in ("speaker_id", "confidence_score", "confidence_level")] == [
        None,
        None,
        None,
    ]


async def test_clips_of_a_transcription_belong_to_its_session(
    client: httpx2.AsyncClient, running: Running, peers: Peers
) -> None:
    number = await transcribed(client, peers)
    path = f"/api/transcription/speakers/{number}"
    answer = await client.get(f"{path}/Speaker_1/clip")
    assert (answer.status_code, answer.content) == (200, b"fLaC of one voice")
    assert answer.headers["content-type"] == "audio/flac"
    assert answer.headers["cache-control"] == "private, no-store"
    assert (await client.get(f"{path}/Speaker_9/clip")).status_code == 404
    async with running.client() as other:
        for hidden in (path, f"{path}/Speaker_1/clip"):
            assert (await other.get(hidden)).status_code == 404
