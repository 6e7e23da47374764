"""Filtered and ordered pages of a workspace's transcriptions, within one transaction."""

from dataclasses import dataclass

from common.postgres import Connection, fetch_all
from transcriber.domain.library import Filter, Sort

# The keys are equal for all orders by id, so that the id decides.
_PAGE = """
WITH matching AS (
    SELECT id,
           CASE %(key)s WHEN 'duration' THEN duration ELSE 0 END AS number,
           CASE %(key)s WHEN 'title' THEN lower(coalesce(nullif(title, ''), filename)) ELSE '' END
               AS text
    FROM transcriptions t
    WHERE workspace_id = %(workspace_id)s AND (trashed_at IS NOT NULL) = %(trashed)s
      AND (%(status)s::text IS NULL OR status = %(status)s)
      AND (%(favorite)s::boolean IS NULL OR favorite = %(favorite)s)
      AND (%(folder_id)s::bigint IS NULL OR coalesce(folder_id, 0) = %(folder_id)s)
      AND (%(created_from)s::timestamptz IS NULL OR created_at >= %(created_from)s)
      AND (%(created_to)s::timestamptz IS NULL OR created_at < %(created_to)s)
      AND (%(min_duration)s::double precision IS NULL OR duration >= %(min_duration)s)
      AND (%(max_duration)s::double precision IS NULL OR duration <= %(max_duration)s)
      AND (%(language)s = '' OR language_detected = %(language)s
           OR jsonb_path_exists(languages, '$[*][2] ? (@ == $code)',
                                jsonb_build_object('code', %(language)s::text)))
      AND (%(speaker)s = ''
           OR EXISTS (SELECT FROM transcript_speakers s
                      WHERE s.transcription_id = t.id AND s.merged_into = ''
                        AND lower(%(speaker)s)
                            IN (lower(s.name), lower(s.label))))
      AND (cardinality(%(tag_ids)s::bigint[]) = 0
           OR cardinality(%(tag_ids)s::bigint[])
              = (SELECT count(*) FROM transcription_tags own
                 WHERE own.transcription_id = t.id AND own.tag_id = ANY(%(tag_ids)s::bigint[])))
), page AS (
    SELECT id, number, text FROM matching
    WHERE NOT %(continued)s
       OR CASE WHEN %(descending)s
               THEN (number, text, id) < (%(number)s::double precision, %(text)s, %(id)s::bigint)
               ELSE (number, text, id) > (%(number)s::double precision, %(text)s, %(id)s::bigint)
          END
    ORDER BY CASE WHEN NOT %(descending)s THEN number END,
             CASE WHEN NOT %(descending)s THEN text END,
             CASE WHEN NOT %(descending)s THEN id END, number DESC, text DESC, id DESC
    LIMIT %(limit)s OFFSET %(offset)s
), placed AS (SELECT *, row_number() OVER () AS place FROM page)
SELECT id, number, text, total
FROM (SELECT count(*) AS total FROM matching) AS counted LEFT JOIN placed ON true
ORDER BY place
"""

# The usual page: the newest ones, all of which match. An index has them in this order, and counts
# them without the rows.
_NEWEST = """
WITH page AS (
    SELECT id FROM transcriptions
    WHERE workspace_id = %(workspace_id)s AND trashed_at IS NULL
      AND (NOT %(continued)s OR id < %(id)s::bigint)
    ORDER BY id DESC LIMIT %(limit)s OFFSET %(offset)s
)
SELECT id, 0::double precision AS number, '' AS text, total
FROM (SELECT count(*) AS total FROM transcriptions
      WHERE workspace_id = %(workspace_id)s AND trashed_at IS NULL) AS counted
     LEFT JOIN page ON true
ORDER BY id DESC
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Keys of the last transcription of a page, behind which the next one begins."""

    number: float = 0.0
    text: str = ""
    id: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedPage:
    """Transcriptions of a page, the number of all that match, and the end of the page.

    `end` is None if nothing follows.
    """

    ids: list[int]
    total: int
    end: Place | None


class Listing:
    """Pages of the transcriptions of one workspace."""

    def __init__(self, connection: Connection, workspace_id: str) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    async def page(
        self,
        wanted: Filter,
        *,
        sort: Sort = Sort.NEWEST,
        limit: int,
        offset: int = 0,
        after: Place | None = None,
    ) -> ListedPage:
        """Return the transcriptions that match a filter, those behind `after` in order."""
        place = after or Place()
        parameters = {
            "workspace_id": self._workspace_id,
            "trashed": wanted.trashed,
            "status": wanted.status,
            "favorite": wanted.favorite,
            "folder_id": wanted.folder_id,
            "created_from": wanted.created_from,
            "created_to": wanted.created_to,
            "min_duration": wanted.min_duration,
            "max_duration": wanted.max_duration,
            "language": wanted.language,
            "speaker": wanted.speaker,
            "tag_ids": list(dict.fromkeys(wanted.tag_ids)),
            "key": sort.key,
            "descending": sort.descending,
            "continued": after is not None,
            "number": place.number,
            "text": place.text,
            "id": place.id,
            "limit": limit + 1,
            "offset": offset,
        }
        usual = wanted == Filter() and sort is Sort.NEWEST
        found = await fetch_all(self._connection, _NEWEST if usual else _PAGE, parameters)
        rows = [row for row in found if row["id"] is not None]
        end = None
        if len(rows) > limit:
            last = rows[limit - 1]
            end = Place(number=last["number"], text=last["text"], id=last["id"])
        return ListedPage(
            ids=[row["id"] for row in rows[:limit]],
            total=found[0]["total"],
            end=end,
        )
