"""What people decide about the voices of a recording, and what is learnt from it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from common.errors import ValidationError
from common.postgres import Connection, Database
from speakers.domain.names import clean_name, name_key
from speakers.domain.observation import Clip, Decision
from speakers.domain.profile import Description, Profile
from speakers.profile_refresh import Learning
from speakers.store import locks
from speakers.store.decisions import Decided, Decisions
from speakers.store.gone_profiles import GoneProfiles
from speakers.store.observations import Observations, Source
from speakers.store.outbox import Outbox
from speakers.store.profiles import Profiles
from speakers.store.recognitions import Recognitions

LONGEST_LABEL = 255
MOST_VOICES = 200
LARGEST_CLIP = 2 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A voice of a recording and the profile that it belongs to by a person's decision.

    There is no profile when the one that was meant has been deleted for good.
    """

    label: str
    profile: Profile | None
    created: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class _Resolved:
    """`profile_id` is 0 when the profile that was meant has been deleted for good."""

    decision: Decision
    profile_id: int
    created: bool
    unchanged: bool


class DecisionBook:
    """What people decided about the voices of recordings."""

    def __init__(self, database: Database, learning: Learning, *, min_seconds: float) -> None:
        """A voiceprint of less than `min_seconds` of clean speech names but teaches nothing."""
        self._database = database
        self._learning = learning
        self._min_seconds = min_seconds

    async def replace(
        self, transcription_id: int, decisions: Sequence[Decision], *, session_id: str
    ) -> list[Link]:
        """Makes these the decisions about a recording; returns one link each, in their order.

        A name that no active profile has makes one, which vanishes again with the last decision
        for it unless a person has touched it. A decision that is repeated is left as it is, with
        whatever happened since to what was learnt from it. A decision for a profile that was
        renamed or merged since is one for that profile, one for a profile that was deleted for
        good links to nothing and teaches nothing. Without decisions, all that people and the
        machine said about the recording is forgotten.

        Raises:
            ValidationError: a name, a label or a clip is not acceptable.
        """
        cleaned = checked(transcription_id, decisions)
        async with locks.ledger(self._database) as connection:
            before = await Decisions(connection).of_recording(transcription_id)
            resolved = await self._resolve(connection, cleaned, before)
            concerned = await self._take_back(connection, transcription_id, before, resolved)
            concerned |= await self._learn(connection, transcription_id, resolved, session_id)
            if not decisions:
                await Recognitions(connection).replace(transcription_id, [])
            await self._forget_traceless(connection, concerned)
            await self._learning.renew(connection, concerned)
            profiles = await Profiles(connection).all_with([item.profile_id for item in resolved])
        return [
            Link(
                label=item.decision.voice.label,
                profile=profiles.get(item.profile_id),
                created=item.created,
            )
            for item in resolved
        ]

    async def _resolve(
        self, connection: Connection, decisions: Sequence[Decision], before: dict[str, Decided]
    ) -> list[_Resolved]:
        """Finds or makes the profile of each decision."""
        profiles = Profiles(connection)
        meant = await self._meant(connection, decisions)
        made: set[int] = set()
        resolved = []
        for decision in decisions:
            old = before.get(decision.voice.label)
            if decision.profile_id in meant:
                profile_id = meant[decision.profile_id]
            # Whoever repeats a name means the same profile, even if it is inactive by now.
            elif old is not None and old.name_key == name_key(decision.name):
                profile_id = old.profile_id
            elif profile := await profiles.by_name(decision.name):
                profile_id = profile.profile_id
            else:
                profile = await profiles.add(Description(name=decision.name), kept=False)
                profile_id = profile.profile_id
                made.add(profile_id)
            resolved.append(
                _Resolved(
                    decision=decision,
                    profile_id=profile_id,
                    created=profile_id in made,
                    unchanged=old is not None
                    and old.profile_id == profile_id
                    and old.voice_digest == _digest(decision),
                )
            )
        return resolved

    async def _meant(self, connection: Connection, decisions: Sequence[Decision]) -> dict[int, int]:
        """What has become of the profiles that are named by id: 0 when deleted for good.

        One that vanished by itself is left out: the decision that made it was taken back, and
        may well be made again.
        """
        ids = [decision.profile_id for decision in decisions if decision.profile_id]
        fates = await GoneProfiles(connection).fates(ids)
        there = await Profiles(connection).all_with(ids)
        return {old: into or 0 for old, into in fates.items()} | {one: one for one in there}

    async def _take_back(
        self,
        connection: Connection,
        transcription_id: int,
        before: dict[str, Decided],
        resolved: Sequence[_Resolved],
    ) -> set[int]:
        """Undoes what no longer holds; returns whose profiles are concerned."""
        standing = {item.decision.voice.label for item in resolved if item.unchanged}
        gone = {label: old for label, old in before.items() if label not in standing}
        await Decisions(connection).remove(transcription_id, gone)
        taught = await Observations(connection).remove_voices(transcription_id, gone)
        return taught | {old.profile_id for old in gone.values()}

    async def _learn(
        self,
        connection: Connection,
        transcription_id: int,
        resolved: Sequence[_Resolved],
        session_id: str,
    ) -> set[int]:
        """Stores what holds from now on; returns whose profiles are concerned."""
        observations = Observations(connection)
        concerned = set()
        for item in resolved:
            voice, clip = item.decision.voice, item.decision.clip
            if not item.profile_id:
                continue
            if item.unchanged:
                if clip is not None:
                    await observations.set_clip(transcription_id, voice.label, clip)
                continue
            concerned.add(item.profile_id)
            await Decisions(connection).put(
                transcription_id,
                voice.label,
                profile_id=item.profile_id,
                speech_seconds=voice.speech_seconds,
                voice_digest=_digest(item.decision),
            )
            if voice.voiceprint is not None and voice.voiceprint.seconds >= self._min_seconds:
                source = Source(
                    session_id=session_id, transcription_id=transcription_id, label=voice.label
                )
                await observations.add(item.profile_id, voice.voiceprint, source, clip)
        return concerned

    async def _forget_traceless(self, connection: Connection, concerned: set[int]) -> None:
        for profile_id in await Profiles(connection).delete_traceless(sorted(concerned)):
            await Outbox(connection).deleted(profile_id)


