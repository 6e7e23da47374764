"""People's decisions about the voices of a recording, and the observations they create."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from common import sizes
from common.errors import ValidationError
from common.identity import Owner
from common.postgres import Connection, Database
from speakers.domain.names import clean_name, name_key
from speakers.domain.observation import Clip, VoiceDecision
from speakers.domain.profile import Description, Profile
from speakers.profile_refresh import ProfileRefresher
from speakers.store import locks
from speakers.store.decisions import Decisions, StoredDecision
from speakers.store.gone_profiles import GoneProfiles
from speakers.store.observations import ObservationOrigin, Observations
from speakers.store.outbox import ProfileOutbox
from speakers.store.profiles import Profiles
from speakers.store.recognitions import Recognitions
from speakers.store.trash import Trash

LONGEST_LABEL = 255
MOST_VOICES = 200
LARGEST_CLIP = 2 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class VoiceLink:
    """A voice of a recording and the profile assigned to it by a person.

    `profile` is None when the assigned profile has been permanently deleted. `created` is true when
    the decision created the profile.
    """

    label: str
    profile: Profile | None
    created: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class _Resolved:
    """A decision with its profile, 0 when that profile has been permanently deleted."""

    decision: VoiceDecision
    profile_id: int
    created: bool
    unchanged: bool


class VoiceDecisions:
    """Applies people's decisions about the voices of recordings."""

    def __init__(
        self,
        database: Database,
        refresher: ProfileRefresher,
        *,
        min_seconds: float,
        voice_memory: bool = True,
    ) -> None:
        """Voiceprints with less than `min_seconds` of clean speech create no observation.

        Without `voice_memory`, none does.
        """
        self._database = database
        self._refresher = refresher
        self._min_seconds = min_seconds
        self._voice_memory = voice_memory

    async def replace(
        self, transcription_id: int, decisions: Sequence[VoiceDecision], *, owner: Owner, pool: str
    ) -> list[VoiceLink]:
        """Replace all decisions about a recording. Return one link per decision, in order.

        - A name without an active profile creates one. It is deleted with the last decision for it
          unless a person has changed it.
        - A repeated decision stays untouched, including later changes to its observation.
        - A decision for a profile renamed or merged in the meantime follows it.
        - A decision for a permanently deleted profile links to no profile and adds no observation.
        - Without decisions, all decisions, observations and recognitions of the recording are
          deleted.

        Raises:
            ValidationError: A name, a label or a clip is invalid.
        """
        cleaned = validated(transcription_id, decisions)
        async with locks.ledger(self._database) as connection:
            before = await Decisions(connection).of_recording(transcription_id)
            resolved = await self._resolve(connection, cleaned, before, owner, pool)
            affected = await self._revoke(connection, transcription_id, before, resolved)
            affected |= await self._apply(connection, transcription_id, resolved, owner)
            if not decisions:
                await Recognitions(connection).replace(
                    transcription_id, owner.workspace_id, [], pool=pool
                )
                await Trash(connection).forget_recording(transcription_id)
            await self._delete_unreferenced(connection, affected)
            await self._refresher.refresh(connection, affected)
            profiles = await Profiles(connection, pool).all_with(
                [item.profile_id for item in resolved]
            )
        return [
            VoiceLink(
                label=item.decision.voice.label,
                profile=profiles.get(item.profile_id),
                created=item.created,
            )
            for item in resolved
        ]

    async def _resolve(
        self,
        connection: Connection,
        decisions: Sequence[VoiceDecision],
        before: dict[str, StoredDecision],
        owner: Owner,
        pool: str,
    ) -> list[_Resolved]:
        """Find or create the profile of each decision, in the pool."""
        profiles = Profiles(connection, pool)
        current = await self._current_profiles(connection, decisions, pool)
        created: set[int] = set()
        resolved = []
        for decision in decisions:
            old = before.get(decision.voice.label)
            if decision.profile_id in current:
                profile_id = current[decision.profile_id]
            # A repeated name refers to the same profile, even if it has become inactive.
            elif _names_same(old, decision, pool):
                assert old is not None
                profile_id = old.profile_id
            elif profile := await profiles.by_name(decision.name):
                profile_id = profile.profile_id
            else:
                profile = await profiles.add(
                    Description(name=decision.name), kept=False, workspace_id=owner.workspace_id
                )
                profile_id = profile.profile_id
                created.add(profile_id)
            resolved.append(
                _Resolved(
                    decision=decision,
                    profile_id=profile_id,
                    created=profile_id in created,
                    unchanged=old is not None
                    and old.profile_id == profile_id
                    and old.voice_digest == _digest(decision),
                )
            )
        return resolved

    async def _current_profiles(
        self, connection: Connection, decisions: Sequence[VoiceDecision], pool: str
    ) -> dict[int, int]:
        """Map the profile ids in decisions to current ones, 0 for permanently deleted profiles.

        Automatically deleted profiles are left out. Their decision was revoked, and people may make
        it again. Profiles of other pools are left out too.
        """
        ids = [decision.profile_id for decision in decisions if decision.profile_id]
        replacements = await GoneProfiles(connection).replacements(ids)
        merged_into = [into for into in replacements.values() if into is not None]
        existing = await Profiles(connection, pool).all_with([*ids, *merged_into])
        gone = {
            old: into or 0 for old, into in replacements.items() if into is None or into in existing
        }
        return gone | {profile_id: profile_id for profile_id in existing}

    async def _revoke(
        self,
        connection: Connection,
        transcription_id: int,
        before: dict[str, StoredDecision],
        resolved: Sequence[_Resolved],
    ) -> set[int]:
        """Delete decisions no longer made and their observations. Return affected profile ids."""
        unchanged = {item.decision.voice.label for item in resolved if item.unchanged}
        revoked = {label: old for label, old in before.items() if label not in unchanged}
        await Decisions(connection).remove(transcription_id, revoked)
        affected = await Observations(connection).remove_voices(transcription_id, revoked)
        return affected | {old.profile_id for old in revoked.values()}

    async def _apply(
        self,
        connection: Connection,
        transcription_id: int,
        resolved: Sequence[_Resolved],
        owner: Owner,
    ) -> set[int]:
        """Store new decisions and their observations. Return affected profile ids."""
        observations = Observations(connection)
        affected = set()
        for item in resolved:
            voice, clip = item.decision.voice, item.decision.clip
            if not item.profile_id:
                continue
            if item.unchanged:
                if clip is not None or item.decision.clip_gone:
                    await observations.set_clip(transcription_id, voice.label, clip)
                continue
            affected.add(item.profile_id)
            await Decisions(connection).put(
                transcription_id,
                voice.label,
                workspace_id=owner.workspace_id,
                profile_id=item.profile_id,
                speech_seconds=voice.speech_seconds,
                voice_digest=_digest(item.decision),
            )
            learned = voice.voiceprint if self._voice_memory else None
            if learned is not None and learned.seconds >= self._min_seconds:
                origin = ObservationOrigin(
                    owner=owner, transcription_id=transcription_id, label=voice.label
                )
                await observations.add(item.profile_id, learned, origin, clip)
        return affected

    async def _delete_unreferenced(self, connection: Connection, affected: set[int]) -> None:
        # Profiles of decisions taken back may be in another pool.
        unused = await Profiles(connection, None).delete_unreferenced(sorted(affected))
        for profile_id, pool in unused.items():
            await ProfileOutbox(connection).deleted(profile_id, pool=pool)


