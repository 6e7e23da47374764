"""Rate limit groups of REST requests."""

import re

from common.rate_limits import Group

RESUME_PATH = "/sessions/resume"
CREATE_PATH = "/sessions/create"
SIGN_IN_PATH = "/auth/sign-in"
#: Where people prove who they are. Every request counts as a new session of its address.
OPEN_LINK_PATH = "/shared/open"
ENTRY_PATHS = (SIGN_IN_PATH, "/auth/setup", "/auth/reset", OPEN_LINK_PATH)
ARCHIVE_PATH = "/sessions/current/archive"
_UPLOADS = ("/transcription/upload", "/uploads", "/captures", "/imports")
_ENROLLMENT = re.compile(r"/speakers/[^/]+/enroll")
_CLIPS = re.compile(r"/speakers/[^/]+/clip|/transcription/speakers/[^/]+/[^/]+/clip")
_EDITS = re.compile(
    r"/speakers/[^/]+/(merge|split|observations/[^/]+)|/speakers/trash/[^/]+/restore"
    r"|/transcription/[^/]+/(edits|undo|redo|revisions/[^/]+/restore)"
    r"|/transcripts/replace(/[^/]+/undo)?|/transcriptions/[^/]+/(shares|links)(/[^/]+)?"
    r"|/transcription/[^/]+/(trash|restore|title/suggest)|/transcriptions/bulk"
    r"|/(tags|folders)(/[^/]+)?"
)
_EXPORTS = re.compile(
    rf"{ARCHIVE_PATH}|/transcription/export/.*|/transcription/[^/]+/summary|/audit/export"
)
_PROPERTIES = re.compile(r"/transcription/[^/]+")
#: What pages of the web interface read besides the documented statuses and lists.
_PAGES = re.compile(
    r"/transcription/[^/]+/(transcript|playback|peaks|revisions(/compare)?|conflicts)"
    r"|/transcription/speakers/[^/]+|/admin/[^/]+"
    r"|/(search|trash|tags|folders|uploads|captures)(/[^/]+)?|/vocabulary/[^/]+|/audit"
    r"|/auth/(me|providers|sessions)|/users|/tokens|/workspaces(/[^/]+/(members|settings))?"
)
_PIECES = re.compile(r"/uploads/[^/]+")
_CHUNKS = re.compile(r"/captures/[^/]+/chunks/[^/]+")
#: A provider may end the sessions of many people at once, all from its address.
_LOGOUTS = re.compile(r"/auth/oidc/[^/]+/logout")
_READS = ("GET", "HEAD", "OPTIONS")
_READS_BY_POST = ("/speakers/search",)


def group_of(method: str, path: str) -> Group:
    """Return the group of a request. `path` is relative to `/api` or `/api/v1`."""
    if path in (CREATE_PATH, RESUME_PATH) or path in ENTRY_PATHS:
        return Group.SESSION
    if method == "POST" and (path in _UPLOADS or _ENROLLMENT.fullmatch(path)):
        return Group.UPLOAD
    if method in ("GET", "HEAD", "POST") and _EXPORTS.fullmatch(path):
        return Group.EXPORT
    if method in _READS and (_CLIPS.fullmatch(path) or _PAGES.fullmatch(path)):
        return Group.MEDIA
    if method in _READS or path in _READS_BY_POST:
        return Group.STATUS
    return _group_of_write(method, path)


def _group_of_write(method: str, path: str) -> Group:
    if (method == "PATCH" and _PIECES.fullmatch(path)) or (
        method == "PUT" and _CHUNKS.fullmatch(path)
    ):
        return Group.CHUNK
    if _LOGOUTS.fullmatch(path):
        return Group.MEDIA
    edits = _EDITS.fullmatch(path) or (method == "PUT" and _PROPERTIES.fullmatch(path))
    return Group.EDIT if edits else Group.PROCESSING
