"""Groups of requests."""

import pytest

from common.rate_limits import Group
from gateway.web.rate_limits import group_of


@pytest.mark.parametrize(
    ("method", "path", "group"),
    [
        ("POST", "/transcription/upload", Group.UPLOAD),
        ("POST", "/transcription/export/1", Group.EXPORT),
        ("GET", "/transcription/export/1", Group.EXPORT),
        ("HEAD", "/transcription/export/1", Group.EXPORT),
        ("GET", "/transcription/1/summary", Group.EXPORT),
        ("POST", "/transcription/start/1", Group.PROCESSING),
        ("POST", "/transcription/speakers/assign/1", Group.PROCESSING),
        ("DELETE", "/transcription/1", Group.PROCESSING),
        ("GET", "/transcription/status/1", Group.STATUS),
        ("HEAD", "/transcription/status/1", Group.STATUS),
        ("GET", "/transcription/list", Group.STATUS),
        ("GET", "/speakers", Group.STATUS),
        ("POST", "/speakers", Group.PROCESSING),
        ("POST", "/speakers/search", Group.STATUS),
        ("POST", "/speakers/1/enroll", Group.UPLOAD),
        ("POST", "/speakers/1/merge", Group.EDIT),
        ("POST", "/speakers/1/split", Group.EDIT),
        ("DELETE", "/speakers/1/observations/2", Group.EDIT),
        ("GET", "/speakers/1/observations", Group.STATUS),
        ("GET", "/speakers/1/clip", Group.MEDIA),
        ("HEAD", "/transcription/speakers/1/Speaker_1/clip", Group.MEDIA),
        ("GET", "/transcription/1/playback", Group.MEDIA),
        ("HEAD", "/transcription/1/playback", Group.MEDIA),
        ("GET", "/transcription/1/peaks", Group.MEDIA),
        ("PUT", "/speakers/1", Group.PROCESSING),
        ("PUT", "/transcription/1", Group.EDIT),
        ("POST", "/transcription/1/trash", Group.EDIT),
        ("POST", "/transcription/1/title/suggest", Group.EDIT),
        ("POST", "/transcriptions/bulk", Group.EDIT),
        ("DELETE", "/folders/1", Group.EDIT),
        ("POST", "/tags", Group.EDIT),
        ("GET", "/trash", Group.MEDIA),
        ("DELETE", "/speakers/1", Group.PROCESSING),
        ("GET", "/sessions/current", Group.STATUS),
        ("PUT", "/sessions/current", Group.PROCESSING),
        ("DELETE", "/sessions/current", Group.PROCESSING),
        ("POST", "/sessions/extend", Group.PROCESSING),
        ("POST", "/sessions/create", Group.SESSION),
        ("GET", "/queue/status", Group.STATUS),
        ("GET", "/admin/system", Group.MEDIA),
        ("POST", "/admin/set-aside/retry", Group.PROCESSING),
        ("DELETE", "/queue/jobs/job_1", Group.PROCESSING),
        ("POST", "/uploads", Group.UPLOAD),
        ("PATCH", "/uploads/abc", Group.CHUNK),
        ("HEAD", "/uploads/abc", Group.MEDIA),
        ("GET", "/uploads", Group.MEDIA),
        ("GET", "/search", Group.MEDIA),
        ("GET", "/tags", Group.MEDIA),
        ("GET", "/vocabulary/terms", Group.MEDIA),
        ("GET", "/transcription/1/revisions", Group.MEDIA),
        ("GET", "/transcription/speakers/1", Group.MEDIA),
        ("DELETE", "/uploads/abc", Group.PROCESSING),
        ("GET", "/no/such/thing", Group.STATUS),
    ],
)
def test_group_of_a_request(method: str, path: str, group: Group) -> None:
    assert group_of(method, path) is group