def _names_same(old: StoredDecision | None, decision: VoiceDecision, pool: str) -> bool:
    return old is not None and (old.pool, old.name_key) == (pool, name_key(decision.name))


def validated(transcription_id: int, decisions: Sequence[VoiceDecision]) -> list[VoiceDecision]:
    """Validate decisions and return them with names in stored form.

    Raises:
        ValidationError: A name, a label or a clip is invalid.
    """
    check_voices(transcription_id, [decision.voice.label for decision in decisions])
    cleaned = []
    for decision in decisions:
        _check_clip(decision.clip)
        cleaned.append(replace(decision, name=clean_name(decision.name)))
    return cleaned


def check_voices(transcription_id: int, labels: Sequence[str]) -> None:
    """Check the id of a recording and the labels of its voices.

    Raises:
        ValidationError: The id is not positive, or labels are too many, missing or repeated.
    """
    if transcription_id < 1:
        raise ValidationError.of("transcription_id", "The transcription id must be positive.")
    if len(labels) > MOST_VOICES:
        raise ValidationError.of("voices", f"A recording has at most {MOST_VOICES} voices.")
    if len(set(labels)) < len(labels):
        raise ValidationError.of("speaker_label", "Every voice needs a label of its own.")
    for label in labels:
        if not 1 <= len(label) <= LONGEST_LABEL or "\0" in label:
            raise ValidationError.of(
                "speaker_label", f"Labels must have 1 to {LONGEST_LABEL} characters."
            )


def _check_clip(clip: Clip | None) -> None:
    if clip is None:
        return
    if len(clip.content) > LARGEST_CLIP:
        raise ValidationError.of("clip", f"A clip must not exceed {sizes.compact(LARGEST_CLIP)}.")
    # Browsers receive the clip with this content type.
    kind, _, subtype = clip.content_type.partition("/")
    if kind != "audio" or not subtype.replace("-", "").replace(".", "").replace("+", "").isalnum():
        raise ValidationError.of("clip_content_type", "The type must be audio, such as audio/flac.")


def _digest(decision: VoiceDecision) -> bytes:
    voiceprint = decision.voice.voiceprint
    return b"" if voiceprint is None else voiceprint.digest