def checked(transcription_id: int, decisions: Sequence[Decision]) -> list[Decision]:
    """The decisions with clean names.

    Raises:
        ValidationError: a name, a label or a clip is not acceptable.
    """
    check_voices(transcription_id, [decision.voice.label for decision in decisions])
    cleaned = []
    for decision in decisions:
        _check_clip(decision.clip)
        cleaned.append(replace(decision, name=clean_name(decision.name)))
    return cleaned


def check_voices(transcription_id: int, labels: Sequence[str]) -> None:
    """Checks how a recording and its voices are named.

    Raises:
        ValidationError: the number is none of a recording, or labels are missing or repeated.
    """
    if transcription_id < 1:
        raise ValidationError.of("transcription_id", "The recording is needed.")
    if len(labels) > MOST_VOICES:
        raise ValidationError.of("voices", f"A recording has at most {MOST_VOICES} voices.")
    if len(set(labels)) < len(labels):
        raise ValidationError.of("speaker_label", "Every voice has a label of its own.")
    for label in labels:
        if not 1 <= len(label) <= LONGEST_LABEL or "\0" in label:
            raise ValidationError.of("speaker_label", "Every voice has a label.")


def _check_clip(clip: Clip | None) -> None:
    if clip is None:
        return
    if len(clip.content) > LARGEST_CLIP:
        raise ValidationError.of("clip", "A clip is a few seconds, at most 2 MiB.")
    # Browsers get the clip as what it claims to be.
    kind, _, subtype = clip.content_type.partition("/")
    if kind != "audio" or not subtype.replace("-", "").replace(".", "").replace("+", "").isalnum():
        raise ValidationError.of("clip_content_type", "A clip is an audio file.")


def _digest(decision: Decision) -> bytes:
    """What a decision is about, apart from whose voice it is."""
    voiceprint = decision.voice.voiceprint
    return b"" if voiceprint is None else voiceprint.digest
