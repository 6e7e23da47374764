"""Speaker profiles and their voices."""

from collections.abc import Sequence
from typing import IO, Any

from securetranscribe import results
from securetranscribe.calls.uploads import file_name
from securetranscribe.methods import content, operation, record, records
from securetranscribe.steps import Parts, present


class SpeakerCalls:
    """Calls about speaker profiles."""

    @operation("GET", "/speakers", records(results.SpeakerData))
    def list_speakers(
        self,
        *,
        page: int = 1,
        per_page: int = 200,
        active_only: bool | None = None,
        verified_only: bool | None = None,
    ) -> Parts:
        """Return one page of the active profiles ordered by name."""
        flags = present(active_only=active_only, verified_only=verified_only)
        words = {name: str(value).lower() for name, value in flags.items()}
        return Parts(query={"page": page, "per_page": per_page, **words})

    @operation("GET", "/speakers/{speaker_id}", record(results.SpeakerData))
    def get_speaker(self, speaker_id: int) -> Parts:
        """Return a profile."""
        return Parts()

    @operation("POST", "/speakers", record(results.SpeakerData))
    def create_speaker(self, /, name: str, **fields: str) -> Parts:
        """Create a profile.

        `fields` may contain `gender`, `age_range`, `language`, `accent` and `description`.
        """
        return Parts(json={"name": name, **fields})

    @operation("PUT", "/speakers/{speaker_id}", record(results.SpeakerData))
    def update_speaker(self, /, speaker_id: int, **fields: Any) -> Parts:
        """Change a profile. Absent fields stay as they are.

        `fields` are those of `create_speaker`, `name`, `is_verified` and `is_active`.
        """
        return Parts(json=fields)

    @operation("GET", "/speakers/{speaker_id}/statistics", record(results.SpeakerStatisticsData))
    def get_speaker_statistics(self, speaker_id: int) -> Parts:
        """Return figures of a profile."""
        return Parts()

    @operation("POST", "/speakers/search", records(results.SpeakerData))
    def search_speakers(self, query: str, *, active_only: bool = True) -> Parts:
        """Find profiles by name or description."""
        return Parts(json={"query": query, "active_only": active_only})

    @operation("POST", "/speakers/{speaker_id}/enroll", record(results.EnrolledData))
    def enroll_speaker(
        self, speaker_id: int, file: IO[bytes], *, filename: str | None = None
    ) -> Parts:
        """Add a voiceprint to a profile from an open clip of this person alone."""
        return Parts(files={"file": (filename or file_name(file), file)})

    @operation("GET", "/speakers/{speaker_id}/clip", content())
    def get_speaker_clip(self, speaker_id: int) -> Parts:
        """Return a few seconds of a profile's voice as a FLAC file."""
        return Parts()

    @operation("GET", "/speakers/{speaker_id}/observations", records(results.ObservationData))
    def list_observations(self, speaker_id: int, *, page: int = 1, per_page: int = 200) -> Parts:
        """Return one page of a profile's observations, newest first."""
        return Parts(query={"page": page, "per_page": per_page})

    @operation(
        "DELETE",
        "/speakers/{speaker_id}/observations/{observation_id}",
        record(results.SpeakerData),
    )
    def delete_observation(self, speaker_id: int, observation_id: int) -> Parts:
        """Remove one observation from a profile. Return the profile."""
        return Parts()

    @operation("POST", "/speakers/{speaker_id}/merge", record(results.SpeakerData))
    def merge_speakers(self, speaker_id: int, source_speaker_id: int) -> Parts:
        """Merge `source_speaker_id` into `speaker_id`. The source profile is deleted."""
        return Parts(json={"source_speaker_id": source_speaker_id})

    @operation("POST", "/speakers/{speaker_id}/split", record(results.SplitData))
    def split_speaker(self, speaker_id: int, observation_ids: Sequence[int], name: str) -> Parts:
        """Move observations to the profile with a name. Return `speaker` and `target`."""
        return Parts(json={"observation_ids": list(observation_ids), "name": name})

    @operation("DELETE", "/speakers/{speaker_id}", record(results.DeletedSpeaker))
    def delete_speaker(self, speaker_id: int, *, permanent: bool = False) -> Parts:
        """Deactivate a profile. With `permanent`, delete it with its voiceprints and clips.

        A permanent deletion can be undone for 30 days, as a merge and a split can.
        """
        return Parts(query={"permanent": "true" if permanent else "false"})

    @operation("GET", "/speakers/trash", records(results.TrashedSpeakerData))
    def list_trashed_speakers(self, *, page: int = 1, per_page: int = 200) -> Parts:
        """Return one page of reversible deletions, merges and splits, newest first."""
        return Parts(query={"page": page, "per_page": per_page})

    @operation("POST", "/speakers/trash/{trash_id}/restore", record(results.SpeakerData))
    def restore_speaker(self, trash_id: int) -> Parts:
        """Undo a permanent deletion, a merge or a split. Return the profile."""
        return Parts()
