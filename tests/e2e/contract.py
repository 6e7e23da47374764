"""Contract of the documented JSON API, field by field, and a client that checks it."""

import functools
import re
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx2
import jsonschema
import pytest

from tests.e2e.stack import JOB_SECONDS, Stack

Check = Callable[[Any], bool]
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
CLOCK = re.compile(r"\d\d:\d\d:\d\d")


# Permitted values of fields. Documented fields are always present, and unknown values are null.


def integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def text(value: Any) -> bool:
    return isinstance(value, str)


def flag(value: Any) -> bool:
    return isinstance(value, bool)


def moment(value: Any) -> bool:
    if not isinstance(value, str) or not MOMENT.fullmatch(value):
        return False
    datetime.strptime(value, "%Y-%m-%dT%H:%M:%S%z")
    return True


def clock(value: Any) -> bool:
    return isinstance(value, str) and CLOCK.fullmatch(value) is not None


def either(*words: str) -> Check:
    return lambda value: value in words


def maybe(check: Check) -> Check:
    return lambda value: value is None or check(value)


def within(low: float, high: float) -> Check:
    return lambda value: number(value) and low <= value <= high


def shape(**fields: Check) -> Check:
    """Return a check for an object with at least these fields."""

    def check(value: Any) -> bool:
        assert isinstance(value, dict), value
        for name, expected in fields.items():
            assert name in value, f"{name} is missing in {sorted(value)}"
            assert expected(value[name]), f"{name} holds {value[name]!r}"
        return True

    return check


