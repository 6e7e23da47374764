"""Settings of a workspace, within those of the deployment."""

from collections.abc import Collection
from dataclasses import dataclass

from common import lengths, sizes
from common.errors import ValidationError

LEAST_WEIGHT, MOST_WEIGHT = 0.1, 10.0
#: Recordings without a transcript are kept at least for so many seconds.
LEAST_UNPROCESSED = 3600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkspaceSettings:
    """Settings of a workspace. None means that of the deployment. Times are in seconds.

    `processed` to `trash` are those of `Retention`, and `stored_bytes` and `queued_seconds` those
    of `Quotas`. `voice_memory` holds for uploads that do not say. `queue_weight` is the share of
    the queue compared with other workspaces.
    """

    processed: float | None = None
    unprocessed: float | None = None
    transcripts: float | None = None
    trash: float | None = None
    voice_memory: bool | None = None
    stored_bytes: int | None = None
    queued_seconds: float | None = None
    queue_weight: float | None = None

    def within(self, deployment: "WorkspaceSettings") -> "WorkspaceSettings":
        """Return the settings in force: the stricter ones of a workspace and the deployment."""
        stored = [one for one in (self.stored_bytes, deployment.stored_bytes) if one is not None]
        return WorkspaceSettings(
            processed=lesser(self.processed, deployment.processed),
            unprocessed=lesser(self.unprocessed, deployment.unprocessed),
            transcripts=lesser(self.transcripts, deployment.transcripts),
            trash=lesser(self.trash, deployment.trash),
            voice_memory=self.voice_memory is not False and deployment.voice_memory is not False,
            stored_bytes=min(stored, default=None),
            queued_seconds=lesser(self.queued_seconds, deployment.queued_seconds),
            queue_weight=deployment.queue_weight
            if self.queue_weight is None
            else self.queue_weight,
        )


#: Those of a workspace that has set none.
NO_SETTINGS = WorkspaceSettings()


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """Bounds of the settings of workspaces: those of the deployment, and the warning before."""

    deployment: WorkspaceSettings
    warning: float

    @property
    def least_transcripts(self) -> float:
        """Least time for which transcriptions can be kept, so that owners are warned in time."""
        most = self.deployment.transcripts
        return self.warning if most is None else min(self.warning, most)

    def check(self, settings: WorkspaceSettings, fields: Collection[str]) -> None:
        """Check new values of some fields.

        Raises:
            ValidationError: a value is out of its bounds. The details name the field.
        """
        most = self.deployment
        times = {
            "processed": (settings.processed, 0.0, most.processed),
            "unprocessed": (settings.unprocessed, LEAST_UNPROCESSED, most.unprocessed),
            "transcripts": (settings.transcripts, self.least_transcripts, most.transcripts),
            "trash": (settings.trash, 0.0, most.trash),
            "queued_seconds": (settings.queued_seconds, 0.0, most.queued_seconds),
        }
        for name, (value, low, high) in times.items():
            if name in fields:
                _check_time(name, value, low, high)
        if "stored_bytes" in fields:
            _check_size(settings.stored_bytes, most.stored_bytes)
        if "voice_memory" in fields and settings.voice_memory and most.voice_memory is False:
            raise ValidationError.of(
                "voice_memory", "Voices are not remembered on this system, so not here either."
            )
        weight = settings.queue_weight
        in_bounds = weight is None or LEAST_WEIGHT <= weight <= MOST_WEIGHT
        if "queue_weight" in fields and not in_bounds:
            raise ValidationError.of(
                "queue_weight",
                f"The share of the queue must be from {LEAST_WEIGHT:g} to {MOST_WEIGHT:g}.",
            )


def lesser(one: float | None, other: float | None) -> float | None:
    """Return the lesser of two limits. None is no limit."""
    return min((limit for limit in (one, other) if limit is not None), default=None)


def _check_time(name: str, value: float | None, low: float, high: float | None) -> None:
    if value is None:
        return
    least = low if high is None else min(low, high)
    if value < least or (high is not None and value > high):
        until = "" if high is None else f" and at most {lengths.compact(high)}"
        raise ValidationError.of(
            name, f"The time must be at least {lengths.compact(least)}{until} on this system."
        )


def _check_size(value: int | None, most: int | None) -> None:
    if value is not None and (value < 0 or (most is not None and value > most)):
        until = "" if most is None else f" and at most {sizes.compact(most)}"
        raise ValidationError.of(
            "stored_bytes", f"The storage must be at least 0{until} on this system."
        )