def many(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(check(one) for one in value)


def mapping(check: Check) -> Check:
    return lambda value: isinstance(value, dict) and all(check(one) for one in value.values())


def session_id(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"session_\w+", value) is not None


def job_id(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"job_\w+", value) is not None


TRANSCRIPTION_WORD = either("pending", "processing", "completed", "failed")
JOB_WORD = either("queued", "processing", "completed", "failed", "cancelled")
PERCENT = within(0, 100)

# In addition to the documented fields: stages of the work.
STAGES = many(
    shape(
        name=either("transcribe", "diarize", "merge"),
        status=either("waiting", "running", "done", "failed", "cancelled"),
        progress=PERCENT,
        reused=flag,
        error=maybe(shape(code=text, message=text)),
    )
)

# Also in addition: how channels are recognized, and languages by time.
CHANNELS = shape(
    requested=either("auto", "mix", "separate"),
    decided=maybe(either("mix", "separate")),
    reason=text,
    channels=many(shape(number=integer, title=maybe(text), description=text)),
)
CHANNEL = maybe(integer)
LANGUAGES = many(shape(start=number, end=number, language=text, probability=within(0, 1)))

UPLOAD = shape(
    transcription_id=integer,
    session_id=session_id,
    filename=text,
    file_size=integer,
    formatted_file_size=text,
    duration=number,
    formatted_duration=clock,
    format=text,
    language_detected=maybe(text),
    processing_started=flag,
    job_id=maybe(job_id),
    channels=CHANNELS,
    warnings=many(text),
)
START = shape(job_id=job_id, transcription_id=integer, status=JOB_WORD, message=text)
STATUS = shape(
    transcription_id=integer,
    session_id=session_id,
    status=TRANSCRIPTION_WORD,
    progress_percentage=PERCENT,
    current_step=text,
    created_at=moment,
    started_at=maybe(moment),
    completed_at=maybe(moment),
    processing_time=maybe(number),
    file_info=shape(filename=text, duration=number, formatted_duration=clock, format=text),
    full_transcript=maybe(text),
    language_detected=maybe(text),
    confidence_score=maybe(within(0, 1)),
    num_speakers=maybe(integer),
    speakers=many(text),
    segments=many(
        shape(
            speaker=text,
            text=text,
            start_time=number,
            end_time=number,
            confidence=within(0, 1),
            channel=CHANNEL,
        )
    ),
    speaker_stats=mapping(
        shape(
            segment_count=integer,
            total_duration=number,
            avg_confidence=within(0, 1),
            channel=CHANNEL,
        )
    ),
    stages=STAGES,
    channels=CHANNELS,
    languages=LANGUAGES,
)
LIST = shape(
    transcriptions=many(
        shape(
            id=integer,
            session_id=session_id,
            original_filename=text,
            status=TRANSCRIPTION_WORD,
            progress_percentage=PERCENT,
            file_duration=number,
            formatted_duration=clock,
            file_format=text,
            num_speakers=maybe(integer),
            confidence_score=maybe(within(0, 1)),
            created_at=moment,
            completed_at=maybe(moment),
        )
    ),
    total=integer,
    limit=integer,
    offset=integer,
)
SPEAKER = shape(
    id=integer,
    name=text,
    display_name=text,
    gender=maybe(text),
    age_range=maybe(text),
    language=maybe(text),
    accent=maybe(text),
    confidence_score=within(0, 1),
    confidence_level=either("very_low", "low", "medium", "high"),
    is_verified=flag,
    is_active=flag,
    sample_count=integer,
    has_voice_data=flag,
    created_at=moment,
    updated_at=moment,
    description=maybe(text),
)
PAGINATION = shape(
    page=integer, per_page=integer, total=integer, pages=integer, has_next=flag, has_prev=flag
)
SPEAKER_STATISTICS = shape(
    speaker_info=shape(id=integer, name=text, display_name=text),
    total_transcriptions=integer,
    total_audio_duration=number,
    average_confidence=within(0, 1),
    confidence_distribution=shape(high=integer, medium=integer, low=integer, very_low=integer),
    voice_data_quality=shape(
        has_voice_embedding=flag, has_mfcc_features=flag, sample_count=integer, is_reliable=flag
    ),
)
SESSION = shape(
    id=integer,
    session_id=session_id,
    user_identifier=maybe(text),
    created_at=moment,
    last_accessed=moment,
    expires_at=moment,
    is_active=flag,
    is_authenticated=flag,
    is_valid=flag,
    queue_position=integer,
    is_processing=flag,
    total_files_processed=integer,
    session_age=number,
    formatted_session_age=clock,
    processing_efficiency=number,
    average_confidence=within(0, 1),
)
QUEUE = shape(
    total_jobs=integer,
    queued_jobs=integer,
    processing_jobs=integer,
    completed_jobs=integer,
    active_jobs=integer,
    max_workers=integer,
    is_running=flag,
    user_queue_position=integer,
    estimated_wait_time=number,
    average_processing_time=number,
    success_rate=PERCENT,
)
JOB = shape(
    id=integer,
    job_id=job_id,
    transcription_id=integer,
    session_id=session_id,
    queue_position=integer,
    priority=within(1, 10),
    status=JOB_WORD,
    progress_percentage=PERCENT,
    current_step=text,
    created_at=moment,
    started_at=maybe(moment),
    completed_at=maybe(moment),
    file_info=shape(file_size=integer, file_duration=number, file_path=text),
    estimated_completion=maybe(moment),
    processing_time=maybe(number),
    stages=STAGES,
)
EVENTS: Mapping[str, Check] = {
    "job_progress": shape(
        job_id=job_id,
        transcription_id=integer,
        progress_percentage=PERCENT,
        current_step=text,
        estimated_completion=maybe(moment),
    ),
    "job_completed": shape(
        job_id=job_id,
        transcription_id=integer,
        status=either("completed"),
        completed_at=moment,
        results=shape(confidence_score=within(0, 1), num_speakers=integer, duration=number),
    ),
    "transcript_edited": shape(
        transcription_id=integer, revision=integer, kind=text, author=maybe(text)
    ),
    "queue_update": shape(
        queued_jobs=integer,
        processing_jobs=integer,
        user_position=integer,
        estimated_wait_time=number,
    ),
}


@dataclass(frozen=True, kw_only=True)
class Api:
    """REST client of one session. It checks the common parts of every response."""

    http: httpx2.Client

    def call(self, method: str, path: str, status: int = 200, **arguments: Any) -> Any:
        """Send a request, check the envelope and the rate limits, and return the envelope."""
        begun = time.time()
        answer = self.http.request(method, path, **arguments)
        assert answer.status_code == status, answer.text
        assert_limited(answer, begun)
        assert_documented(answer)
        body = answer.json()
        assert moment(body["timestamp"])
        if status < 400:
            assert body["success"] is True
            assert text(body["message"])
        else:
            assert body["success"] is False
            assert shape(code=text, message=text, details=lambda value: isinstance(value, dict))(
                body["error"]
            )
        return body

    def data(self, method: str, path: str, status: int = 200, **arguments: Any) -> Any:
        """Return the data of a successful request."""
        return self.call(method, path, status, **arguments)["data"]

    def refused(self, method: str, path: str, status: int, code: str, **arguments: Any) -> Any:
        """Return the details of a rejected request."""
        error = self.call(method, path, status, **arguments)["error"]
        assert error["code"] == code, error
        return error["details"]


def assert_limited(answer: httpx2.Response, begun: float) -> None:
    """Check that the rate limit headers belong to a window that had not ended at `begun`."""
    assert int(answer.headers["X-RateLimit-Limit"]) > 0
    assert int(answer.headers["X-RateLimit-Remaining"]) >= 0
    assert int(answer.headers["X-RateLimit-Reset"]) >= int(begun)


@functools.cache
def document(base_url: str) -> Any:
    return httpx2.get(f"{base_url}/openapi.json", timeout=60).json()


def assert_documented(answer: httpx2.Response) -> None:
    """Check a response against the OpenAPI document."""
    url, method = answer.request.url, answer.request.method.lower()
    described = document(f"{url.scheme}://{url.netloc.decode()}")
    path = url.path.replace("/api/v1/", "/api/", 1)
    found = [
        methods[method]
        for template, methods in described["paths"].items()
        if method in methods and re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path)
    ]
    if not found:
        assert answer.status_code in (404, 405), url
        return
    responses = found[0]["responses"]
    schema = responses[str(answer.status_code)]["content"]["application/json"]["schema"]
    jsonschema.validate(answer.json(), {**schema, "components": described["components"]})


def client(stack: Stack, token: str | None = None) -> httpx2.Client:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return httpx2.Client(
        base_url=f"{stack.base_url}/api", headers=headers, timeout=120, verify=stack.encrypted
    )


def upload(api: Api, content: bytes, name: str = "clip.wav", **fields: str) -> Any:
    return api.data(
        "POST", "/transcription/upload", 201, data=fields, files={"file": (name, content)}
    )


def wait(api: Api, transcription_id: int) -> Any:
    deadline = time.monotonic() + JOB_SECONDS
    while time.monotonic() < deadline:
        state = api.data("GET", f"/transcription/status/{transcription_id}")
        assert STATUS(state)
        if state["status"] in ("completed", "failed"):
            return state
        time.sleep(0.3)
    pytest.fail(f"transcription {transcription_id} did not end in time")


def unique(name: str) -> str:
    return f"{name} {uuid.uuid4().hex[:10]}"
